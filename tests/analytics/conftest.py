"""Analytics for the tests of one module, in each engine."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from mien.analytics.engine import Analytics
from tests.support.copies import open_copy

settings.register_profile("long", max_examples=5_000, deadline=None)


@pytest.fixture(scope="module")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analytics]:
    opened = open_copy("duckdb", tmp_path_factory.mktemp("analytics"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analytics]:
    opened = open_copy("clickhouse", tmp_path_factory.mktemp("analytics"))
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=["duckdb", "clickhouse"])
def analytics(request: pytest.FixtureRequest) -> Analytics:
    """Give one, once in each engine."""
    opened: Analytics = request.getfixturevalue(request.param)
    return opened
