"""What can go wrong between this client and a Mien server.

Everything here is a `MienError`. A wrong argument (a batch size of 0, no id to
look up) is a plain `ValueError`, at the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from mien_client.results import Receipt


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Problem details as the server sent them (RFC 9457); empty where it said nothing."""

    type: str = "about:blank"
    title: str = ""
    status: int
    detail: str = ""
    code: str = ""


class MienError(Exception):
    """The root of all errors of a conversation with Mien."""


class NotAllowedError(MienError):
    """The account id or the passcode is not accepted, or may not do this (401, 403)."""

    def __init__(self, problem: Problem) -> None:
        """Keep the problem; the sentence is made from it."""
        self.problem = problem
        super().__init__(_sentence(problem))


class InvalidRequestError(MienError):
    """The server refused the request as it stands (4xx); sending it again will not help."""

    def __init__(self, problem: Problem) -> None:
        """Keep the problem; the sentence is made from it."""
        self.problem = problem
        super().__init__(_sentence(problem))


class UnexpectedAnswerError(MienError):
    """The answer is not one that the API documents.

    Often a wrong `base_url`, or a proxy that answered in the server's place.
    """


class UnavailableError(MienError):
    """The server could not be reached, or was not able to answer, and the client gave up.

    `reason` is the last thing that went wrong, `attempts` how often the request
    was sent. `confirmed` is the number of records, counted from the first, that
    were settled before. `key` is the idempotency key of the whole upload: the
    same records sent again under it are never counted twice. None for a read.
    `retry_after_seconds` is what the server last asked for, if it did.
    """

    def __init__(
        self,
        reason: str,
        *,
        attempts: int,
        confirmed: int = 0,
        key: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        """Keep the facts; the sentence is made from them."""
        self.reason = reason
        self.attempts = attempts
        self.confirmed = confirmed
        self.key = key
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            f"Gave up after {attempts} attempt(s): {reason}. Records confirmed before: {confirmed}."
        )


class UploadInterruptedError(MienError):
    """An upload or a replay stopped after some batches were confirmed; `__cause__` says why.

    `receipts` has one receipt per confirmed batch, in order; positions count
    over the whole upload. What comes after them is not confirmed: it was not
    sent, or its answer was lost. `key` finishes the work: the same records, with
    the same batch size, sent again under it are never counted twice.
    """

    def __init__(self, receipts: tuple[Receipt, ...], *, key: str, cause: Exception) -> None:
        """Keep the facts; the sentence is made from them."""
        self.receipts = receipts
        self.key = key
        super().__init__(f"Stopped after {self.confirmed} confirmed record(s): {cause}")

    @property
    def confirmed(self) -> int:
        """The number of records, counted from the first, that are settled."""
        return sum(len(receipt.results) for receipt in self.receipts)


def _sentence(problem: Problem) -> str:
    """Say a problem in one line."""
    words = problem.detail or problem.title or "no reason given"
    code = f" [{problem.code}]" if problem.code else ""
    return f"{problem.status}{code}: {words}"
