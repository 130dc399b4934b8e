"""When to send a request again, and how long to wait before."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import assert_never

from mien_client.outcomes import Answer, Failure, Outcome, read_problem

BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
LONGEST_RETRY_AFTER_SECONDS = 120.0
IN_FLIGHT = "idempotency_in_flight"
PASSING_STATUSES = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


def is_passing(outcome: Outcome) -> bool:
    """Tell whether the same request may succeed a little later.

    So it may after a lost connection, a timeout, 408, 425, 429, any 5xx, and a
    409 which says that the first sending is still being worked on.
    """
    match outcome:
        case Failure():
            return outcome.is_passing
        case Answer(HTTPStatus.CONFLICT):
            return read_problem(outcome).code == IN_FLIGHT
        case Answer(status):
            return status in PASSING_STATUSES or outcome.is_server_error
        case _:
            assert_never(outcome)


def pause_seconds(attempt: int, *, chance: float, asked_seconds: float | None) -> float:
    """Give the wait after the given attempt (from 1).

    Exponential with full jitter: `chance`, from 0 up to 1, of a span that
    doubles. What the server asked for comes on top, so that clients which were
    all told the same do not return together.
    """
    span = min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2.0 ** min(attempt - 1, 16))
    return (asked_seconds or 0.0) + chance * span


def retry_after_seconds(outcome: Outcome, *, now: datetime) -> float | None:
    """Read `Retry-After`, seconds or a date (RFC 9110, 10.2.3); None if absent or not readable."""
    if isinstance(outcome, Failure):
        return None
    raw = outcome.headers.get("retry-after", "").strip()
    if raw.isascii() and raw.isdigit():
        return float(raw)
    try:
        moment = parsedate_to_datetime(raw)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())
