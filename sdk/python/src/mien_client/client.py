"""The sync client."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx

from mien_client import requests, talks
from mien_client.outbox import Outbox, Queue
from mien_client.outcomes import Outcome, outcome_of_error, outcome_of_response
from mien_client.records import Record
from mien_client.requests import Request
from mien_client.results import (
    HistoryEntry,
    HistoryPage,
    Profile,
    ProfileToken,
    Receipt,
    Reject,
    RejectPage,
)
from mien_client.settings import DEFAULT_TOKEN_LIFETIME, Options, configure
from mien_client.talks import Done, Page, Rules, Send, Talk
from mien_client.users import User

T = TypeVar("T")


class Mien:
    """A client of one environment of a Mien server. Threads may share it.

    `options` are those of `Options`. `queue` says how the records of `user` wait.
    `transport` is for own certificates or proxies (see httpx). `sleep` is the real one
    unless a test hands in its own.
    """

    def __init__(
        self,
        base_url: str,
        *,
        account_id: str,
        passcode: str,
        queue: Queue | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        **options: Unpack[Options],
    ) -> None:
        """Check the settings; nothing is sent yet."""
        http, self._rules = configure(
            base_url, account_id=account_id, passcode=passcode, options=options
        )
        self._sleep = sleep
        self._http = httpx.Client(**http, transport=transport)
        self._outbox = Outbox(self._upload, self._rules, queue or Queue())

    def user(self, distinct_id: str, *, object_id: str | None = None) -> User:
        """Give a person, to say things of without waiting; `object_id` names their device.

        What is said goes to a queue, from which a thread sends it in batches, with patience
        and counting nothing twice. `flush` waits for it, and so do `close` and the end of
        the program.
        """
        return User(distinct_id, object_id, self._outbox, self._rules.now)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until the server has answered for all that `user` said.

        False if it has not within `timeout` seconds; the rest stays in the queue.
        """
        return self._outbox.flush(timeout)

    def upload(
        self, records: Iterable[Record], *, dry_run: bool = False, key: str | None = None
    ) -> Receipt:
        """Send records in batches, in order; gives one result per record.

        A rejected record does not stop the others. `dry_run` answers what would
        happen, batch by batch, and writes nothing. A batch that is sent again
        after a lost answer is not counted twice; with a `key` of your own (1 to
        200 visible ASCII characters) that holds for a second `upload` of the
        same records too, for 24 hours.

        Raises NotAllowedError, InvalidRequestError, UnavailableError or
        UnexpectedAnswerError if nothing was confirmed, else UploadInterruptedError.
        """
        return self._run(talks.upload(self._rules, records, key=key, dry_run=dry_run))

    def profile(
        self, *, distinct_id: str | None = None, object_id: str | None = None
    ) -> Profile | None:
        """Read the profile with this id, one of the two; None if there is none."""
        person = requests.person(distinct_id=distinct_id, object_id=object_id)
        return self._run(talks.profile(self._rules, person))

    def history(
        self, *, distinct_id: str | None = None, object_id: str | None = None, page_size: int = 100
    ) -> Iterator[HistoryEntry]:
        """Read the changes of a profile, in the order of the server; pages are fetched as needed.

        An unknown id is an InvalidRequestError (404) when the first is asked for.
        """
        person = requests.person(distinct_id=distinct_id, object_id=object_id)
        return self._pages(requests.history_page(person, page_size=page_size), HistoryPage)

    def erase(
        self, *, distinct_id: str | None = None, object_id: str | None = None
    ) -> dict[str, Any]:
        """Remove all that is known of a profile, for ever; gives the server's receipt.

        An unknown id is an InvalidRequestError (404).
        """
        person = requests.person(distinct_id=distinct_id, object_id=object_id)
        return self._run(talks.erase(self._rules, person))

    def create_profile_token(
        self,
        *,
        distinct_id: str | None = None,
        object_id: str | None = None,
        lifetime: timedelta = DEFAULT_TOKEN_LIFETIME,
    ) -> ProfileToken:
        """Make a token with which an app reads this profile, for a minute to a day.

        An unknown id is an InvalidRequestError (404).
        """
        person = requests.person(distinct_id=distinct_id, object_id=object_id)
        return self._run(talks.profile_token(self._rules, person, lifetime=lifetime))

    def settings(self) -> dict[str, Any]:
        """Read what the environment decided for itself, by name."""
        return self._run(talks.settings(self._rules))

    def change_settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings of the environment; gives all as they are then.

        A name or a value that makes no sense is an InvalidRequestError, and changes nothing.
        """
        return self._run(talks.settings(self._rules, changes))

    def rejects(self, *, page_size: int = 100) -> Iterator[Reject]:
        """Read the records that the server could not apply; pages are fetched as needed."""
        return self._pages(requests.rejects_page(page_size=page_size), RejectPage)

    def replay(
        self,
        ids: Iterable[int] = (),
        *,
        mended: Mapping[int, Record | Mapping[str, Any]] | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Apply kept rejects again; gives one result per id, in order.

        `mended` maps the id of a reject to the record that takes its place;
        such an id need not be in `ids` as well. `key` and errors as in `upload`.
        """
        return self._run(talks.replay(self._rules, ids, mended=mended or {}, key=key))

    def close(self) -> None:
        """Send what waits in the queue, then close the connections. It cannot be used after."""
        self._outbox.close()
        self._http.close()

    def __enter__(self) -> Self:
        """Give the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the client."""
        self.close()

    def _upload(self, rules: Rules, records: Sequence[Record], key: str) -> Receipt:
        return self._run(talks.upload(rules, records, key=key, dry_run=False))

    def _run(self, talk: Talk[T]) -> T:
        step = talks.start(talk)
        while not isinstance(step, Done):
            step = talks.go_on(talk, self._send(step))
        return step.value

    def _send(self, send: Send) -> Outcome:
        if send.after_seconds:
            self._sleep(send.after_seconds)
        request = send.request
        try:
            response = self._http.request(
                request.method,
                request.path,
                params=request.params,
                content=request.body,
                headers=request.headers,
            )
        except httpx.RequestError as error:
            return outcome_of_error(error)
        return outcome_of_response(response)

    def _pages(self, first: Request, shape: type[Page[T]]) -> Iterator[T]:
        page = self._run(talks.page(self._rules, first, shape, None))
        yield from page.items
        while page.next_cursor is not None:
            page = self._run(talks.page(self._rules, first, shape, page.next_cursor))
            yield from page.items
