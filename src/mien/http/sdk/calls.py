"""What the endpoints of our own SDKs share: for whom a page calls, and its answer."""

from typing import Annotated, Any

from litestar import Request, Response
from litestar.params import QueryParameter

from mien.http.auth import ACCOUNT_HEADER
from mien.http.native.calls import answer as answer_json
from mien.http.sdk.gate import PAGE_HEADERS, Visitor, admit, pace
from mien.services.wires import SDK

Account = Annotated[
    str | None,
    QueryParameter(
        description="The account id of the environment; or send it as `X-CleverTap-Account-Id`."
    ),
]


def visitor_of(request: Request[Any, Any, Any], account: str | None) -> Visitor:
    """Give for whom a page calls, or raise `TooManyRequestsError` or `NotAllowedError`."""
    address = pace(request)
    public_id = account or request.headers.get(ACCOUNT_HEADER) or ""
    return admit(request, public_id, address=address, wire=SDK)


def answer_page(body: object) -> Response[bytes]:
    """Answer a page with JSON: a shape, or bytes that are JSON already."""
    return answer_json(body, headers=dict(PAGE_HEADERS))
