"""What the measuring processes are told, and what they answer.

An order is one line of JSON on the standard input of a child; a report is one line
on its standard output. Bodies are not sent: a child makes them itself, from the same
numbers, before its clock starts.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

STRIDE = 15_485_863
"""A prime above any number of people here, so that steps of it visit everybody once."""


class InOrder(Struct, frozen=True, tag="in_order"):
    """The people `first` to `first + count - 1`, one after the other."""

    first: int
    count: int


class Scattered(Struct, frozen=True, tag="scattered"):
    """`count` people out of the first `people`, far from each other, from turn `first` on.

    Nobody comes twice within `people` turns.
    """

    first: int
    count: int
    people: int


class Profiles(Struct, frozen=True, tag="profiles"):
    """Upload profile records; a higher `version` changes some properties of the same people."""

    who: InOrder | Scattered
    per_call: int = 100
    version: int = 0


class Events(Struct, frozen=True, tag="events"):
    """Upload `count` events of the first `people`, in short visits, from event `first` on.

    They are spread evenly from `starts_at` to `ends_at`, in epoch seconds.
    """

    first: int
    count: int
    people: int
    starts_at: int
    ends_at: int
    per_call: int = 1_000


class Visitors(Struct, frozen=True, tag="visitors"):
    """Upload what the visitors `first` to `first + count - 1` did, and who they turn out to be."""

    first: int
    count: int
    now: int
    per_call: int = 100


class Pages(Struct, frozen=True, tag="pages"):
    """Send what the web SDK sends for the visits `first` to `first + count - 1`, at `now`."""

    first: int
    count: int
    now: int


class Merges(Struct, frozen=True, tag="merges"):
    """Merge the first `people` two by two, each time undoing it before the next, `times` over.

    The call times of the report are those of one of the two.
    """

    people: int
    times: int
    measures: Literal["merge", "undo"] = "merge"


class Reads(Struct, frozen=True, tag="reads"):
    """GET these paths in a circle until `seconds` are over or the parent says stop."""

    paths: list[str]
    seconds: float


class Views(Struct, frozen=True, tag="views"):
    """GET a page of the dashboard again and again, as the member whose session it is."""

    path: str
    session: str
    seconds: float


class Counts(Struct, frozen=True, tag="counts"):
    """Count everybody who did this event in 30 days, again and again, until the parent says stop.

    The answer has to be of all that was answered before it was asked (S-04).
    """

    event_name: str


class Export(Struct, frozen=True, tag="export"):
    """Walk the profiles of everybody who did `event_name`, days as YYYYMMDD, both included."""

    event_name: str
    first_day: int
    last_day: int
    page_size: int = 5_000


class Crowd(Struct, frozen=True, tag="crowd"):
    """Fill tables for counting: the people 1 to `people`, and what they did in 90 days until `now`."""

    people: int
    events: int
    now: int


class Changes(Struct, frozen=True, tag="changes"):
    """Copy `steps` steps of changed people, who come from anywhere among the people 1 to `people`."""

    people: int
    steps: int
    now: int


class Question(Struct, frozen=True, tag="question"):
    """Count who is meant, `times` over, as of `now`: by two properties, or by the whole sentence."""

    about: Literal["properties", "sentence"]
    times: int
    now: int


class Target(Struct, frozen=True):
    """Where the load goes: a port of this machine, the keys of an account, connections."""

    port: int
    account_id: str = ""
    passcode: str = ""
    connections: int = 1


class LoadOrder(Struct, frozen=True):
    """One job for the load generator; `rate` is calls a second, None as fast as they are answered."""

    target: Target
    job: Profiles | Events | Visitors | Pages | Merges | Reads | Views | Counts | Export
    rate: float | None = None


class FloorOrder(Struct, frozen=True):
    """One job for a floor; `database` is a file path or a PostgreSQL address."""

    database: str
    job: Profiles | Events | Crowd | Changes | Question


class Report(Struct, frozen=True):
    """What one child measured: `records` in `seconds`, call times in milliseconds.

    `cpu_seconds` is what the child itself used, to show what the load took from the server.
    """

    records: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds


def numbers(who: InOrder | Scattered) -> Iterable[int]:
    """Give the numbers of the people meant, in the order of the upload."""
    turns = range(who.first, who.first + who.count)
    if isinstance(who, InOrder):
        return turns
    return (turn * STRIDE % who.people for turn in turns)
