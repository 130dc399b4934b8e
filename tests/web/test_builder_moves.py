"""What the builder's buttons do to its parts, what new parts begin with, and what is said of them (D-02)."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.errors import InvalidInputError
from mien.domain.segment_json import to_json
from mien.domain.segments import Node
from mien.domain.values import ValueType
from mien.web.builder.checking import check, check_json
from mien.web.builder.moves import find, move
from mien.web.builder.parts import CONDITIONS, EMPTY, MARKS, Part, Path, id_of, name_of, walk
from mien.web.builder.settling import Types, settle
from mien.web.builder.trees import read_json, write_json
from tests.domain.trees import trees

VERBS = ("add", "group", "filter", "fact", "remove", "up", "down", "copy", "wrap", "unwrap")
NO_TYPES: Types = {}


def pressed(whole: Part, *buttons: str) -> Part:
    for do in buttons:
        whole = settle(move(whole, do)[0], NO_TYPES)
    return whole


def leaf(kind: str, parts: tuple[Part, ...] = (), **fields: str) -> Part:
    return Part(kind, fields, parts)


def within(part: Part) -> Part:
    """Give a whole with one part in it, settled."""
    return settle(Part("all", {"bare": "1"}, (part,)), NO_TYPES)


def said(whole: Part) -> list[tuple[Path, str, str]]:
    return [(each.path, each.field, each.text) for each in check(whole).problems]


@given(trees, st.data())
def test_every_button_of_every_part_leaves_a_whole_that_can_be_shown(
    tree: Node, data: st.DataObject
) -> None:
    whole = settle(read_json(to_json(tree)), NO_TYPES)
    for _ in range(4):
        path, _ = data.draw(st.sampled_from(list(walk(whole))))
        do = f"{data.draw(st.sampled_from(VERBS))}:{name_of(path)}"
        try:
            whole, focus = move(whole, do)
        except InvalidInputError:
            continue
        whole = settle(whole, NO_TYPES)
        assert focus.rpartition("-")[0] in {id_of(each) for each, _ in walk(whole)}
        check(whole)


@given(trees, st.data())
def test_what_undoes_a_button_gives_back_the_same_tree(tree: Node, data: st.DataObject) -> None:
    whole = settle(read_json(to_json(tree)), NO_TYPES)
    before = write_json(whole)
    inner = [path for path, part in walk(whole) if path and part.kind not in ("filter", "fact")]
    if not inner:
        return
    path = data.draw(st.sampled_from(inner))
    name, copied = name_of(path), name_of((*path[:-1], path[-1] + 1))
    assert write_json(pressed(whole, f"copy:{name}", f"remove:{copied}")) == before
    assert write_json(pressed(whole, f"wrap:{name}", f"unwrap:{name}")) == before
    if path[-1] > 0:
        upper = name_of((*path[:-1], path[-1] - 1))
        assert write_json(pressed(whole, f"up:{name}", f"down:{upper}")) == before


def test_the_keyboard_goes_on_where_something_is_left() -> None:
    two = pressed(EMPTY, "add:p", "add:p")
    assert move(EMPTY, "add:p")[1] == "p-0-kind"
    assert move(EMPTY, "group:p")[1] == "p-0-0-kind"
    assert move(two, "remove:p.0")[1] == "p-0-remove"
    assert move(two, "remove:p.1")[1] == "p-0-remove"
    one, _ = move(two, "remove:p.0")
    assert move(one, "remove:p.0")[1] == "p-add"
    assert move(two, "up:p.0") == (two, "p-0-more")
    assert move(two, "down:p.0")[1] == "p-1-more"
    event = pressed(within(leaf("did")), "filter:p.0")
    assert move(event, "filter:p.0")[1] == "p-0-1-name"
    assert move(event, "remove:p.0.0")[1] == "p-0-filter"
    device = within(leaf("device"))
    assert move(device, "remove:p.0.0")[1] == "p-0-fact"
    group = pressed(EMPTY, "group:p", "remove:p.0.0")
    assert move(group, "unwrap:p.0")[1] == "p-add"
    assert find(group, (0, 0)) is None


def test_a_group_that_is_negated_is_not_dissolved() -> None:
    group = within(Part("any", {"nots": "1"}, (leaf("test_user"),)))
    assert move(group, "unwrap:p.0")[0] == group


def test_a_whole_that_is_bare_stands_for_its_only_part() -> None:
    one = within(leaf("test_user"))
    assert write_json(one)[0] == {"test_user": True}
    two = settle(move(one, "copy:p.0")[0], NO_TYPES)
    assert write_json(two)[0] == {"all": [{"test_user": True}] * 2}
    assert write_json(EMPTY)[0] == {"all": []}


@pytest.mark.parametrize(
    ("part", "types", "fields"),
    [
        (leaf("property", name="DOB"), {}, {"op": "in_last"}),
        (leaf("property", name="x"), {}, {"op": "equals"}),
        (leaf("property", name="x"), {("", "x"): ValueType.FLOAT}, {"op": "at_least"}),
        (leaf("property", name="x"), {("", "x"): ValueType.LIST}, {"op": "has_any"}),
        (leaf("property", name="x"), {("", "x"): ValueType.BOOLEAN}, {"type": "truth"}),
        (leaf("property", name="x"), {("", "x"): ValueType.MIXED}, {"op": "equals"}),
        (
            leaf("property", name="x", op="contains", value="a"),
            {("", "x"): ValueType.INTEGER},
            {"op": "contains"},
        ),
        (leaf("property", name="x", op="any_of", value="a"), {}, {"values": "a"}),
        (leaf("property", name="x", op="between", value="3"), {}, {"low": "3"}),
        (leaf("derived", op="contains"), {}, {"name": "Age", "op": "at_least"}),
        (leaf("derived", name="City"), {}, {"op": "equals"}),
        (leaf("did", window="last_days"), {}, {"last_days": "30"}),
        (leaf("did", figure="count", op="exists"), {}, {"op": "at_least"}),
        (leaf("did", figure="last"), {}, {"op": "in_last"}),
        (leaf("channel"), {}, {"channel": "email", "is": "reachable"}),
    ],
)
def test_a_part_begins_with_what_is_likeliest(
    part: Part, types: Types, fields: Mapping[str, str]
) -> None:
    settled = settle(part, types)
    assert {field: settled.get(field) for field in fields} == fields
    assert settle(settled, types) == settled


def test_a_condition_on_an_event_is_of_the_type_of_its_property() -> None:
    inner = leaf("filter", name="Amount")
    settled = settle(
        leaf("did", (inner,), name="CHARGED "), {("charged", "Amount"): ValueType.INTEGER}
    )
    assert settled.parts[0].get("op") == "at_least"
    assert settled.parts[0].get("told") == "property"


def test_all_that_is_wrong_is_said_at_once_each_where_it_is() -> None:
    whole = Part(
        "any",
        {},
        (
            leaf("property", name="a", op="contains", value='""'),
            leaf("property", name="a.b", op="exists"),
            leaf("did", (leaf("filter", told="property", name="n", op="between", low="3", high="1"),), name="E"),
            leaf("did", name="E", window="last_days", last_days="9999"),
            leaf("did", name="E", window="days"),
            leaf("device", (leaf("fact", name="platform", op="equals"),)),
            leaf("segment"),
            leaf("json", json='{"like": 1}'),
            leaf("json", json="{"),
            leaf("json", json=" "),
            leaf("property", name="a", op="any_of", type="number", values="1\n\nx"),
        ),
    )  # fmt: skip
    assert said(whole)[:5] == [
        ((4,), "from", "A day is needed."),
        ((4,), "to", "A day is needed."),
        ((5, 0), "value", 'A value is needed; "" stands for the empty text.'),
        ((6,), "segment", "Choose a segment."),
        ((8,), "json", "This is no JSON: Input data was truncated."),
    ]
    assert said(whole)[5:7] == [
        ((9,), "json", "JSON is needed."),
        ((10,), "values", "Line 2: A number is needed, such as 25 or 0.5."),
    ]
    rest = {(path, field): text for path, field, text in said(whole)[7:]}
    assert rest[(0,), "value"] == "The empty text is in every text; take exists."
    assert "prohibited character" in rest[(1,), "name"]
    assert rest[(2, 0), "low"] == "3 is more than high, 1."
    assert rest[(3,), "last_days"] == "A whole number of at most 3,650 is needed."
    assert "a node has one of" in rest[(7,), ""].lower()
    assert len(rest) == 5


def test_what_the_parser_says_of_types_is_said_in_plain_words() -> None:
    raw = '{"did": "E", "window": {"last_days": "x"}}'
    assert said(within(leaf("json", json=raw))) == [
        ((0,), "last_days", "A whole number is needed.")
    ]


def test_a_line_of_a_list_that_no_value_can_have_is_named() -> None:
    long = "x" * 600
    whole = within(leaf("property", name="a", op="has_any", values=f"a\n{long}"))
    assert said(whole) == [((0,), "values", "Line 2: the text is over 512 bytes, as no value is.")]


def test_what_is_wrong_with_the_whole_is_said_of_the_whole() -> None:
    raw: object = {"test_user": True}
    for _ in range(20):
        raw = {"all": [raw]}
    checked = check_json(raw)
    assert checked.tree is None
    assert [each.path for each in checked.problems] == [()]
    assert "deeper than 16 levels" in checked.problems[0].text
    shown = check(read_json(raw))
    assert "deeper than 16 levels" in shown.problems[0].text
    assert not shown.are_missing
    assert check(pressed(EMPTY, "add:p")).are_missing


@pytest.mark.parametrize(
    "raw",
    [
        {"property": "a", "op": "equals", "value": [1]},
        {"property": "a", "op": "like", "value": 1},
        {"property": "a", "op": "exists", "more": 1},
        {"property": 3, "op": "exists"},
        {"did": "a", "where": {"property": "a"}},
        {"did": "a", "where": [3]},
        {"did": "a", "where": [{"not": 3}]},
        {"did": "a", "count": 3},
        {"did": "a", "window": 3},
        {"did": "a", "window": {"ever": 3}},
        {"device": 3},
        {"device": [3]},
        {"channel": "email"},
        {"test_user": False},
        {"segment": None},
        {"all": 3},
        {"all": [], "any": []},
        {"unheard": True},
        ["a"],
        None,
    ],
)
def test_what_no_form_can_show_is_shown_as_json_and_is_not_changed(raw: object) -> None:
    whole = read_json(raw)
    assert [part.kind for _, part in walk(whole)] == ["all", "json"]
    assert write_json(whole) == (raw, [])


def test_every_kind_of_condition_can_be_chosen() -> None:
    for kind in CONDITIONS:
        settled = within(leaf(kind))
        assert settled.parts[0].kind == kind
        assert (check(settled).tree is not None) is (kind in (*MARKS, "channel"))
