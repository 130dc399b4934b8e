"""What callers do wrong, as one tree of errors.

Each class has a `code` that programs read, facts as attributes and a sentence
built from them. Its docstring is the cause that `docs/errors.md` gives, `mend` what
to do about it. `http/errors.py` alone knows which status each one becomes.
A bad record in a batch is not an error but a `Reject` (`domain.rejects`).
"""

from typing import ClassVar


class MienError(Exception):
    """The root: something the caller can understand and act on."""

    code: ClassVar[str] = "error"
    mend: ClassVar[str] = "Read the sentence that came with it."


class NotFoundError(MienError):
    """Nothing is known under the name that was given."""

    code = "not_found"
    mend = "Look for a typing mistake in the id, or create it first."


class InvalidInputError(MienError):
    """The input does not have the form that was asked for; the sentence says where."""

    code = "invalid_input"
    mend = "Correct what the sentence names, then send again."

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path}: {problem}" if path else problem)


class InvalidSegmentError(InvalidInputError):
    """A segment does not have the form of the segment language; the sentence says at which part."""

    code = "invalid_segment"
    mend = "Correct the part that the sentence names; docs/segments.md shows each form."


class ConflictError(MienError):
    """The request is sound but the present state forbids it."""

    code = "conflict"
    mend = "Read the present state, then decide again."


class ChangedMeanwhileError(ConflictError):
    """Somebody else changed what was to be changed, after it was read."""

    code = "changed_meanwhile"
    mend = "Read the present state, then decide again."

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} changed while you edited; nothing of yours was saved.")


class IdempotencyReusedError(ConflictError):
    """An Idempotency-Key came again with another body."""

    code = "idempotency_key_reused"
    mend = "Take a new key for a new body."

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"Idempotency-Key '{key}' was used for another body; take a new key.")


class IdempotencyInFlightError(ConflictError):
    """The first request with this Idempotency-Key has not been answered yet."""

    code = "idempotency_in_flight"
    mend = "Ask again in a moment with the same key; the first answer comes then."

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"Idempotency-Key '{key}' is in flight; ask again in a moment.")


class AnswerErasedError(ConflictError):
    """The answer that an Idempotency-Key stands for went with a person who was erased."""

    code = "idempotency_answer_erased"
    mend = "Read the present state; send what is still wanted under a new key."

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"The answer to Idempotency-Key '{key}' went with a person who was erased since; "
            "nothing was applied now."
        )


class NotAllowedError(MienError):
    """The caller is not who they say, or may not do this."""

    code = "not_allowed"
    mend = "Send an account id and a passcode that may do this."


class LimitExceededError(MienError):
    """More was sent than is accepted; nothing was applied."""

    code = "limit_exceeded"
    mend = "Send less in one request."

    def __init__(self, what: str, *, limit: int, size: int) -> None:
        self.what, self.limit, self.size = what, limit, size
        super().__init__(f"{what}: {size} sent, the limit is {limit}.")


class StoreUnavailableError(MienError):
    """The store cannot take the write now (disk full, lost connection); nothing was applied."""

    code = "store_unavailable"
    mend = "Send the same again in a moment. If it stays: look at the server's log and disk."


class AnalyticsUnavailableError(MienError):
    """The analytics copy cannot answer now; the record is safe, and reads by id are served."""

    code = "analytics_unavailable"
    mend = "Ask again in a moment. If it stays: look at the server's log."


class AnalyticsBehindError(AnalyticsUnavailableError):
    """The analytics copy has not yet taken in all that was uploaded before the question."""

    code = "analytics_behind"
    mend = "Ask again in a moment."

    def __init__(self, behind: int) -> None:
        self.behind = behind
        super().__init__(
            f"The copy for counting and exports is {behind:,} entries of the log behind what was "
            "uploaded; ask again in a moment."
        )


class QuestionDroppedError(AnalyticsUnavailableError):
    """Whoever asked closed the connection before the answer was there: the work on it was stopped."""

    code = "question_dropped"
    mend = "Ask again, and wait for the answer."

    def __init__(self) -> None:
        super().__init__("Nobody waits for the answer any more; the question was stopped.")


class QueryTimeoutError(MienError):
    """A question took longer than the server allows; nothing else was disturbed."""

    code = "query_timeout"
    mend = "Ask for less: a shorter window, or fewer conditions."

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            f"The question was not answered within {seconds:g} seconds; it was stopped."
        )
