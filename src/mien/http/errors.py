"""Which status an error becomes, and how it is written: the only place that knows.

`/1/*` answers `{"status":"fail","error":…,"code":<status>}` as the original does;
everything else answers problem details (RFC 9457).
"""

from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from mien.domain.errors import (
    AnalyticsUnavailableError,
    ConflictError,
    InvalidInputError,
    LimitExceededError,
    MienError,
    NotAllowedError,
    NotFoundError,
    QueryTimeoutError,
    StoreUnavailableError,
)
from mien.http.answers import JSON
from mien.http.body import BodyTooLargeError, ClientGoneError, SlowBodyError, UnknownEncodingError
from mien.http.limits import TooManyRequestsError
from mien.http.sdk.refusals import (
    EncryptedPayloadError,
    OriginNotListedError,
    VariablesNotKeptError,
)
from mien.services.signing_in import TooManyAttemptsError

PROBLEM = "application/problem+json"


class UnknownRouteError(NotFoundError):
    """No endpoint has this path."""

    code = "unknown_route"
    mend = "Look the path up at `/docs`."


class MethodNotAllowedError(MienError):
    """The path is known, but not with this method; `Allow` lists those it has."""

    code = "method_not_allowed"
    mend = "Use a method that `Allow` lists."


class OverTimeError(MienError):
    """The request took longer than the server allows; what it sent may have been applied."""

    code = "over_time"
    mend = "Send the same again, with an `Idempotency-Key` where twice is not as once."

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            f"The request was not done within {seconds:g} seconds; it may have been applied."
        )


class InternalError(MienError):
    """A fault of the server; its log has the details."""

    code = "internal_error"
    mend = "Send the same again once; if it stays, report it with the lines of the log."


STATUS: dict[type[MienError], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    MethodNotAllowedError: HTTPStatus.METHOD_NOT_ALLOWED,
    InvalidInputError: HTTPStatus.BAD_REQUEST,
    ConflictError: HTTPStatus.CONFLICT,
    NotAllowedError: HTTPStatus.UNAUTHORIZED,
    LimitExceededError: HTTPStatus.BAD_REQUEST,
    BodyTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    SlowBodyError: HTTPStatus.REQUEST_TIMEOUT,
    ClientGoneError: HTTPStatus.BAD_REQUEST,
    UnknownEncodingError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    # The status by which the SDK knows that it is to send without encryption.
    EncryptedPayloadError: HTTPStatus.PAYMENT_REQUIRED,
    OriginNotListedError: HTTPStatus.FORBIDDEN,
    VariablesNotKeptError: HTTPStatus.FORBIDDEN,
    TooManyRequestsError: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyAttemptsError: HTTPStatus.TOO_MANY_REQUESTS,
    StoreUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    AnalyticsUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    QueryTimeoutError: HTTPStatus.SERVICE_UNAVAILABLE,
    OverTimeError: HTTPStatus.SERVICE_UNAVAILABLE,
    InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
}

_RETRY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

_log = structlog.get_logger()


class Problem(msgspec.Struct, frozen=True):
    """Problem details of RFC 9457; `code` is what programs read."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class Failure(msgspec.Struct, frozen=True):
    """What the compatible API answers for a request that it refuses; `code` is the status."""

    status: str
    error: str
    code: int


class Answer(msgspec.Struct, frozen=True):
    """An answer to an error, ready to be sent."""

    status: HTTPStatus
    media_type: str
    headers: dict[str, str]
    body: bytes


def status_of(kind: type[MienError]) -> HTTPStatus:
    """Find the status of an error's class, by the class or the nearest base of it."""
    return next(
        (STATUS[cls] for cls in kind.__mro__ if cls in STATUS),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )


def render(path: str, status: HTTPStatus, code: str, detail: str) -> Answer:
    """Write an error in the way of the API that the path belongs to."""
    headers = {"Retry-After": "1"} if status in _RETRY else {}
    if path == "/1" or path.startswith("/1/"):
        body = msgspec.json.encode(Failure("fail", detail, int(status)))
        return Answer(status, JSON, headers, body)
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="Mien", charset="UTF-8"'
    if status is HTTPStatus.REQUEST_TIMEOUT:
        headers["Connection"] = "close"
    problem = Problem(f"/docs/errors#{code}", status.phrase, int(status), detail, code)
    return Answer(status, PROBLEM, headers, msgspec.json.encode(problem))


def render_known(path: str, error: MienError) -> Answer:
    """Write an error of ours."""
    return render(path, status_of(type(error)), error.code, str(error))


def answer_known(request: Request[Any, Any, Any], error: MienError) -> Response[bytes]:
    """Answer an error of ours."""
    return _response(render_known(request.scope["path"], error))


def answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer what the framework refuses: an unknown path, a wrong method, a bad parameter."""
    path, status = request.scope["path"], HTTPStatus(error.status_code)
    response = _response(render(path, status, _code_of(error, status), _detail_of(error, path)))
    if (allow := (error.headers or {}).get("allow")) is not None:
        response.headers["Allow"] = allow
    return response


def answer_unknown(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a fault of ours: the log has the trace, the client only that it happened."""
    return _response(render_fault(request.scope["path"], error))


def render_fault(path: str, error: Exception) -> Answer:
    """Log a fault of ours, and write the answer, which says no more than that it happened."""
    _log.error("request.failed", path=path, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "The server failed on this request; its log says more."
    return render(path, status, InternalError.code, detail)


def _response(answer: Answer) -> Response[bytes]:
    return Response(
        answer.body,
        status_code=int(answer.status),
        media_type=answer.media_type,
        headers=answer.headers,
    )


def _code_of(error: HTTPException, status: HTTPStatus) -> str:
    """Find our code for what the framework refuses."""
    if isinstance(error, NotFoundException):
        return UnknownRouteError.code
    if isinstance(error, MethodNotAllowedException):
        return MethodNotAllowedError.code
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return BodyTooLargeError.code
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return InvalidInputError.code
    return InternalError.code


def _detail_of(error: HTTPException, path: str) -> str:
    if isinstance(error, NotFoundException):
        return f"There is nothing at {path}."
    if isinstance(error, MethodNotAllowedException):
        return f"{path} is not known with this method."
    problems = [f"{each['key']}: {each['message']}" for each in _extra(error) if "key" in each]
    return "; ".join(problems) or error.detail or HTTPStatus(error.status_code).phrase


def _extra(error: HTTPException) -> list[dict[str, Any]]:
    """Give the problems of single parameters that the framework found."""
    extra = error.extra
    return [each for each in extra if isinstance(each, dict)] if isinstance(extra, list) else []
