"""How the endpoints of the compatible API are described in the OpenAPI document."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import (
    Example,
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)

from mien.http.errors import Failure

_JSON = "application/json"
_TAG = "CleverTap"
_SECURITY: list[dict[str, list[str]]] = [{"account": [], "passcode": []}]

_MEANINGS = {
    HTTPStatus.BAD_REQUEST: "The request does not have the form that is asked for.",
    HTTPStatus.UNAUTHORIZED: "`Account ID is not valid`, or `Invalid Credentials`.",
    HTTPStatus.NOT_FOUND: "No profile has this id.",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not arrive in time.",
    HTTPStatus.CONFLICT: "The `Idempotency-Key` is taken: by another body, or it is in flight.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is larger than the server takes.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body has a `Content-Encoding` that is not read.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests in flight; `Retry-After` says how long to wait.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The store cannot be used now; send the same again.",
}
_ALWAYS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_WITH_BODY = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)


class Unprocessed(msgspec.Struct, frozen=True):
    """A record that was not applied; `code` is one of `/docs/errors`."""

    status: str
    code: int
    error: str
    record: Any


class UploadAnswer(msgspec.Struct, frozen=True):
    """What became of a batch: `success`, `partial` or `fail`."""

    status: str
    processed: int
    unprocessed: list[Unprocessed]


class ExportAnswer(msgspec.Struct, frozen=True):
    """A cursor for the first page, or a page; `error` and `code` for an event never seen."""

    status: str
    cursor: str | msgspec.UnsetType = msgspec.UNSET
    next_cursor: str | msgspec.UnsetType = msgspec.UNSET
    records: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET
    code: int | msgspec.UnsetType = msgspec.UNSET


class FoundProfile(msgspec.Struct, frozen=True):
    """One profile; `matches` says how many have the e-mail address when several do."""

    status: str
    record: dict[str, Any]
    matches: int | msgspec.UnsetType = msgspec.UNSET


class DeleteAnswer(msgspec.Struct, frozen=True):
    """Done; ids that nobody has are no error."""

    status: str


def described(
    operation_id: str,
    summary: str,
    *,
    gives: type,
    example: object,
    about: str | None = None,
    parameters: Sequence[Parameter] = (),
    body: RequestBody | None = None,
    errors: Sequence[HTTPStatus] = (),
) -> dict[str, Any]:
    """Give the arguments of a handler that describe it.

    `body` is what it reads when posted, `about` says what it gives if that has no docstring.
    """
    refusals = [*_ALWAYS, *errors, *(_WITH_BODY if body is not None else ())]
    responses = {status: _refusal(status) for status in refusals}
    responses[HTTPStatus.OK] = ResponseSpec(
        gives,
        generate_examples=False,
        description=about or (gives.__doc__ or "").splitlines()[0],
        examples=[Example(value=example)],
    )
    return {
        "operation_id": lambda _handler, method, _path: f"{operation_id}{_suffix(method, body)}",
        "summary": summary,
        "tags": [_TAG],
        "security": _SECURITY,
        "status_code": HTTPStatus.OK,
        "responses": {int(status): responses[status] for status in sorted(responses)},
        "operation_class": _operation(parameters, body),
    }


def _suffix(method: str, body: RequestBody | None) -> str:
    return "" if body is None or method == "POST" else "ByQuery"


def _refusal(status: HTTPStatus) -> ResponseSpec:
    return ResponseSpec(Failure, generate_examples=False, description=_MEANINGS[status])


def _operation(parameters: Sequence[Parameter], body: RequestBody | None) -> type[Operation]:
    """Describe what a handler reads by itself, of which its signature says nothing."""

    @dataclass
    class Described(Operation):
        """An operation with these parameters, and this body when it is posted."""

        def __post_init__(self) -> None:
            is_by_query = (self.operation_id or "").endswith("ByQuery")
            self.parameters = [
                each for each in parameters if is_by_query or each.name not in _BY_QUERY
            ]
            if not is_by_query:
                self.request_body = body

    return Described


def body_of(
    example: dict[str, Any], *, is_required: bool = True, **properties: Reference | Schema
) -> RequestBody:
    """Describe a JSON body by an example and its properties."""
    schema = Schema(
        type=OpenAPIType.OBJECT,
        properties=properties,
        required=list(properties) if is_required else None,
    )
    return RequestBody(
        content={_JSON: OpenAPIMediaType(schema=schema, example=example)}, required=is_required
    )


def query_parameter(name: str, about: str, schema: Schema, **more: Any) -> Parameter:
    """Describe a parameter of the query string."""
    return Parameter(name=name, param_in="query", description=about, schema=schema, **more)


TEXT = Schema(type=OpenAPIType.STRING)
BOOLEAN = Schema(type=OpenAPIType.BOOLEAN)
_BY_QUERY = {"query"}
DAY = Schema(
    one_of=[Schema(type=OpenAPIType.INTEGER), TEXT],
    description="A day `YYYYMMDD`, both ends inclusive, or epoch seconds.",
)
_ASKED = body_of(
    {"event_name": "Charged", "from": 20261101, "to": 20261130},
    is_required=False,
    **{"event_name": TEXT, "from": DAY, "to": DAY},
)
_RECORD = {
    "identity": "ana",
    "email": "ana@example.com",
    "name": "Ana",
    "profileData": {"plan": "gold"},
    "events": {"Charged": {"count": 2, "first_seen": 1795500000, "last_seen": 1795560000}},
    "platformInfo": [{"platform": "Web", "objectId": "_w_1f"}],
}
_EXPORT = (
    query_parameter("cursor", "A cursor: gives the page that it stands for.", TEXT),
    query_parameter("query", "The query as JSON, for clients that begin with GET.", TEXT),
    query_parameter(
        "batch_size",
        "Records of a page.",
        Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=5_000, default=500),
    ),
    query_parameter("app", "Add what is known of the last used device.", BOOLEAN),
    query_parameter("events", "Leave the event counts in.", BOOLEAN),
    query_parameter("profile", "Leave the properties in.", BOOLEAN),
)

UPLOAD = described(
    "clevertapUpload",
    "Upload profiles, events and device tokens",
    gives=UploadAnswer,
    example={
        "status": "partial",
        "processed": 1,
        "unprocessed": [
            {
                "status": "fail",
                "code": 509,
                "error": "Event Name is incorrect. ErrorCode: 509 - Event name is mandatory. "
                "Skipped record number : 2",
                "record": {"type": "event", "identity": "ana", "evtData": {}},
            }
        ],
    },
    parameters=(
        query_parameter("dryRun", "`1` gives the very same answer, and applies nothing.", TEXT),
        Parameter(
            name="Idempotency-Key",
            param_in="header",
            description="The same key and body within a day give the first answer again.",
            schema=TEXT,
        ),
    ),
    body=body_of(
        {
            "d": [
                {
                    "type": "profile",
                    "identity": "ana",
                    "profileData": {"Name": "Ana", "plan": "gold"},
                },
                {
                    "type": "event",
                    "identity": "ana",
                    "evtName": "Charged",
                    "evtData": {"Amount": 9.5},
                },
            ]
        },
        d=Schema(type=OpenAPIType.ARRAY, max_items=1_000, items=Schema(type=OpenAPIType.OBJECT)),
    ),
    errors=(HTTPStatus.CONFLICT,),
)
PROFILES = described(
    "clevertapExportProfiles",
    "Export the profiles that did an event, page by page",
    gives=ExportAnswer,
    example={"status": "success", "next_cursor": "AQz3…", "records": [_RECORD]},
    parameters=_EXPORT,
    body=_ASKED,
)
EVENTS = described(
    "clevertapExportEvents",
    "Export every time that an event was done, page by page",
    gives=ExportAnswer,
    example={
        "status": "success",
        "records": [
            {
                "profile": {"objectId": "_w_1f", "identity": "ana"},
                "ts": 20261124180000,
                "event_props": {"Amount": 9.5},
                "session_props": {},
            }
        ],
    },
    parameters=_EXPORT,
    body=_ASKED,
)
PROFILE = described(
    "clevertapGetProfile",
    "Get one profile by exactly one of email, identity and objectId",
    gives=FoundProfile,
    example={"status": "success", "record": _RECORD},
    parameters=(
        query_parameter("email", "An e-mail address.", TEXT),
        query_parameter("identity", "An id that the app gave.", TEXT),
        query_parameter("objectId", "The id of a device.", TEXT),
    ),
    errors=(HTTPStatus.NOT_FOUND,),
)
_ITEM = Schema(type=OpenAPIType.OBJECT)
_ITEMS = Schema(type=OpenAPIType.ARRAY, max_items=1_000, items=_ITEM)
_DRY_RUN = query_parameter("dryRun", "`1` checks the items, and applies nothing.", TEXT)
_ALL_DONE = {"status": "success", "processed": 1, "unprocessed": []}
SUBSCRIBE = described(
    "clevertapSubscribe",
    "Block addresses for every profile that shares them, or open them again",
    gives=UploadAnswer,
    example=_ALL_DONE,
    parameters=(_DRY_RUN,),
    body=body_of(
        {"d": [{"type": "email", "value": "ana@example.com", "status": "Unsubscribe"}]},
        d=_ITEMS,
    ),
)
DISASSOCIATE = described(
    "clevertapDisassociate",
    "Take phones from every profile that has them",
    gives=UploadAnswer,
    example=_ALL_DONE,
    parameters=(_DRY_RUN,),
    body=body_of({"d": [{"type": "phone", "value": "+14155551234"}]}, d=_ITEMS),
)
DEMERGE = described(
    "clevertapDemergeProfiles",
    "Undo every merge of people",
    gives=DeleteAnswer,
    example={"status": "success"},
    body=body_of(
        {"identities": ["ana"]},
        identities=Schema(
            type=OpenAPIType.ARRAY,
            max_items=100,
            items=TEXT,
            description="Each gets back the profile that it would have had it never been merged.",
        ),
    ),
)

DELETE = described(
    "clevertapDeleteProfiles",
    "Erase the people that `identity` or `guid` names",
    gives=DeleteAnswer,
    example={"status": "success"},
    body=body_of(
        {"identity": ["ana"]},
        identity=Schema(
            one_of=[TEXT, Schema(type=OpenAPIType.ARRAY, max_items=100, items=TEXT)],
            description="One id or a list; `guid` in its place takes ids of devices.",
        ),
    ),
)
