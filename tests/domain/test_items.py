"""Conditions on the items of an event: who bought what (S-01, S-06)."""

import pytest

from mien.domain.explain import ITEMS, FoundEvents, FoundItem, explain
from mien.domain.matching import Occurrence
from mien.domain.segment_json import parse_segment
from tests.domain.ana import NOW, PARIS, ana, is_in

SHOES = {"property": "Category", "op": "equals", "value": "Shoes"}
DEAR = {"property": "Price", "op": "more_than", "value": 50}
BASKET = [
    {"Category": "Shoes", "Price": 49.5},
    {"Category": "Hats", "Price": 80, "Tags": ["new", "red"], "Made": "$D_20260301"},
    "Shoes",
    ["Shoes", 99],
    60,
]


def asked(*has: object, items: str = "Items", is_negated: bool = False) -> dict[str, object]:
    """Ask for who bought an item that meets all of these."""
    part = {"items": items, "has": list(has)}
    return {"did": "Charged", "where": [{"not": part} if is_negated else part]}


def bought(items: object, at: int = NOW) -> Occurrence:
    """Give a purchase of these items."""
    return Occurrence("Charged", at, {"Items": items})


# S-01, S-03
@pytest.mark.parametrize(
    ("has", "holds"),
    [
        ([SHOES], True),
        ([DEAR], True),
        ([SHOES, DEAR], False),
        ([SHOES, {"not": DEAR}], True),
        ([{"not": SHOES}, DEAR], True),
        ([{"not": SHOES}, {"not": DEAR}], False),
        ([{"property": "Category", "op": "contains", "value": "HAT"}, DEAR], True),
        ([{"property": "Tags", "op": "has_all", "values": ["red", "new"]}], True),
        ([{"property": "Made", "op": "in_last", "days": 30}, DEAR], True),
        ([{"property": "Colour", "op": "exists"}], False),
        ([{"not": {"property": "Colour", "op": "exists"}}, DEAR], True),
        ([{"property": "Price", "op": "equals", "value": "80"}], False),
    ],
)
def test_one_item_meets_all_that_is_asked(has: list[object], *, holds: bool) -> None:
    assert is_in(asked(*has), ana(bought(BASKET))) is holds
    assert is_in(asked(*has, is_negated=True), ana(bought(BASKET))) is not holds


# S-01, S-03
def test_what_is_no_item_meets_nothing() -> None:
    missing = {"not": {"property": "Price", "op": "exists"}}
    for listed in ([], ["Shoes", 7, True, [{"Category": "Shoes"}]], "Shoes", 7):
        assert not is_in(asked(missing), ana(bought(listed)))
        assert is_in(asked(missing, is_negated=True), ana(bought(listed)))
    assert not is_in(asked(missing, items="Gifts"), ana(bought(BASKET)))
    assert is_in(asked(missing, items="Gifts", is_negated=True), ana(bought(BASKET)))
    assert is_in(asked(missing), ana(bought([{}])))


# S-01
def test_an_object_alone_is_a_list_of_one() -> None:
    assert is_in(asked(SHOES, DEAR), ana(bought({"Category": "Shoes", "Price": 51})))
    assert not is_in(asked(SHOES, DEAR), ana(bought({"Category": "Shoes", "Price": 50})))


# S-01
def test_events_with_such_items_are_counted() -> None:
    someone = ana(bought(BASKET), bought(BASKET, NOW - 1), bought([BASKET[1]], NOW - 2))
    for number, has in ((3, DEAR), (2, SHOES)):
        assert is_in(asked(has) | {"count": {"op": "equals", "value": number}}, someone)


def found(raw: object, *events: Occurrence) -> FoundEvents:
    """Give what is shown of an event that is asked about."""
    told = explain(parse_segment(raw), ana(*events), NOW, PARIS, lambda _: None).found
    assert isinstance(told, FoundEvents)
    return told


# S-06
def test_the_item_that_decided_is_shown() -> None:
    in_it = found(asked(SHOES, {"not": DEAR}), bought(BASKET)).newest[0]
    assert in_it.counts
    assert in_it.items == (FoundItem("Items", {"Category": "Shoes", "Price": 49.5}),)
    assert in_it.properties == {}
    kept_out = found(asked(DEAR, is_negated=True), bought(BASKET)).newest[0]
    assert not kept_out.counts
    assert [list(each.item) for each in kept_out.items] == [["Price", "Category", "Tags", "Made"]]


# S-06
def test_without_such_an_item_the_list_is_shown() -> None:
    for is_negated in (False, True):
        told = found(asked(SHOES, DEAR, is_negated=is_negated), bought(BASKET[:1])).newest[0]
        assert told.counts is is_negated
        assert told.items == ()
        assert told.properties == {"Items": ['{"Category":"Shoes","Price":49.5}']}


# S-06
def test_of_a_large_item_what_was_asked_is_shown_first() -> None:
    large: dict[str, object] = {f"Fact {place}": "x" * 300 for place in range(2 * ITEMS)}
    (shown,) = found(asked(SHOES), bought([large | {"Category": "Shoes"}])).newest[0].items
    assert len(shown.item) == ITEMS
    assert next(iter(shown.item.items())) == ("Category", "Shoes")
    assert shown.item["Fact 0"] == "x" * 200 + "…"
