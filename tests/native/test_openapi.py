"""The OpenAPI document says what `/v1` does: its examples have the shapes that it names."""

from typing import Any

import httpx
import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from mien.http.native.documents import JSON_LINES
from mien.http.native.routes import NATIVE_HANDLERS
from tests.support.servers import Server

HANDLERS = sorted(
    (
        handler
        for router in NATIVE_HANDLERS
        for route in router.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.handler_name != "options_handler"
    ),
    key=str,  # the framework keeps those of one path in a set
)


@pytest.mark.parametrize("handler", HANDLERS, ids=str)
def test_the_example_of_an_answer_has_the_shape_of_the_answer(handler: HTTPRouteHandler) -> None:
    assert handler.responses is not None
    spec = handler.responses[handler.status_code or 200]
    assert spec.examples is not None
    example = spec.examples[0].value
    if spec.media_type not in (JSON_LINES, "application/octet-stream"):
        msgspec.convert(example, spec.data_container)


def test_every_endpoint_is_described(server: Server) -> None:
    document = httpx.get(f"{server.url}/docs/openapi.json").json()
    ids: set[str] = set()
    for path, methods in document["paths"].items():
        for operation in methods.values() if path.startswith("/v1/") else ():
            ids.add(operation["operationId"])
            _check(operation)
    assert len(ids) == len(HANDLERS)


def _check(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["tags"]
    assert {"400", "401", "429", "503"} <= operation["responses"].keys()
    assert len({"200", "202"} & operation["responses"].keys()) == 1
    for status, response in operation["responses"].items():
        if status not in ("200", "202"):
            assert list(response["content"]) == ["application/problem+json"]
    for parameter in operation.get("parameters", []):
        assert parameter["description"]
    if (body := operation.get("requestBody")) is not None:
        assert body["required"] is True
        assert body["content"]["application/json"]["example"]
