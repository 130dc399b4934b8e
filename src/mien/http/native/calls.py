"""What the endpoints of `/v1` share: whom a call is about, its body, its cursor, its answer."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.params import HeaderParameter, QueryParameter

from mien.domain.errors import InvalidInputError, NotFoundError
from mien.domain.identities import Identity, IdentityKind, object_identity, person_identity
from mien.domain.ids import EnvironmentId
from mien.domain.rejects import Rejected
from mien.http.auth import caller_of, services_of
from mien.http.body import MalformedBodyError
from mien.http.native.documents import JSON
from mien.http.native.shapes import known_at
from mien.http.state import Services
from mien.services.accounts import Caller
from mien.services.cursors import open_cursor, seal
from mien.store.engine import Store

T = TypeVar("T")

DistinctId = Annotated[
    str | None, QueryParameter(description="The distinct id of the person; or give `object_id`.")
]
ObjectId = Annotated[
    str | None,
    QueryParameter(description="The objectId of a device, or that of the profile itself."),
]
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="How many a page has at most.")]
Cursor = Annotated[
    str | None, QueryParameter(description="The `next_cursor` of the page before; opaque.")
]
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Makes a call safe to repeat: the same key and body give the first answer "
        "for 24 hours, and apply nothing again.",
    ),
]

_PLACE = re.compile(r"^(.*) - at `\$\.?(.*)`$", re.DOTALL)


encode = msgspec.json.Encoder().encode


def only_callers(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse who does not prove an environment, before anything else is looked at."""
    assert isinstance(connection, Request)  # noqa: S101 - these routes are HTTP
    caller_of(connection)


def only_known_parameters(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Refuse a parameter that nothing reads: a call that has no `dry_run` would be done for real."""
    for name in connection.query_params:
        if name not in (known := _parameters(handler)):
            listed = f"known are {', '.join(known)}" if known else "this call takes none"
            problem = f"no parameter of this call, so nothing was done; {listed}"
            raise InvalidInputError(path=name[:40], problem=problem)


@cache
def _parameters(handler: BaseRouteHandler) -> tuple[str, ...]:
    signature = handler.parsed_fn_signature.parameters.values()
    return tuple(
        each.name for each in signature if isinstance(each.kwarg_definition, QueryParameter)
    )


def answer(
    body: object, *, headers: dict[str, str] | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Response[bytes]:
    """Answer with JSON: a shape, or bytes that are JSON already."""
    content = body if isinstance(body, bytes) else encode(body)
    return Response(content, media_type=JSON, headers=headers, status_code=int(status))


def identity_of(distinct_id: str | None, object_id: str | None) -> Identity:
    """Give the one id that a call names.

    Raises `InvalidInputError` unless there is exactly one, `NotFoundError` for one that
    no profile can have.
    """
    if (distinct_id is None) is (object_id is None):
        raise InvalidInputError(path="", problem="Give exactly one of distinct_id and object_id")
    try:
        if distinct_id is not None:
            return person_identity(IdentityKind.IDENTITY, distinct_id)
        return object_identity(object_id)
    except Rejected as rejected:
        raise nobody(distinct_id, object_id) from rejected


def nobody(distinct_id: str | None, object_id: str | None) -> NotFoundError:
    """Say that no profile has this id."""
    name = "distinct_id" if distinct_id is not None else "object_id"
    msg = f"No profile has the {name} '{distinct_id if distinct_id is not None else object_id}'."
    return NotFoundError(msg)


async def on_store(
    request: Request[Any, Any, Any],
    endpoint: str,
    work: Callable[[Store, EnvironmentId], T],
) -> T:
    """Do work on the store for the caller, off the event loop, in one of the endpoint's places."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, endpoint):
        return await services.run_long(lambda: work(services.store, caller.environment))


def decode_body(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Decode a body into its shape; the problem of one that has another names its place."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        found = _PLACE.match(str(error))
        problem, path = (found[1], found[2]) if found else (str(error), "")
        known = known_at(decoder.type, path, problem)
        raise InvalidInputError(path, f"{problem}{known}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBodyError from error


def next_cursor(
    services: Services, caller: Caller, purpose: str, payload: object | None
) -> str | None:
    """Seal where the next page begins; None on the last."""
    if payload is None:
        return None
    return seal(services.signing_key, caller.environment, purpose, payload)


def start_of(
    services: Services, caller: Caller, purpose: str, cursor: str | None, kind: type[T]
) -> T | None:
    """Read where a page begins; None for the first. Raises `InvalidCursorError`."""
    if cursor is None:
        return None
    return open_cursor(services.signing_key, caller.environment, purpose, cursor, kind)


def instant(epoch_ms: int) -> datetime:
    """Give a time of the server as it is written: to the second."""
    return datetime.fromtimestamp(epoch_ms // 1_000, UTC)
