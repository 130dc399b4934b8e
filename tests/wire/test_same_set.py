"""A count is the number of rows that the export of the same question gives (G-14), at random."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.shop import DAYS, FILTERS, crowd_records


@pytest.fixture
def crowd(client: httpx.Client) -> httpx.Client:
    """Give the client of an environment with people who did things."""
    # On PostgreSQL a count waits for writers of every database, as those of other tests.
    client.timeout = httpx.Timeout(60)
    answer = client.post("/1/upload", json={"d": crowd_records()}).json()
    assert answer["unprocessed"] == []
    return client


# G-11, G-14
def test_a_count_is_the_number_of_rows_of_the_export(crowd: httpx.Client) -> None:
    counts = []
    for more in FILTERS:
        for name in ("Charged", "Viewed"):
            query = {"event_name": name, **DAYS, **more}
            for what in ("profiles", "events"):
                rows = [_key(each) for each in _export(crowd, what, query)]
                assert _count(crowd, what, query) == len(rows), (what, query)
                counts.append(len(rows))
        people = {"event_name": "-1", **more}
        if not more.keys() & {"event_properties", "session_properties"}:
            rows = [_key(each) for each in _export(crowd, "profiles", people)]
            assert len(set(rows)) == len(rows)
            assert _count(crowd, "profiles", people) == len(rows)
    # The filters are such that they tell people apart.
    assert len(set(counts)) > 20
    assert counts.count(0) < len(counts) / 3


def _count(client: httpx.Client, what: str, query: dict[str, Any]) -> int:
    """Count, and come back for the number if that takes longer than one waits for an answer."""
    answer = client.post(f"/1/counts/{what}.json", json=query).json()
    while answer["status"] == "partial":
        answer = client.get(f"/1/counts/{what}.json?req_id={answer['req_id']}").json()
    assert answer == {"status": "success", "count": answer.get("count")}
    return int(answer["count"])


def _key(record: dict[str, Any]) -> str:
    return str(record.get("identity", record))


def _export(client: httpx.Client, what: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    answer = client.post(f"/1/{what}.json?batch_size=7", json=query).json()
    assert answer["status"] == "success", answer
    cursor = answer["cursor"]
    while cursor:
        page = client.get(f"/1/{what}.json?cursor={cursor}").json()
        yield from page.get("records", [])
        cursor = page.get("next_cursor")
