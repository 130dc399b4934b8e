"""What is no segment: refused with its path, however it is broken (S-02)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.conditions import VALUES
from mien.domain.errors import InvalidSegmentError
from mien.domain.segment_json import parse_segment, to_json
from mien.domain.segments import DEPTH, NODES

PLAN: dict[str, object] = {"property": "Plan", "op": "equals", "value": "Gold"}
REFUSED: list[tuple[object, str]] = [
    (None, "segment"),
    ([], "segment"),
    ({}, "segment"),
    ({"also": []}, "segment"),
    ({"all": [], "any": []}, "segment"),
    ({"all": {}}, "segment.all"),
    ({"all": [PLAN, 7]}, "segment.all[1]"),
    ({"all": [], "x": 1}, "segment.x"),
    ({"not": [PLAN]}, "segment.not"),
    ({"not": {"any": [{**PLAN, "op": "like"}]}}, "segment.not.any[0].op"),
    ({"property": "Plan"}, "segment.op"),
    ({"property": 1, "op": "exists"}, "segment.property"),
    ({"property": "", "op": "exists"}, "segment.property"),
    ({"property": "k" * 121, "op": "exists"}, "segment.property"),
    ({"property": "a'; drop table x", "op": "exists"}, "segment.property"),
    ({"property": "Plan", "op": "equals", "value": None}, "segment.value"),
    ({"property": "Plan", "op": "contains", "value": ""}, "segment.value"),
    ({"property": "Plan", "op": "starts_with", "value": ""}, "segment.value"),
    ({"property": "Plan", "op": "equals", "value": "x" * 513}, "segment.value"),
    ({"property": "Plan", "op": "equals", "value": "\ud800"}, "segment.value"),
    ({"property": "\ud800", "op": "exists"}, "segment.property"),
    ({"did": "\ud800"}, "segment.did"),
    ({"property": "Plan", "op": "in_last", "days": 2**70}, "segment.days"),
    ({"property": "Plan", "op": "equals", "value": "$D_1"}, "segment.value"),
    ({"property": "Plan", "op": "equals", "value": 2**63}, "segment.value"),
    ({"property": "Plan", "op": "equals", "value": float("inf")}, "segment.value"),
    ({"property": "Plan", "op": "equals", "value": "a", "or": "b"}, "segment"),
    ({"property": "Plan", "op": "any_of", "values": []}, "segment.values"),
    ({"property": "Plan", "op": "any_of", "values": "ab"}, "segment.values"),
    ({"property": "Plan", "op": "any_of", "values": [1, None]}, "segment.values[1]"),
    ({"property": "Plan", "op": "any_of", "values": ["a", "$D_1"]}, "segment.values[1]"),
    ({"property": "Plan", "op": "has_any", "values": ["a", "x" * 513]}, "segment.values[1]"),
    ({"property": "Plan", "op": "any_of", "values": ["a"] * (VALUES + 1)}, "segment.values"),
    ({"property": "Plan", "op": "less_than", "value": "1"}, "segment.value"),
    ({"property": "Plan", "op": "less_than", "value": True}, "segment.value"),
    ({"property": "Plan", "op": "between", "low": 2, "high": 1}, "segment.low"),
    ({"property": "Plan", "op": "on", "day": "2026-02-30"}, "segment.day"),
    ({"property": "Plan", "op": "on", "day": "9999-01-01"}, "segment.day"),
    ({"property": "Plan", "op": "in_last", "days": 0}, "segment.days"),
    ({"property": "Plan", "op": "in_next", "days": 3_651}, "segment.days"),
    ({"property": "Plan", "op": "anniversary", "days": 366}, "segment.days"),
    ({"derived": "Shoe", "op": "exists"}, "segment.derived"),
    ({"derived": "Age", "op": "contains", "value": "1"}, "segment.op"),
    ({"derived": "Age", "op": "equals", "value": "18"}, "segment.value"),
    ({"derived": "City", "op": "equals", "value": 1}, "segment.value"),
    ({"derived": "Last Seen", "op": "at_least", "value": 1}, "segment.op"),
    ({"did": ""}, "segment.did"),
    ({"did": "Charged", "times": 3}, "segment.times"),
    ({"did": "Charged", "window": 30}, "segment.window"),
    ({"did": "Charged", "window": {}}, "segment.window"),
    ({"did": "Charged", "window": {"last_days": 1, "last_hours": 1}}, "segment.window"),
    ({"did": "Charged", "window": {"last_days": "1"}}, "segment.window.last_days"),
    ({"did": "Charged", "window": {"from": None}}, "segment.window"),
    ({"did": "Charged", "window": {"to": "9999-12-31"}}, "segment.window.to"),
    (
        {"did": "Charged", "window": {"from": "2026-01-02", "to": "2026-01-01"}},
        "segment.window.from",
    ),
    ({"did": "Charged", "window": {"since": 5, "until": 5}}, "segment.window.until"),
    ({"did": "Charged", "window": {"since": 5}}, "segment.window"),
    ({"did": "Charged", "window": {"since": 0, "until": 10**12}}, "segment.window.until"),
    ({"did": "Charged", "first_time": False}, "segment.first_time"),
    ({"did": "Charged", "where": [{"property": "Amount", "op": "?"}]}, "segment.where[0].op"),
    (
        {"did": "Charged", "where": [{"not": {"session": "a", "op": "?"}}]},
        "segment.where[0].not.op",
    ),
    ({"did": "Charged", "where": [{"not": PLAN, "op": "exists"}]}, "segment.where[0].op"),
    ({"did": "Charged", "where": [PLAN, {"fact": "os"}]}, "segment.where[1].property"),
    ({"did": "Charged", "where": [{"items": "Items"}]}, "segment.where[0].has"),
    ({"did": "Charged", "where": [{"items": "Items", "has": []}]}, "segment.where[0].has"),
    ({"did": "Charged", "where": [{"items": "Items", "has": PLAN}]}, "segment.where[0].has"),
    ({"did": "Charged", "where": [{"items": "", "has": [PLAN]}]}, "segment.where[0].items"),
    (
        {"did": "Charged", "where": [{"items": "Items", "property": "a", "has": [PLAN]}]},
        "segment.where[0].property",
    ),
    (
        {
            "did": "Charged",
            "where": [{"not": {"items": "Items", "has": [PLAN, {"not": PLAN | {"op": "?"}}]}}],
        },
        "segment.where[0].not.has[1].not.op",
    ),
    (
        {
            "did": "Charged",
            "where": [{"items": "Items", "has": [{"session": "a", "op": "exists"}]}],
        },
        "segment.where[0].has[0].property",
    ),
    (
        {
            "did": "Charged",
            "where": [{"items": "Items", "has": [{"items": "Inner", "has": [PLAN]}]}],
        },
        "segment.where[0].has[0].property",
    ),
    ({"items": "Items", "has": [PLAN]}, "segment"),
    ({"did": "Charged", "count": 3}, "segment.count"),
    ({"did": "Charged", "count": {"op": "exists"}}, "segment.count"),
    ({"did": "Charged", "sum": {"op": "exists"}}, "segment.sum.of"),
    ({"did": "Charged", "count": {"op": "at_least", "value": "3"}}, "segment.count.value"),
    ({"did": "Charged", "first": {"op": "at_least", "value": 3}}, "segment.first.op"),
    ({"did": "Charged", "first": {"op": "exists"}, "last": {"op": "exists"}}, "segment.first"),
    ({"device": []}, "segment.device"),
    ({"device": [{"fact": "shoe", "op": "exists"}]}, "segment.device[0].fact"),
    ({"device": [{"fact": "os", "op": "equals", "value": 1}]}, "segment.device[0].value"),
    ({"channel": "pigeon"}, "segment.channel"),
    ({"channel": "email", "is": "sleeping"}, "segment.is"),
    ({"channel": "email", "group": 1}, "segment.group"),
    ({"test_user": False}, "segment.test_user"),
    ({"disabled": False}, "segment.disabled"),
    ({"disabled": True, "op": "exists"}, "segment.op"),
    ({"segment": 7}, "segment.segment"),
    ({"segment": ""}, "segment.segment"),
    ({"segment": "'; drop table segments --"}, "segment.segment"),
    ({"segment": "7", "op": "exists"}, "segment.op"),
    ({"property": "a", "op": "version_below", "value": "v2"}, "segment.value"),
    ({"property": "a", "op": "version_below", "value": "2."}, "segment.value"),
    ({"property": "a", "op": "version_at_least", "value": "1.1.1.1.1.1.1.1.1"}, "segment.value"),
    ({"property": "a", "op": "version_at_least", "value": "٢"}, "segment.value"),
    ({"derived": "Age", "op": "version_at_least", "value": "2"}, "segment.op"),
    ({"did": "Charged", "sum": {"of": "a", "op": "at_least", "value": 1e24}}, "segment.sum"),
    (
        {"did": "Charged", "average": {"of": "a", "op": "any_of", "values": [1, -1e25]}},
        "segment.average",
    ),
]


# S-02
@pytest.mark.parametrize(
    ("raw", "path"), REFUSED, ids=[f"{path} {place}" for place, (_, path) in enumerate(REFUSED)]
)
def test_a_part_that_is_unknown_or_wrong_is_refused_with_its_path(raw: object, path: str) -> None:
    with pytest.raises(InvalidSegmentError) as refusal:
        parse_segment(raw)
    assert refusal.value.path == path
    assert refusal.value.problem
    assert str(refusal.value) == f"{path}: {refusal.value.problem}"


# S-02
def test_nodes_nest_as_deep_as_the_limit_says_and_a_thousand_levels_are_refused() -> None:
    def nested(levels: int) -> dict[str, object]:
        node: dict[str, object] = {"test_user": True}
        for _ in range(levels - 1):
            node = {"not": node}
        return node

    parse_segment(nested(DEPTH))
    for levels in (DEPTH + 1, 1_000):
        with pytest.raises(InvalidSegmentError, match=f"deeper than {DEPTH} levels") as refusal:
            parse_segment(nested(levels))
        assert refusal.value.path == "segment" + ".not" * DEPTH


# S-02
def test_a_tree_has_as_many_parts_as_the_limit_says() -> None:
    filters = [{"property": "a", "op": "exists"}] * (NODES - 2)
    parse_segment({"all": [{"did": "Charged", "where": filters}]})
    with pytest.raises(InvalidSegmentError, match=f"more than {NODES} parts"):
        parse_segment({"all": [{"did": "Charged", "where": [*filters, filters[0]]}]})
    listed = {"did": "Charged", "where": [{"items": "Items", "has": filters}]}
    parse_segment(listed)
    with pytest.raises(InvalidSegmentError, match=f"more than {NODES} parts"):
        parse_segment({"all": [listed]})


words = st.sampled_from(
    [
        "all",
        "any",
        "not",
        "property",
        "derived",
        "did",
        "device",
        "channel",
        "test_user",
        "disabled",
        "op",
        "value",
        "values",
        "day",
        "days",
        "window",
        "where",
        "session",
        "items",
        "has",
        "first_time",
        "since",
        "until",
        "sum",
        "of",
        "fact",
        "is",
        "exists",
        "equals",
    ]
)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
)


# S-02
@given(junk)
def test_anything_at_all_is_read_or_refused(raw: object) -> None:
    try:
        tree = parse_segment(raw)
    except InvalidSegmentError as refusal:
        is_placed = refusal.path.startswith("segment")
    else:
        is_placed = parse_segment(to_json(tree)) == tree
    assert is_placed
