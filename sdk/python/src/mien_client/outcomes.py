"""What a request came to: an answer or a failure, and how to read an answer."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar, assert_never

import httpx
import msgspec

from mien_client.batches import Batch
from mien_client.errors import (
    InvalidRequestError,
    NotAllowedError,
    Problem,
    UnexpectedAnswerError,
)
from mien_client.records import Unsendable
from mien_client.results import Receipt, Result, Status

SHOWN_CHARACTERS = 200
T = TypeVar("T")


class Answer(msgspec.Struct, frozen=True):
    """A whole HTTP answer; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    # By range: proxies make up statuses (520) that HTTPStatus does not know.
    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_client_error(self) -> bool:
        """Whether the status is 4xx."""
        return HTTPStatus.BAD_REQUEST <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def is_server_error(self) -> bool:
        """Whether the status is 5xx."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class Failure(msgspec.Struct, frozen=True):
    """No answer came. `is_passing`: the same request may succeed later."""

    reason: str
    is_passing: bool


Outcome = Answer | Failure


class _BatchAnswer(msgspec.Struct, frozen=True):
    results: tuple[Result, ...]


class _WireProblem(msgspec.Struct, frozen=True):
    # `Any`: whatever a proxy says, the error must still come out as an error.
    type: Any = None
    title: Any = None
    detail: Any = None
    error: Any = None
    code: Any = None


def outcome_of_response(response: httpx.Response) -> Answer:
    """Take over what counts of a response that was read to its end."""
    return Answer(response.status_code, dict(response.headers), response.content)


def outcome_of_error(error: httpx.RequestError) -> Failure:
    """Take over a failure of the connection: refused, dropped, timed out, garbled."""
    ours = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
    reason = f"{type(error).__name__}: {error}".rstrip(": ")
    return Failure(reason, is_passing=not isinstance(error, ours))


def describe(outcome: Outcome) -> str:
    """Say in a few words what a request came to."""
    match outcome:
        case Failure(reason):
            return reason
        case Answer(status):
            problem = read_problem(outcome)
            words = problem.detail or problem.title
            return f"the server answered {status}" + (f" ({words})" if words else "")
        case _:
            assert_never(outcome)


def checked(answer: Answer) -> Answer:
    """Give back an answer of success; raise the error that any other means."""
    if answer.is_success:
        return answer
    problem = read_problem(answer)
    if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise NotAllowedError(problem)
    if answer.is_client_error:
        raise InvalidRequestError(problem)
    where = answer.headers.get("location", "")
    message = f"status {answer.status} {where}".rstrip() + "; is base_url right?"
    raise UnexpectedAnswerError(message)


def is_missing(answer: Answer) -> bool:
    """Tell whether the API itself, not a proxy or a wrong address, says "not found"."""
    return answer.status == HTTPStatus.NOT_FOUND and read_problem(answer).code != ""


def read_problem(answer: Answer) -> Problem:
    """Read the problem details of an answer; never fails, at worst the text is the detail."""
    try:
        raw = msgspec.json.decode(answer.body, type=_WireProblem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raw = _WireProblem(detail=answer.body.decode(errors="replace").strip())
    return Problem(
        type=_text(raw.type) or "about:blank",
        title=_text(raw.title),
        status=answer.status,
        detail=_text(raw.detail) or _text(raw.error),
        code=_text(raw.code),
    )


def read(answer: Answer, shape: type[T]) -> T:
    """Decode a body into a documented shape, else UnexpectedAnswerError."""
    try:
        # Not strict, so that a time may be epoch seconds or RFC 3339.
        return msgspec.json.decode(answer.body, type=shape, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        start = answer.body[:SHOWN_CHARACTERS].decode(errors="replace")
        message = f"the body is not what the API documents ({error}); it starts {start!r}"
        raise UnexpectedAnswerError(message) from error


def read_receipt(answer: Answer | None, batch: Batch, *, dry_run: bool) -> Receipt:
    """Read the answer of a batch, and count positions over the whole upload.

    Unsendable records get their result here, in their place. `answer` is None
    if nothing of the batch could be sent.
    """
    sent = len(batch.sendable)
    results = () if answer is None else read(answer, _BatchAnswer).results
    if [each.position for each in results] != list(range(1, sent + 1)):
        message = f"{sent} records were sent and the results do not match them one by one"
        raise UnexpectedAnswerError(message)
    from_server = iter(results)
    placed = (
        _unsent(entry, position)
        if isinstance(entry, Unsendable)
        else msgspec.structs.replace(next(from_server), position=position)
        for position, entry in enumerate(batch.entries, batch.first_position)
    )
    return Receipt(results=tuple(placed), dry_run=dry_run)


def _unsent(entry: Unsendable, position: int) -> Result:
    return Result(position=position, status=Status.REJECTED, reason=entry.reason)


def _text(value: object) -> str:
    return "" if value is None else str(value)[:SHOWN_CHARACTERS]
