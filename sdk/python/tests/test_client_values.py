"""Pure parts: values, dates, batches, conversations."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_client import EventRecord, ProfileRecord, UnavailableError, clock, parse_date, talks
from mien_client.batches import Entry, split
from mien_client.outcomes import Answer, outcome_of_error
from mien_client.records import Unsendable, encode_record
from mien_client.talks import Done, Rules, Send

KOLKATA = timezone(timedelta(hours=5, minutes=30))


class Plan(StrEnum):
    FREE = "free"


class Level(IntEnum):
    HIGH = 3


def sent(**properties: Any) -> Any:
    """What goes on the wire for these properties."""
    encoded = encode_record(ProfileRecord(distinct_id="ana", properties=properties))
    assert isinstance(encoded, bytes), encoded
    return msgspec.json.decode(encoded)["properties"]


def refusal(**properties: Any) -> str:
    """Why these properties cannot be sent."""
    encoded = encode_record(ProfileRecord(distinct_id="ana", properties=properties))
    assert isinstance(encoded, Unsendable)
    return encoded.reason


def test_a_moment_in_a_property_becomes_a_date_of_the_wire() -> None:
    moment = datetime(2023, 11, 15, 3, 43, 20, 999_999, tzinfo=KOLKATA)
    assert sent(seen=moment, all={"$add": [moment]}) == {
        "seen": "$D_1700000000",
        "all": {"$add": ["$D_1700000000"]},
    }


@given(st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(KOLKATA)))  # noqa: DTZ001
def test_a_date_comes_back_as_the_same_second(moment: datetime) -> None:
    assert parse_date(sent(x=moment)["x"]) == moment.replace(microsecond=0)


@pytest.mark.parametrize("other", ["2023-11-14", "$D_", "$D_soon", "$D_99999999999999", 17, None])
def test_what_is_no_date_parses_to_none(other: object) -> None:
    assert parse_date(other) is None


def test_a_birthday_may_be_a_plain_day() -> None:
    assert sent(DOB=date(1990, 5, 1)) == {"DOB": "$D_19900501"}
    assert sent(DOB={"$set": date(1990, 5, 1)}) == {"DOB": {"$set": "$D_19900501"}}


def test_plain_values_go_as_they_are() -> None:
    plain = {"a": "é", "b": True, "c": 2**63 - 1, "d": 1.0, "e": None, "f": ["x"], "g": {"h": [1]}}
    assert sent(**plain) == plain
    assert isinstance(sent(d=1.0)["d"], float)


def test_enums_go_as_their_values_and_tuples_as_lists() -> None:
    assert sent(plan=Plan.FREE, level=Level.HIGH, tags=("a", "b")) == {
        "plan": "free",
        "level": 3,
        "tags": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "nan is not a number that JSON knows"),
        (float("-inf"), "-inf is not a number"),
        (2**63, "an integer beyond 64 bits"),
        (b"raw", "a bytes has no form in JSON"),
        ({"a", "b"}, "a set has no form"),
        (datetime(2026, 1, 1), "has no time zone"),  # noqa: DTZ001
        (date(2026, 1, 1), "for DOB only"),
        ({1: "x"}, "the key 1 is not text"),
        ([{"deep": object()}], "x.0.deep: a object has no form"),
        ("\ud800", "half of a surrogate pair"),
    ],
)
def test_what_the_wire_has_no_form_for_says_where_and_why(value: object, words: str) -> None:
    assert words in refusal(x=value)


def test_endless_nesting_is_refused_and_does_not_overflow() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert "nested more than 32 levels" in refusal(x=loop)


def test_at_takes_an_aware_moment_or_seconds() -> None:
    for at in (datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), 1_700_000_000):
        encoded = encode_record(EventRecord("A", distinct_id="ana", at=at))
        assert isinstance(encoded, bytes)
        assert msgspec.json.decode(encoded)["at"] == 1_700_000_000


def test_a_naive_moment_in_at_is_refused_where_it_is_written() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        EventRecord("A", distinct_id="ana", at=datetime(2026, 1, 1))  # noqa: DTZ001


entries = st.lists(
    st.one_of(st.binary(min_size=1, max_size=40), st.just(Unsendable("no"))), max_size=60
)


@given(entries, st.integers(1, 7), st.integers(80, 200))
def test_batches_keep_every_record_in_order_within_both_limits(
    given_entries: list[Entry], max_records: int, max_body_bytes: int
) -> None:
    batches = list(split(given_entries, max_records=max_records, max_body_bytes=max_body_bytes))
    assert [entry for batch in batches for entry in batch.entries] == given_entries
    assert [batch.number for batch in batches] == list(range(1, len(batches) + 1))
    position = 1
    for batch in batches:
        assert batch.first_position == position
        assert 1 <= len(batch.entries) <= max_records
        assert len(batch.body("records")) < max_body_bytes
        position += len(batch.entries)


def test_a_full_batch_leaves_before_the_next_record_is_read() -> None:
    read: list[int] = []

    def records() -> Iterator[Entry]:
        for number in range(5):
            read.append(number)
            yield b"{}"

    next(split(records(), max_records=2))
    assert read == [0, 1]


RULES = Rules(
    max_retries=5, batch_size=2, chance=clock.chance, now=clock.now, new_key=clock.new_key
)


def test_a_conversation_needs_no_network() -> None:
    talk = talks.upload(RULES, [EventRecord("A", distinct_id="ana")], key="k", dry_run=False)
    step = talks.start(talk)
    assert isinstance(step, Send)
    assert (step.request.key, step.after_seconds) == ("k-1", 0.0)
    step = talks.go_on(talk, Answer(503, {}, b""))
    assert isinstance(step, Send)
    assert 0.0 <= step.after_seconds < 0.5
    step = talks.go_on(talk, Answer(200, {}, b'{"results":[{"position":1,"status":"applied"}]}'))
    assert isinstance(step, Done)
    assert step.value.processed == 1


def test_a_request_that_cannot_be_sent_at_all_is_not_tried_again() -> None:
    talk = talks.profile(RULES, {"distinct_id": "ana"})
    talks.start(talk)
    failure = outcome_of_error(httpx.UnsupportedProtocol("no such scheme"))
    with pytest.raises(UnavailableError, match="UnsupportedProtocol: no such scheme") as caught:
        talks.go_on(talk, failure)
    assert caught.value.attempts == 1


def test_real_keys_differ() -> None:
    assert len({clock.new_key() for _ in range(100)}) == 100
