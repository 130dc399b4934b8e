"""The query language of the original: what is refused, with its path; nothing else can come of a query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.cql.operators import OPERATORS, VALUES
from mien.domain.cql.query import parse_event_query
from mien.domain.errors import InvalidInputError
from mien.domain.segment_json import parse_segment, to_json
from mien.domain.segments import NODES
from tests.domain.queries import DAY, DAYS, PARIS, PIZZA, food, of_people, read


def _filter(**changes: object) -> dict[str, object]:
    return food({"name": "x", "operator": "equals", "value": 1, **changes})


REFUSED: list[tuple[object, str, str]] = [
    ([], "", "object"),
    ({}, "event_name", "name the event"),
    ({"event_name": "a"}, "from", "YYYYMMDD"),
    ({"event_name": "a", "from": 20260230, "to": 20260301}, "from", "not a day"),
    ({"event_name": "a", "from": 20260302, "to": 20260301}, "to", "after from"),
    ({"event_name": "a", "from": 99991231, "to": 99991231}, "to", "not a day"),
    ({"event_name": "a", "from": 1795000000000, "to": 1796000000000}, "from", "milliseconds"),
    ({"event_name": "a\x00", **DAYS}, "event_name", "control character"),
    ({"event_name": "\ud800", **DAYS}, "event_name", "surrogate"),
    ({"event_name": "a", **DAYS, "segment": 1}, "segment", "unknown"),
    ({"event_name": "-1", "event_properties": [PIZZA]}, "event_properties", "filters an event"),
    (food() | {"event_properties": {}}, "event_properties", "list"),
    (food() | {"event_properties": ["x"]}, "event_properties[0]", "object"),
    (_filter(name=7), "event_properties[0].name", "text"),
    (_filter(name="a.b"), "event_properties[0].name", "prohibited"),
    (_filter(name="\ud800"), "event_properties[0].name", "surrogate"),
    (_filter(op="?"), "event_properties[0].op", "unknown"),
    (_filter(operator="like"), "event_properties[0].operator", "greater_than"),
    (_filter(operator=None), "event_properties[0].operator", "missing"),
    (_filter(operator=["equals"]), "event_properties[0].operator", "none"),
    (_filter(value=None), "event_properties[0].value", "text, a number"),
    (_filter(value=[]), "event_properties[0].value", "0 came"),
    (_filter(value=[1] * (VALUES + 1)), "event_properties[0].value", f"1 to {VALUES}"),
    (_filter(value=[1, {}]), "event_properties[0].value[1]", "text, a number"),
    (_filter(value=2**63), "event_properties[0].value", "64 bits"),
    (_filter(value="a" * 513), "event_properties[0].value", "512 bytes"),
    (_filter(value=[1, "\ud800"]), "event_properties[0].value[1]", "surrogate"),
    (_filter(value="$D_x"), "event_properties[0].value", "not a date"),
    (_filter(value="$D_253402300799"), "event_properties[0].value", "not a date"),
    (_filter(value="$D_" + "9" * 30), "event_properties[0].value", "not a date"),
    (_filter(value="$D_99991231"), "event_properties[0].value", "9998"),
    (
        _filter(operator="greater_than_equals", value="$D_00010101"),
        "event_properties[0].value",
        "nearer",
    ),
    (_filter(value=[DAY, "a"]), "event_properties[0].value", "one value"),
    (_filter(operator="contains", value=""), "event_properties[0].value", "empty"),
    (_filter(operator="contains", value=True), "event_properties[0].value", "text"),
    (_filter(operator="contains", value=DAY), "event_properties[0].value", "a date is compared"),
    (_filter(operator="contains", value=["a", "b"]), "event_properties[0].value", "one value"),
    (_filter(operator="less_than", value="a"), "event_properties[0].value", "number"),
    (_filter(operator="less_than", value=[1, 2]), "event_properties[0].value", "one value"),
    (_filter(operator="less_than", value=True), "event_properties[0].value", "number"),
    (
        {**food(), "session_properties": [{"name": "time_of_day", "value": ["00:00", "14:00"]}]},
        "session_properties[0].name",
        "not kept",
    ),
    (
        {**food(), "session_properties": [{"name": "first_time", "value": "False"}]},
        "session_properties[0].value",
        "True",
    ),
    (
        of_people("profile_fields", {"name": "Identity", "value": "a"}),
        "…profile_fields[0].name",
        "not filtered by",
    ),
    (of_people("segments", {}), "…segments", "unknown"),
    (of_people("demographics", {"name": "shoe", "value": 1}), "…demographics[0].name", "gender"),
    (of_people("demographics", {"value": 1}), "…demographics[0].name", "missing"),
    (
        of_people("demographics", {"name": "age", "value": "old"}),
        "…demographics[0].value",
        "number",
    ),
    (
        of_people("demographics", {"name": "age", "operator": "contains", "value": "1"}),
        "…demographics[0].value",
        "for texts",
    ),
    (of_people("geo_fields", "France"), "…geo_fields[0]", "country"),
    (of_people("geo_fields", ["a", "b", "c", "d"]), "…geo_fields[0]", "country"),
    (of_people("geo_fields", ["a", None]), "…geo_fields[0][1].value", "text"),
    (of_people("app_fields", {"name": "carrier", "value": "a"}), "…app_fields[0].name", "make"),
    (
        of_people("app_fields", {"name": "make", "operator": "less_than", "value": 1}),
        "…app_fields[0].value",
        "for numbers",
    ),
    (
        of_people("app_fields", {"name": "os version", "operator": "less_than", "value": "x"}),
        "…app_fields[0].value",
        "a version such as",
    ),
    (of_people("reachability", "pigeon"), "…reachability[0].name", "email"),
    (of_people("reachability", {"name": "sms", "value": 7}), "…reachability[0].value", "True"),
    ({"event_name": "-1", "advanced_query": []}, "advanced_query", "object"),
    ({"event_name": "-1", "advanced_query": {"likes": []}}, "advanced_query.likes", "did_all"),
    (
        {"event_name": "-1", "advanced_query": {"did_all": [{}]}},
        "advanced_query.did_all[0].event_name",
        "name the event",
    ),
    (
        {"event_name": "-1", "advanced_query": {"did_all": [{"event_name": "a", "from": 1}]}},
        "advanced_query.did_all[0].to",
        "YYYYMMDD",
    ),
    (
        {"event_name": "-1", "advanced_query": {"did_any": {"any_events": []}}},
        "advanced_query.did_any.any_events",
        "at least one",
    ),
    (
        {
            "event_name": "-1",
            "advanced_query": {
                "did_any": {
                    "any_events": [{"event_name": "a"}],
                    "operator": "not_equals",
                    "value": 1,
                }
            },
        },
        "advanced_query.did_any.operator",
        "count",
    ),
    (of_people("profile_fields", *[{"name": "a", "operator": "exists"}] * NODES), "", "parts"),
]


# G-11
@pytest.mark.parametrize(
    ("raw", "path", "problem"),
    REFUSED,
    ids=[f"{place} {at}: {why}" for place, (_, at, why) in enumerate(REFUSED)],
)
def test_what_is_wrong_is_refused_with_its_path(raw: object, path: str, problem: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        read(raw)
    assert refusal.value.path == path.replace("…", "common_profile_properties.")
    assert problem in refusal.value.problem


# G-11
@pytest.mark.parametrize(
    "raw", [{}, {"event_name": "-1"}, of_people("reachability", "email")], ids=repr
)
def test_an_export_of_events_needs_an_event(raw: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        parse_event_query(raw, PARIS)


words = st.sampled_from(
    [
        *("event_name", "from", "to", "event_properties", "props", "session_properties"),
        *("common_profile_properties", "advanced_query", "profile_fields", "demographics"),
        *("geo_fields", "technographics", "app_fields", "reachability", "did_all", "did_any"),
        *("did_none", "any_events", "name", "operator", "value", "first_time", "Age", "os"),
        *OPERATORS,
    ]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    words,
    st.sampled_from([20150810, 20151025, DAY, "-1", "App Launched", "\ud800"]),
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
some_filters = st.lists(
    st.fixed_dictionaries(
        {"name": words | st.text(max_size=3)},
        optional={"operator": st.sampled_from(OPERATORS), "value": anything},
    ),
    max_size=3,
)
some_events = st.lists(
    st.fixed_dictionaries(
        {"event_name": words},
        optional={
            "event_properties": some_filters,
            "session_properties": some_filters,
            **dict.fromkeys(("from", "to", "operator", "value"), scalars),
        },
    ),
    max_size=3,
)
some_queries = st.fixed_dictionaries(
    {"event_name": st.sampled_from(["-1", "App Launched"]) | anything},
    optional={
        **{key: st.sampled_from([20150810, 20151025, 0, 1]) for key in ("from", "to")},
        "event_properties": some_filters,
        "session_properties": some_filters,
        "common_profile_properties": st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("profile_fields", "demographics", "app_fields", "reachability"), some_filters
            ),
        ),
        "advanced_query": st.dictionaries(
            st.sampled_from(["did_all", "did_any", "did_none"]), some_events, max_size=3
        ),
    },
)


# G-11
@given(raw=anything | some_queries)
def test_whatever_comes_is_read_or_refused_and_what_is_read_is_a_segment(raw: object) -> None:
    try:
        tree = read(raw).tree
    except InvalidInputError:
        return
    assert to_json(parse_segment(to_json(tree))) == to_json(tree)
