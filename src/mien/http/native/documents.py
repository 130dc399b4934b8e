"""How an endpoint of `/v1` is described in the OpenAPI document."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from inspect import cleandoc
from typing import Any

import msgspec
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example, OpenAPIMediaType, Operation, RequestBody

from mien.http.errors import PROBLEM, Problem

JSON = "application/json"
JSON_LINES = "application/jsonl"

_READ = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED)
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_WRITE = (
    *_READ,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)
_MEANINGS: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "The request does not have the form that is asked for.",
    HTTPStatus.UNAUTHORIZED: "The account id or the passcode is not known.",
    HTTPStatus.NOT_FOUND: "Nothing is known under this name.",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not arrive in time.",
    HTTPStatus.CONFLICT: "The present state forbids it, or the Idempotency-Key is taken: by another body, "
    "or by a call in flight.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than the server takes.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body has a Content-Encoding that is not read.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests are in flight; `Retry-After` says how long "
    "to wait.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The store cannot be used now; nothing was applied.",
}


def described(
    operation_id: str,
    summary: str,
    *,
    tag: str,
    gives: type,
    example: object,
    errors: tuple[HTTPStatus, ...] = (),
    media_type: str = JSON,
    asks: type[Operation] | None = None,
    about: str = "",
    success: HTTPStatus = HTTPStatus.OK,
) -> dict[str, Any]:
    """Give the arguments of a handler that describe it.

    `asks` describes its body, `about` its answer if the docstring of `gives` does not.
    """
    about = about or cleandoc(gives.__doc__ or "")
    answers = {success: _answer(gives, example, media_type, about)}
    usual = _READ if asks is None else _WRITE
    problems = {status: _problem(status) for status in (*usual, *errors, *_BUSY)}
    described = {
        "operation_id": operation_id,
        "summary": summary,
        "tags": [tag],
        "status_code": success,
        "media_type": media_type,
        "responses": {int(status): spec for status, spec in (answers | problems).items()},
    }
    return described if asks is None else {**described, "operation_class": asks}


def asking(shape: type, example: object, **parts: object) -> type[Operation]:
    """Describe a request body by its shape; `parts` replace the schema of single properties."""
    schema = _schema(shape)
    schema["properties"] |= parts
    body = RequestBody(
        content={JSON: OpenAPIMediaType(schema=schema, example=example)},  # type: ignore[arg-type]  # written as it is
        required=True,
    )

    @dataclass
    class Asking(Operation):
        """An operation with this request body."""

        def __post_init__(self) -> None:
            self.request_body = body

    return Asking


def one_of(*shapes: type, otherwise: str) -> dict[str, object]:
    """Describe a value that should have one of these shapes, and what becomes of any other."""
    return {"anyOf": [*map(_schema, shapes), {"description": otherwise}]}


def _schema(shape: type) -> dict[str, Any]:
    """Give the JSON schema of a shape, with what it refers to written in place."""
    (reference,), parts = msgspec.json.schema_components([shape], ref_template="{name}")
    resolved = _resolved(reference, parts)
    assert isinstance(resolved, dict)  # noqa: S101 - a shape is an object
    return resolved


def _resolved(value: object, parts: Mapping[str, object]) -> object:
    if isinstance(value, dict):
        if "$ref" in value:
            return _resolved(parts[value["$ref"]], parts)
        return {key: _resolved(inner, parts) for key, inner in value.items()}
    return [_resolved(inner, parts) for inner in value] if isinstance(value, list) else value


def _answer(gives: type, example: object, media_type: str, about: str) -> ResponseSpec:
    return ResponseSpec(
        gives,
        generate_examples=False,
        description=about,
        media_type=media_type,
        examples=[Example(value=example)],
    )


def _problem(status: HTTPStatus) -> ResponseSpec:
    return ResponseSpec(
        Problem, generate_examples=False, description=_MEANINGS[status], media_type=PROBLEM
    )
