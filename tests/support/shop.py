"""A crowd of people who did things in a shop, and queries that tell them apart (G-11)."""

import random
from typing import Any

START = 1_767_225_600
DAYS = {"from": 20260101, "to": 20260228}


def crowd_records() -> list[dict[str, Any]]:
    """Give the records of 40 people, five of whom were two at first."""
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
    return records


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
