"""Each verb of the client as a conversation that does no I/O.

A conversation yields what to send (`Send`) and is given what came of it
(`Outcome`); its return value is the verb's. `Mien` and `AsyncMien` both run
these, so they cannot differ in anything but how they wait.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from mien_client import requests, retries
from mien_client.batches import Batch, Entry, split
from mien_client.errors import UnavailableError, UnexpectedAnswerError, UploadInterruptedError
from mien_client.outcomes import (
    Answer,
    Outcome,
    checked,
    describe,
    is_missing,
    read,
    read_receipt,
)
from mien_client.records import Record, encode_record, encode_replay
from mien_client.requests import Request
from mien_client.results import Profile, ProfileToken, Receipt, join

T = TypeVar("T")
ItemT_co = TypeVar("ItemT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Send:
    """Wait this long, then send this."""

    request: Request
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The conversation is over."""

    value: T


@dataclass(frozen=True, slots=True)
class Rules:
    """How this client sends: limits, and the clock and chance it goes by."""

    max_retries: int
    batch_size: int
    chance: Callable[[], float]
    now: Callable[[], datetime]
    new_key: Callable[[], str]


class Page(Protocol[ItemT_co]):
    """A page of a list."""

    @property
    def items(self) -> tuple[ItemT_co, ...]:
        """What the page holds, in order."""
        ...

    @property
    def next_cursor(self) -> str | None:
        """Where the next page starts; None on the last."""
        ...


Talk = Generator[Send, Outcome, T]
Ask = Callable[[Batch], Request]


def start(talk: Talk[T]) -> Send | Done[T]:
    """Begin a conversation."""
    try:
        return next(talk)
    except StopIteration as stop:
        return Done(stop.value)


def go_on(talk: Talk[T], outcome: Outcome) -> Send | Done[T]:
    """Tell a conversation what came of the last request."""
    try:
        return talk.send(outcome)
    except StopIteration as stop:
        return Done(stop.value)


def upload(
    rules: Rules, records: Iterable[Record], *, key: str | None, dry_run: bool
) -> Talk[Receipt]:
    """Send records batch by batch; one result per record, in their order."""
    whole = rules.new_key() if key is None else requests.checked_key(key)

    def ask(batch: Batch) -> Request:
        return requests.upload_batch(batch, key=whole, dry_run=dry_run)

    return _batches(rules, map(encode_record, records), ask, key=whole, dry_run=dry_run)


def replay(
    rules: Rules,
    ids: Iterable[int],
    *,
    mended: Mapping[int, Record | Mapping[str, Any]],
    key: str | None,
) -> Talk[Receipt]:
    """Apply kept rejects again, as they were or mended; one result per id, in their order."""
    whole = rules.new_key() if key is None else requests.checked_key(key)

    def ask(batch: Batch) -> Request:
        return requests.replay_batch(batch, key=whole)

    # An id that is only in `mended` is meant as well; no id is sent twice.
    wanted = dict.fromkeys([*ids, *mended])
    entries = (encode_replay(each, mended.get(each)) for each in wanted)
    return _batches(rules, entries, ask, key=whole, dry_run=False)


def profile(rules: Rules, person: Mapping[str, str]) -> Talk[Profile | None]:
    """Read one profile; None if nobody has this id."""
    answer = yield from _exchange(rules, requests.find_profile(person))
    if is_missing(answer):
        return None
    return read(checked(answer), Profile)


def erase(rules: Rules, person: Mapping[str, str]) -> Talk[dict[str, Any]]:
    """Remove one profile for ever; gives the receipt."""
    request = requests.erase_profile(person, key=rules.new_key())
    answer = yield from _exchange(rules, request)
    return read(checked(answer), dict[str, Any])


def profile_token(
    rules: Rules, person: Mapping[str, str], *, lifetime: timedelta
) -> Talk[ProfileToken]:
    """Make a token that reads one profile."""
    request = requests.profile_token(person, lifetime_seconds=int(lifetime.total_seconds()))
    answer = yield from _exchange(rules, request)
    return read(checked(answer), ProfileToken)


def settings(rules: Rules, changes: Mapping[str, Any] | None = None) -> Talk[dict[str, Any]]:
    """Read the settings of the environment, or change some; gives all as they are then."""
    request = (
        requests.environment_settings() if changes is None else requests.change_settings(changes)
    )
    answer = yield from _exchange(rules, request)
    return read(checked(answer), dict[str, Any])


def page(rules: Rules, first: Request, shape: type[Page[T]], cursor: str | None) -> Talk[Page[T]]:
    """Read one page of a list."""
    answer = yield from _exchange(rules, requests.at_cursor(first, cursor))
    found = read(checked(answer), shape)
    if found.next_cursor is not None and found.next_cursor == cursor:
        message = f"the page at cursor {cursor!r} names itself as the next one"
        raise UnexpectedAnswerError(message)
    return found


def _batches(
    rules: Rules, entries: Iterable[Entry], ask: Ask, *, key: str, dry_run: bool
) -> Talk[Receipt]:
    """Send batches in turn. What breaks off midway takes the receipts so far along."""
    receipts: list[Receipt] = []
    confirmed = 0
    try:
        for batch in split(entries, max_records=rules.batch_size):
            answer = yield from _ask_for(rules, batch, ask, key=key, confirmed=confirmed)
            receipts.append(read_receipt(answer, batch, dry_run=dry_run))
            confirmed += len(batch.entries)
    except Exception as error:
        # Also what the caller's own iterable raises: the receipts would be lost with it.
        if not receipts:
            raise
        raise UploadInterruptedError(tuple(receipts), key=key, cause=error) from error
    return join(receipts, dry_run=dry_run)


def _ask_for(
    rules: Rules, batch: Batch, ask: Ask, *, key: str, confirmed: int
) -> Talk[Answer | None]:
    if not batch.sendable:
        return None
    answer = yield from _exchange(rules, ask(batch), key=key, confirmed=confirmed)
    return checked(answer)


def _exchange(
    rules: Rules, request: Request, *, key: str | None = None, confirmed: int = 0
) -> Talk[Answer]:
    """Send until there is an answer that will not change, or give up."""
    attempt, pause = 0, 0.0
    while True:
        attempt += 1
        outcome = yield Send(request, pause)
        passing = retries.is_passing(outcome)
        if isinstance(outcome, Answer) and not passing:
            return outcome
        asked = retries.retry_after_seconds(outcome, now=rules.now())
        too_long = asked is not None and asked > retries.LONGEST_RETRY_AFTER_SECONDS
        if attempt > rules.max_retries or too_long or not passing:
            raise UnavailableError(
                describe(outcome),
                attempts=attempt,
                confirmed=confirmed,
                key=key,
                retry_after_seconds=asked,
            )
        pause = retries.pause_seconds(attempt, chance=rules.chance(), asked_seconds=asked)
