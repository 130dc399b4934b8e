"""A count is the number of rows that the export of the same question gives (G-14), at random."""

import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

START = 1_767_225_600
DAYS = {"from": 20260101, "to": 20260228}


@pytest.fixture
def crowd(client: httpx.Client) -> httpx.Client:
    """Give the client of an environment with people who did things."""
    # On PostgreSQL a count waits for writers of every database, as those of other tests.
    client.timeout = httpx.Timeout(60)
    chance = random.Random(14)
    people = [f"p{number}" for number in range(40)]
    records: list[dict[str, Any]] = [
        {
            "type": "profile",
            "identity": person,
            "profileData": {
                "plan": chance.choice(["gold", "basic", "58933", "True"]),
                "score": chance.choice([1, 2.5, "2.5", True]),
                "likes": chance.sample(["art", "tea", "sun"], 2),
                "Gender": chance.choice("MF"),
                "DOB": f"$D_{chance.randrange(1960, 2008)}0229",
                "Email": f"{person}@example.com",
            },
        }
        for person in people
    ]
    records += [
        {
            "type": "event",
            "identity": chance.choice(people),
            "evtName": chance.choice(["Charged", "char ged", "Viewed"]),
            "ts": START + chance.randrange(70 * 86_400),
            "evtData": {
                "Amount": chance.choice([1, 10, 10.5, "10"]),
                "Shop": chance.choice(["north", "south", "%"]),
                "when": "$D_20260110",
            },
        }
        for _ in range(200)
    ]
    # Two ids of one person each: merged by now.
    records += [
        {"type": "event", "FBID": f"f{number}", "evtName": "Viewed", "ts": START + number}
        for number in range(5)
    ]
    records += [
        {"type": "profile", "FBID": f"f{number}", "identity": f"p{number}", "profileData": {}}
        for number in range(5)
    ]
    answer = client.post("/1/upload", json={"d": records}).json()
    assert answer["unprocessed"] == []
    return client


FILTERS: list[dict[str, Any]] = [
    {},
    {"event_properties": [{"name": "Amount", "operator": "greater_than", "value": 5}]},
    {"event_properties": [{"name": "Amount", "operator": "equals", "value": "10"}]},
    {"event_properties": [{"name": "Shop", "operator": "not_equals", "value": ["north", "%"]}]},
    {"event_properties": [{"name": "Shop", "operator": "contains", "value": "%"}]},
    {"event_properties": [{"name": "no", "operator": "does_not_exist"}]},
    {
        "event_properties": [
            {"name": "when", "operator": "less_than_equals", "value": "$D_20260110"}
        ]
    },
    {"session_properties": [{"name": "first_time", "value": "True"}]},
    {"session_properties": [{"name": "utm_source", "operator": "exists"}]},
    {"common_profile_properties": {"profile_fields": [{"name": "plan", "value": "58933"}]}},
    {"common_profile_properties": {"profile_fields": [{"name": "score", "value": "True"}]}},
    {"common_profile_properties": {"profile_fields": [{"name": "likes", "value": "tea"}]}},
    {
        "common_profile_properties": {
            "demographics": [
                {"name": "gender", "value": "female"},
                {"name": "age", "operator": "greater_than", "value": 30},
            ]
        }
    },
    {"common_profile_properties": {"reachability": ["email"]}},
    {"common_profile_properties": {"geo_fields": [["France"]]}},
    {"advanced_query": {"did_all": [{"event_name": "Viewed", **DAYS}]}},
    {"advanced_query": {"did_not": [{"event_name": "Viewed", **DAYS}]}},
    {
        "advanced_query": {
            "did_any": {
                "any_events": [{"event_name": "charged", **DAYS}, {"event_name": "Viewed"}],
                "operator": "greater_than_equals",
                "value": 3,
            }
        }
    },
]


# G-11, G-14
def test_a_count_is_the_number_of_rows_of_the_export(crowd: httpx.Client) -> None:
    counts = []
    for more in FILTERS:
        for name in ("Charged", "Viewed"):
            query = {"event_name": name, **DAYS, **more}
            for what in ("profiles", "events"):
                rows = [_key(each) for each in _export(crowd, what, query)]
                count = crowd.post(f"/1/counts/{what}.json", json=query).json()
                assert count == {"status": "success", "count": len(rows)}, (what, query)
                counts.append(len(rows))
        people = {"event_name": "-1", **more}
        if not more.keys() & {"event_properties", "session_properties"}:
            rows = [_key(each) for each in _export(crowd, "profiles", people)]
            assert len(set(rows)) == len(rows)
            assert crowd.post("/1/counts/profiles.json", json=people).json()["count"] == len(rows)
    # The filters are such that they tell people apart.
    assert len(set(counts)) > 20
    assert counts.count(0) < len(counts) / 3


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
