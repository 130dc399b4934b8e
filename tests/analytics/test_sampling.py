"""A sample is drawn by SQL as by the meaning in memory, on every engine."""

from datetime import UTC

from mien.analytics.engine import Analytics
from mien.analytics.occurrences import sampled_people
from mien.analytics.scope import Scope
from mien.domain.documents import Document
from mien.domain.ids import ProfileId
from mien.domain.matching import Person
from mien.domain.sampling import PRIME, Mixer
from mien.domain.segments import All
from tests.analytics.loading import drop, load, new_environment

IDS = [1, 2, 3, 400, 5_000, PRIME - 1, PRIME + 5, 2**40, 2**62]
NOW = 1_767_225_600


def check_that_the_lowest_ranks_are_drawn(analytics: Analytics) -> None:
    crowd = [Person(ProfileId(each), Document(0), NOW * 1_000) for each in IDS]
    catalog = load(analytics, new_environment(), crowd)
    for seed in (0, 1, 2**62):
        mixer = Mixer.of(seed)
        scope = Scope(catalog, analytics.dialect, NOW, UTC)
        query = sampled_people(All(()), scope, size=5, mixer=mixer)
        rows = analytics.query(query.sql, query.values, seconds=20)
        assert [row[0] for row in rows] == sorted(IDS, key=mixer.rank)[:5]
    drop(analytics, catalog)


def test_duckdb_draws_the_lowest_ranks(duckdb: Analytics) -> None:
    check_that_the_lowest_ranks_are_drawn(duckdb)


def test_clickhouse_draws_the_lowest_ranks(clickhouse: Analytics) -> None:
    check_that_the_lowest_ranks_are_drawn(clickhouse)
