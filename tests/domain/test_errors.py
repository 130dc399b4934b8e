"""Errors: each has a code, its facts, and a sentence made of them."""

import pytest

from mien.domain.errors import (
    AnswerErasedError,
    ConflictError,
    IdempotencyInFlightError,
    IdempotencyReusedError,
    InvalidInputError,
    InvalidSegmentError,
    LimitExceededError,
    MienError,
    NotAllowedError,
    NotFoundError,
    StoreUnavailableError,
)

TREE: list[type[MienError]] = [
    NotFoundError,
    InvalidInputError,
    InvalidSegmentError,
    ConflictError,
    IdempotencyReusedError,
    IdempotencyInFlightError,
    AnswerErasedError,
    NotAllowedError,
    LimitExceededError,
    StoreUnavailableError,
]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (InvalidInputError("records[2].type", "unknown"), "records[2].type: unknown"),
        (InvalidInputError("", "Malformed request"), "Malformed request"),
        (
            LimitExceededError("records", limit=1_000, size=1_001),
            "records: 1001 sent, the limit is 1000.",
        ),
        (NotFoundError("No profile has this id."), "No profile has this id."),
    ],
    ids=repr,
)
def test_an_error_reads_as_a_sentence(error: MienError, sentence: str) -> None:
    assert str(error) == sentence


# U-21
@pytest.mark.parametrize(
    "kind", [IdempotencyReusedError, IdempotencyInFlightError, AnswerErasedError]
)
def test_an_idempotency_error_names_its_key_and_what_to_do(
    kind: type[IdempotencyReusedError | IdempotencyInFlightError | AnswerErasedError],
) -> None:
    error = kind("batch-7")
    assert error.key == "batch-7"
    assert "'batch-7'" in str(error)
    assert isinstance(error, ConflictError)


def test_the_facts_of_an_error_are_attributes() -> None:
    limit = LimitExceededError("records", limit=1_000, size=1_001)
    assert (limit.what, limit.limit, limit.size) == ("records", 1_000, 1_001)
    wrong = InvalidInputError("at", "no integer")
    assert (wrong.path, wrong.problem) == ("at", "no integer")


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in TREE]
    assert len({*codes, MienError.code}) == len(codes) + 1
    assert all(issubclass(kind, MienError) for kind in TREE)


# U-25
def test_every_error_says_its_cause_and_its_mend() -> None:
    for kind in TREE:
        assert (kind.__doc__ or "").strip()
        assert kind.mend.endswith(".")
        assert kind.mend != MienError.mend
