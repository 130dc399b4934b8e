"""What was asked of a report that takes long: by its id any process may answer it (G-12).

The question is kept, not the answer: who does not have the answer works it out anew.
"""

import secrets

from mien import clock
from mien.domain.errors import InvalidInputError
from mien.domain.ids import EnvironmentId
from mien.services.retrying import write_retried
from mien.store import report_requests
from mien.store.engine import Store

ASKED_MS = 600_000
"""How long a question, and its answer, are kept."""

_ID_BITS, _ID_DIGITS = 62, 19


class UnknownRequestError(InvalidInputError):
    """No question is kept under the `req_id`: it was forgotten, or is of another report."""

    code = "unknown_request"
    mend = "Send the query again; an answer is kept for ten minutes."

    def __init__(self) -> None:
        super().__init__("", "Invalid request id")


def new_request_id() -> str:
    """Make the id of a request: a positive integer of 63 bits, as clients read it."""
    return str(1 + secrets.randbits(_ID_BITS))


def keep(store: Store, environment: EnvironmentId, report: str, request: str, query: bytes) -> None:
    """Keep the query of a report under its id."""
    row = (environment, int(request), report, clock.now_ms(), query)
    write_retried(store, lambda tx: report_requests.save(tx, row))


def recall(store: Store, environment: EnvironmentId, report: str, request: str) -> bytes:
    """Give the query that was kept, or raise `UnknownRequestError`."""
    is_number = len(request) <= _ID_DIGITS and request.isascii() and request.isdecimal()
    if not is_number or int(request).bit_length() > _ID_BITS + 1:
        raise UnknownRequestError
    since_ms = clock.now_ms() - ASKED_MS
    with store.read() as tx:
        query = report_requests.find(tx, environment, report, int(request), since_ms=since_ms)
    if query is None:
        raise UnknownRequestError
    return query
