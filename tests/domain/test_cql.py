"""The query language of the original: the published samples, and what each part means."""

import pytest

from mien.domain.cql.operators import OPERATORS
from mien.domain.cql.people import FACTS
from mien.domain.devices import FACT_NAMES
from mien.domain.segment_json import to_json
from mien.domain.segments import All, Not
from tests.domain.queries import DAY, DAYS, PIZZA, YEAR, equal, event, food, of_people, read

SAMPLES: list[tuple[dict[str, object], list[object]]] = [
    # A base query, days inclusive in the zone of the account.
    ({"event_name": "App Launched", **DAYS}, [event("App Launched")]),
    (
        {"event_name": "Charged", "from": 1622505600, "to": 1625097600},
        [event("Charged", {"since": 1622505600, "until": 1625097600})],
    ),
    (
        food(PIZZA),
        [
            event(
                "choseNewFavoriteFood",
                where=[{"property": "value", "op": "contains", "value": "piz"}],
            )
        ],
    ),
    # The Node library's README writes `props`.
    (
        {"event_name": "choseNewFavoriteFood", **DAYS, "props": [PIZZA]},
        [
            event(
                "choseNewFavoriteFood",
                where=[{"property": "value", "op": "contains", "value": "piz"}],
            )
        ],
    ),
    (
        {
            "event_name": "App Launched",
            **DAYS,
            "session_properties": [{"name": "first_time", "value": "True"}],
        },
        [event("App Launched", first_time=True)],
    ),
    (
        {
            "event_name": "App Launched",
            **DAYS,
            "advanced_query": {
                "did_any": {
                    "any_events": [
                        {"event_name": "like_137", **DAYS},
                        {"event_name": "share_162", **DAYS},
                    ],
                    "operator": "greater_than_equals",
                    "value": 1,
                }
            },
        },
        [event("App Launched"), {"any": [event("like_137"), event("share_162")]}],
    ),
    (
        {
            "event_name": "Flight Search",
            **DAYS,
            "advanced_query": {
                "did_all": [
                    {
                        "event_name": "UTM Visited",
                        **DAYS,
                        "session_properties": [
                            {"name": "utm_campaign", "value": "dsa_generic_flight"}
                        ],
                    }
                ]
            },
        },
        [
            event("Flight Search"),
            event(
                "UTM Visited",
                where=[
                    {"session": "utm_campaign", "op": "any_of", "values": ["dsa_generic_flight"]}
                ],
            ),
        ],
    ),
    (
        {
            "event_name": "Searched",
            **DAYS,
            "common_profile_properties": {"geo_fields": [["United Arab Emirates"]]},
        },
        [
            event("Searched"),
            {
                "any": [
                    {
                        "all": [
                            {
                                "derived": "Country",
                                "op": "any_of",
                                "values": ["United Arab Emirates"],
                            }
                        ]
                    }
                ]
            },
        ],
    ),
    (
        of_people(
            "profile_fields", {"name": "bad_identities", "operator": "exists", "value": "-1"}
        ),
        [{"property": "bad_identities", "op": "exists"}],
    ),
    # Without an event: whoever was active within the year.
    (
        {
            "common_profile_properties": {
                "profile_fields": [{"name": "uid", "operator": "equals", "value": "58933"}]
            }
        },
        [
            {"derived": "Last Seen", "op": "in_last", "days": 365},
            {
                "any": [
                    {"property": "uid", "op": "any_of", "values": [58933, "58933"]},
                    {"property": "uid", "op": "has_any", "values": ["58933"]},
                ]
            },
        ],
    ),
    (
        {"event_name": "-1", **DAYS},
        [
            {"derived": "Last Seen", "op": "after", "day": "2015-08-09"},
            {"derived": "First Seen", "op": "before", "day": "2015-10-26"},
        ],
    ),
]


# G-11
@pytest.mark.parametrize(("raw", "nodes"), SAMPLES, ids=[repr(raw)[:90] for raw, _ in SAMPLES])
def test_what_clients_send_is_read_as_a_segment(
    raw: dict[str, object], nodes: list[object]
) -> None:
    assert to_json(read(raw).tree) == {"all": nodes}


FILTERS: list[tuple[dict[str, object], list[dict[str, object]]]] = [
    ({"operator": "equals", "value": "a"}, [{"op": "any_of", "values": ["a"]}]),
    ({"operator": "equals", "value": ["b", "a"]}, [{"op": "any_of", "values": ["a", "b"]}]),
    ({"operator": "equals", "value": "True"}, [{"op": "any_of", "values": [True, "True"]}]),
    ({"operator": "equals", "value": "false"}, [{"op": "any_of", "values": [False, "false"]}]),
    ({"operator": "equals", "value": True}, [{"op": "any_of", "values": [True]}]),
    ({"operator": "equals", "value": 5.0}, [{"op": "any_of", "values": [5]}]),
    ({"operator": "equals", "value": "0.5"}, [{"op": "any_of", "values": [0.5, "0.5"]}]),
    ({"operator": "equals", "value": "007"}, [{"op": "any_of", "values": ["007"]}]),
    ({"operator": "equals", "value": DAY}, [{"op": "on", "day": "2026-03-29"}]),
    ({"operator": "greater_than", "value": 5}, [{"op": "more_than", "value": 5}]),
    ({"operator": "greater_than_equals", "value": "5"}, [{"op": "at_least", "value": 5}]),
    ({"operator": "less_than", "value": 2.5}, [{"op": "less_than", "value": 2.5}]),
    ({"operator": "less_than_equals", "value": [5]}, [{"op": "at_most", "value": 5}]),
    # A moment, 23:30 by UTC, is on the day that it is then in Paris.
    ({"operator": "equals", "value": "$D_1774740600"}, [{"op": "on", "day": "2026-03-29"}]),
    ({"operator": "greater_than", "value": DAY}, [{"op": "after", "day": "2026-03-29"}]),
    ({"operator": "greater_than_equals", "value": DAY}, [{"op": "after", "day": "2026-03-28"}]),
    ({"operator": "less_than", "value": DAY}, [{"op": "before", "day": "2026-03-29"}]),
    ({"operator": "less_than_equals", "value": DAY}, [{"op": "before", "day": "2026-03-30"}]),
    ({"operator": "exists"}, [{"op": "exists"}]),
    ({"operator": "contains", "value": "50%"}, [{"op": "contains", "value": "50%"}]),
]
NEGATED: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"operator": "not_equals", "value": "a"}, {"op": "any_of", "values": ["a"]}),
    ({"operator": "does_not_contain", "value": "a"}, {"op": "contains", "value": "a"}),
    ({"operator": "does_not_exist"}, {"op": "exists"}),
]


# G-11
@pytest.mark.parametrize(("part", "conditions"), FILTERS, ids=repr)
def test_an_operator_is_a_condition_and_a_value_means_each_form_it_may_be_stored_in(
    part: dict[str, object], conditions: list[dict[str, object]]
) -> None:
    where = event("choseNewFavoriteFood", where=[{"property": "x", **c} for c in conditions])
    assert to_json(read(food({"name": "x", **part})).tree) == {"all": [where]}


# G-11
@pytest.mark.parametrize(("part", "condition"), NEGATED, ids=repr)
def test_a_negation_holds_for_want_of_a_value_too(
    part: dict[str, object], condition: dict[str, object]
) -> None:
    asked = {"property": "x", **condition}
    where = event("choseNewFavoriteFood", where=[{"not": asked}])
    assert to_json(read(food({"name": "x", **part})).tree) == {"all": [where]}
    tree = read(of_people("profile_fields", {"name": "x", **part})).tree
    assert isinstance(tree, All)
    assert isinstance(tree.nodes[0], Not)


# G-11
def test_every_operator_is_shown() -> None:
    shown = {part["operator"] for part, _ in [*FILTERS, *NEGATED]}
    assert shown == set(OPERATORS)


PEOPLE: list[tuple[str, object, object]] = [
    ("profile_fields", {"name": "plan", "operator": "equals", "value": "x"}, equal("plan", "x")),
    (
        "profile_fields",
        {"name": "plan", "operator": "contains", "value": ["a", "b"]},
        {"any": [{"property": "plan", "op": "contains", "value": each} for each in "ab"]},
    ),
    (
        "profile_fields",
        {"name": "Age", "operator": "greater_than", "value": "17"},
        {"derived": "Age", "op": "more_than", "value": 17},
    ),
    (
        "profile_fields",
        {"name": "Phone", "operator": "equals", "value": 14155551234},
        equal("Phone", "+14155551234"),
    ),
    ("profile_fields", {"name": "Gender", "value": "female"}, equal("Gender", "F")),
    ("demographics", {"name": "gender", "value": ["male", "F"]}, equal("Gender", "F", "M")),
    (
        "demographics",
        {"name": "age", "operator": "equals", "value": [18, 19]},
        {"derived": "Age", "op": "any_of", "values": [18, 19]},
    ),
    (
        "demographics",
        {"name": "Language", "value": "fr"},
        {"derived": "Language", "op": "any_of", "values": ["fr"]},
    ),
    (
        "geo_fields",
        ["France", "Île-de-France", "Paris"],
        {
            "any": [
                {
                    "all": [
                        {"derived": "Country", "op": "any_of", "values": ["France"]},
                        {"derived": "Region", "op": "any_of", "values": ["Île-de-France"]},
                        {"derived": "City", "op": "any_of", "values": ["Paris"]},
                    ]
                }
            ]
        },
    ),
    (
        "technographics",
        {"name": "OS", "value": ["Android", "iOS"]},
        {"device": [{"fact": "os", "op": "any_of", "values": ["Android", "iOS"]}]},
    ),
    (
        "app_fields",
        {"name": "app_version", "operator": "not_equals", "value": 6.1},
        {"not": {"device": [{"fact": "app_version", "op": "any_of", "values": ["6.1"]}]}},
    ),
    (
        "app_fields",
        {"name": "App Version", "operator": "less_than", "value": "2.10"},
        {"device": [{"fact": "app_version", "op": "version_below", "value": "2.10"}]},
    ),
    (
        "app_fields",
        {"name": "os version", "operator": "greater_than", "value": 10},
        {"device": [{"fact": "os_version", "op": "version_at_least", "value": "10.0.0.0.0.0.0.1"}]},
    ),
    ("reachability", "email", {"channel": "email", "is": "reachable"}),
    (
        "reachability",
        {"name": "Web Push", "value": "False"},
        {"not": {"channel": "webpush", "is": "reachable"}},
    ),
    (
        "reachability",
        {"name": "sms", "operator": "not_equals", "value": "True"},
        {"not": {"channel": "sms", "is": "reachable"}},
    ),
    (
        "reachability",
        {"name": "push", "operator": "does_not_exist"},
        {"not": {"channel": "push", "is": "reachable"}},
    ),
]


# G-11
@pytest.mark.parametrize(("part", "item", "node"), PEOPLE, ids=repr)
def test_each_common_profile_property_is_a_node(part: str, item: object, node: object) -> None:
    assert to_json(read(of_people(part, item)).tree) == {"all": [node]}


# G-11
def test_facts_of_a_device_are_asked_of_one_device() -> None:
    raw = of_people("technographics", {"name": "os", "value": "Android"})
    raw["common_profile_properties"]["app_fields"] = [{"name": "make", "value": "Sony"}]
    facts = [
        {"fact": "os", "op": "any_of", "values": ["Android"]},
        {"fact": "make", "op": "any_of", "values": ["Sony"]},
    ]
    assert to_json(read(raw).tree) == {"all": [{"device": facts}]}
    assert set(FACTS.values()) <= set(FACT_NAMES)


NOT_DONE: list[object] = [{"not": event("a")}, {"not": event("b")}]
GROUPS: list[tuple[str, object, list[object]]] = [
    ("did_all", [{"event_name": "a"}, {"event_name": "b"}], [event("a", YEAR), event("b", YEAR)]),
    ("did_all", [], []),
    ("did_any", [{"event_name": "a"}], [{"any": [event("a", YEAR)]}]),
    (
        "did_any",
        {"any_events": [{"event_name": "a"}], "operator": "greater_than", "value": 2},
        [{"any": [event("a", YEAR, count={"op": "more_than", "value": 2})]}],
    ),
    (
        "did_all",
        [{"event_name": "a", "operator": "equals", "value": 2}],
        [event("a", YEAR, count={"op": "any_of", "values": [2]})],
    ),
    *(
        (group, [{"event_name": "a", **DAYS}, {"event_name": "b", **DAYS}], NOT_DONE)
        for group in ("did_none", "did_not", "did_not_any", "did_not_all")
    ),
]


# G-11
@pytest.mark.parametrize(("group", "raw", "nodes"), GROUPS, ids=repr)
def test_events_of_an_advanced_query_are_joined_as_their_group_says(
    group: str, raw: object, nodes: list[object]
) -> None:
    query = {"event_name": "-1", "advanced_query": {group: raw}}
    assert to_json(read(query).tree) == {"all": nodes}


# G-11
def test_a_query_tells_of_which_events_it_speaks() -> None:
    raw = {"event_name": "a", **DAYS, "advanced_query": {"did_not": [{"event_name": "b"}]}}
    assert read(raw).event_names == ["a", "b"]
