"""What the works share: sizes, a folder, rounds, and the store that is filled once."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from bench import server
from bench.child import load
from bench.corpus import STORED_DAYS
from bench.jobs import Events, InOrder, LoadOrder, Profiles, Report
from bench.server import Server
from bench.sizes import Sizes

CONNECTIONS = 4
FILL_PROFILES, FILL_EVENTS = 50_000, 250_000
"""Records whose bodies are in the memory of the load at a time, while a store is filled."""

DAY_SECONDS = 86_400


class Stored(Struct, frozen=True):
    """A served store with all its profiles and events, and what filling it showed."""

    server: Server
    profiles: list[Report]
    events: list[Report]
    bytes_a_profile: float
    bytes_an_event: float


class Stage:
    """One run of the benchmark; `now` is its time in epoch seconds.

    `reports` keeps all that was measured: by work, by program, in the order of the rounds.
    """

    def __init__(
        self,
        stack: ExitStack,
        *,
        folder: Path,
        sizes: Sizes,
        rounds: int,
        now: int,
        say: Callable[[str], None],
    ) -> None:
        self.folder, self.sizes, self.rounds, self.now = folder, sizes, rounds, now
        self.reports: dict[str, dict[str, list[Report]]] = {}
        self._stack, self.say = stack, say

    def in_turns(
        self, work: str, programs: Mapping[str, Callable[[int], Report]]
    ) -> dict[str, list[Report]]:
        """Run every program once a round, in order; each gets the number of the round, from 0."""
        reports: dict[str, list[Report]] = {name: [] for name in programs}
        self.reports[work] = reports
        for turn in range(self.rounds):
            for name, program in programs.items():
                self.say(f"{work}: round {turn + 1} of {self.rounds}, {name}")
                reports[name].append(program(turn))
        return reports

    def new_mien(
        self, name: str, store_url: str | None = None, *, proxies: int = 0
    ) -> AbstractContextManager[Server]:
        """Serve a new store; it is SQLite in a folder of this name unless a URL says otherwise.

        So many `proxies` are believed to tell the addresses of clients.
        """
        data = self.folder / name
        variables = {"MIEN_PROXIES": str(proxies)}
        if store_url:
            variables["MIEN_STORE_URL"] = store_url
        return server.mien(data, server.create_account(data, variables), variables)

    @cached_property
    def stored(self) -> Stored:
        """The store filled over the API, served until the run ends."""
        data = self.folder / "stored"
        keys = server.create_account(data, {})
        sizes = [_folder_bytes(data)]
        with server.mien(data, keys, {}) as running:
            profiles = self._fill("profiles", list(self._profile_orders(running)))
        sizes.append(_folder_bytes(data))
        with server.mien(data, keys, {}) as running:
            events = self._fill("events", list(self._event_orders(running)))
        sizes.append(_folder_bytes(data))
        return Stored(
            server=self._stack.enter_context(server.mien(data, keys, {})),
            profiles=profiles,
            events=events,
            bytes_a_profile=(sizes[1] - sizes[0]) / self.sizes.stored_profiles,
            bytes_an_event=(sizes[2] - sizes[1]) / self.sizes.stored_events,
        )

    @cached_property
    def empty_route(self) -> Server:
        """The floor of reading, served until the run ends."""
        return self._stack.enter_context(server.empty_route(self.folder / "empty_route.log"))

    def _fill(self, what: str, orders: list[LoadOrder]) -> list[Report]:
        reports = []
        for place, order in enumerate(orders):
            self.say(f"filling a store with {what}: {place * 100 // len(orders)} %")
            reports.append(load(order))
        self.reports[f"filling with {what}"] = {"mien": reports}
        return reports

    def _profile_orders(self, running: Server) -> Iterator[LoadOrder]:
        target = running.target(CONNECTIONS)
        for first, count in _parts(self.sizes.stored_profiles, FILL_PROFILES):
            yield LoadOrder(target, Profiles(InOrder(first, count), per_call=1_000))

    def _event_orders(self, running: Server) -> Iterator[LoadOrder]:
        """Give the events oldest first, as an import should send them."""
        target, total = running.target(CONNECTIONS), self.sizes.stored_events
        start, span = self.now - STORED_DAYS * DAY_SECONDS, STORED_DAYS * DAY_SECONDS
        for first, count in _parts(total, FILL_EVENTS):
            starts_at = start + first * span // total
            ends_at = start + (first + count) * span // total
            people = self.sizes.stored_profiles
            yield LoadOrder(target, Events(first, count, people, starts_at, ends_at))


def _parts(total: int, size: int) -> Iterator[tuple[int, int]]:
    for first in range(0, total, size):
        yield first, min(size, total - first)


def _folder_bytes(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
