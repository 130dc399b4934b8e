"""How much is measured: enough for a look by default, the promised sizes with `--full`."""

from msgspec import Struct


class Sizes(Struct, frozen=True):
    """Numbers of records; those without `stored` are for one round.

    There are events for a visit of everybody, so that an export by event meets everybody.
    """

    profiles: int
    events: int
    stored_profiles: int
    stored_events: int
    profiles_beside_reads: int
    profiles_on_postgres: int
    page_visits: int
    visitors: int
    merge_pairs: int
    counted_people: int
    counted_events: int
    read_seconds: float


SMALL = Sizes(
    profiles=20_000,
    events=50_000,
    stored_profiles=50_000,
    stored_events=200_000,
    profiles_beside_reads=30_000,
    profiles_on_postgres=10_000,
    page_visits=1_000,
    visitors=5_000,
    merge_pairs=3,
    counted_people=100_000,
    counted_events=2_000_000,
    read_seconds=1.0,
)
FULL = Sizes(
    profiles=50_000,
    events=200_000,
    stored_profiles=1_000_000,
    stored_events=10_000_000,
    profiles_beside_reads=200_000,
    profiles_on_postgres=30_000,
    page_visits=5_000,
    visitors=100_000,
    merge_pairs=10,
    counted_people=1_000_000,
    counted_events=20_000_000,
    read_seconds=5.0,
)
