"""Requests made at random from the OpenAPI document: refused or served, never a fault."""

from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mien.http.app import openapi_document
from tests.support.servers import Key, Server

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


# Headers that say where a message ends: the HTTP library refuses a wrong one before any route is asked.
FRAMING = {"connection", "content-length", "expect", "host", "te", "transfer-encoding", "upgrade"}

schema = schemathesis.openapi.from_dict(openapi_document())


@pytest.fixture(scope="module")
def caller(server: Server) -> Key:
    return server.account()[0]


@schema.parametrize()
@settings(max_examples=15)
def test_no_request_is_answered_otherwise_than_described(
    case: schemathesis.Case[Any], server: Server, caller: Key
) -> None:
    for name in FRAMING:
        case.headers.pop(name, None)
    case.call_and_validate(server.url, headers=caller.headers, checks=CHECKS)
