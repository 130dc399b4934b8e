"""Events: names, the limits of their properties, and what a profile has done."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.events import (
    CHARGED_ITEMS,
    NESTED_KEYS,
    NESTED_LIST_ITEMS,
    PROPERTIES,
    RECORD_BYTES,
    RESTRICTED_KEYS,
    STANDARD_EVENTS,
    Activity,
    Summary,
    event_key,
)
from mien.domain.rejects import RejectCode
from tests.domain.making import accepted_event, code_of, code_of_event, event, reject_of

RESERVED = [
    "Notification Sent",
    "Notification Viewed",
    "Notification Clicked",
    "Notification Delivered",
    "Notification Replied",
    "UTM Visited",
    "App Launched",
    "App Uninstalled",
    "App Version Changed",
    "Stayed",
    "Reply Sent",
    "Experiment Rendered",
    "Reachable By",
    "Identity Reset",
    "Identity Set",
    "Identity Error",
    "Web Page Viewed",
]


# U-14
@pytest.mark.parametrize("name", [None, "", " ", "\t\n", "\u3000", 1, True, [], {}], ids=repr)
def test_an_event_needs_a_name(name: object) -> None:
    assert code_of(event(name=name)) == RejectCode.EVENT_NAME_MISSING


# U-14
def test_an_event_without_the_key_needs_a_name() -> None:
    assert code_of({"type": "event", "identity": "ana"}) == RejectCode.EVENT_NAME_MISSING


# U-14
@pytest.mark.parametrize("character", ["n", "é", "😀"])
def test_a_name_of_1024_characters_is_taken_and_of_1025_refused(character: str) -> None:
    assert accepted_event(name=character * 1_024).name == character * 1_024
    reject = reject_of(event(name=character * 1_025))
    assert reject.code == RejectCode.EVENT_NAME_TOO_LONG
    assert "1025 characters, the limit is 1024" in reject.reason


# U-14
@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "a\tb", "a\x7fb", "\x01"])
def test_a_control_character_in_a_name_is_refused(name: str) -> None:
    assert code_of(event(name=name)) == RejectCode.KEY_CHARACTERS


# U-14
@pytest.mark.parametrize(
    "name",
    [
        "Added to cart",
        "Comprou à vista",
        "商品\u3000閲覧",
        "بچّ\u200cگی",
        "\U0001f469\u200d\U0001f4bb joined",
        "a\u00a0b",
        "100% <off> $5.00 & more!",
    ],
)
def test_a_name_may_be_in_any_script(name: str) -> None:
    assert accepted_event(name=name).name == name


# U-14
def test_edges_of_a_name_are_cut_and_its_spelling_kept() -> None:
    assert accepted_event(name="  Added  To Cart ").name == "Added  To Cart"


# U-14
@pytest.mark.parametrize("name", RESERVED)
def test_a_reserved_name_is_refused_in_any_spelling(name: str) -> None:
    for spelling in (name, name.upper(), name.replace(" ", ""), f" {name.lower()} "):
        assert code_of(event(name=spelling)) == RejectCode.EVENT_RESTRICTED


# U-14
def test_the_reserved_names_are_the_documented_ones() -> None:
    assert {event_key(name) for name in RESERVED} == RESTRICTED_KEYS


# U-14
@pytest.mark.parametrize("name", ["Charged", "App Installed", "Product Viewed", "Stayed Late"])
def test_other_names_are_free(name: str) -> None:
    assert accepted_event(name=name).name == name


# G-06
def test_the_standard_events_have_eight_different_names() -> None:
    assert len({event_key(name) for name in STANDARD_EVENTS}) == 8


# U-14
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Event Name", "EventName"),
        ("Event Name", "event name"),
        ("Event Name", " E V E N T\tN A M E "),
        ("Straße", "STRASSE"),
        ("商品\u3000閲覧", "商品閲覧"),
    ],
)
def test_names_that_differ_in_case_and_spaces_are_equal(one: str, other: str) -> None:
    assert event_key(one) == event_key(other)


# U-14
@pytest.mark.parametrize("other", ["Event-Name", "EventNames", "Event_Name", "Évent Name"])
def test_names_that_differ_otherwise_are_not_equal(other: str) -> None:
    assert event_key("Event Name") != event_key(other)


# U-14
@given(st.text(max_size=30))
def test_the_key_of_a_name_is_its_own_key(name: str) -> None:
    assert event_key(event_key(name)) == event_key(name)


# U-14
@pytest.mark.parametrize("data", [[], "x", 1, True, 1.5], ids=repr)
def test_the_properties_need_to_be_an_object(data: object) -> None:
    assert code_of(event(data)) == RejectCode.EVENT_INVALID


# U-14
def test_an_event_may_have_no_properties() -> None:
    assert accepted_event().properties == {}
    assert accepted_event({}).body == b"{}"
    assert accepted_event(None, evtData=None).properties == {}


# U-14
def test_256_properties_are_taken_and_257_refused() -> None:
    data = {f"p{number}": number for number in range(PROPERTIES)}
    assert len(accepted_event(data).properties) == 256
    reject = reject_of(event({**data, "x": 1}))
    assert reject.code == RejectCode.EVENT_TOO_MANY_PROPERTIES
    assert "257 properties, the limit is 256" in reject.reason


# U-14
@pytest.mark.parametrize("value", [None, [None], {"a": None}, [{"a": [None]}]], ids=repr)
def test_null_is_no_value_at_any_level(value: object) -> None:
    assert code_of_event("p", value) == RejectCode.EVENT_INVALID


# U-14
@pytest.mark.parametrize(
    "value",
    [{"a": {"b": {"c": 1}}}, [[[1]]], [{"a": [1]}], {"a": [{"b": "x"}]}],
    ids=repr,
)
def test_three_levels_are_taken_and_a_fourth_refused(value: object) -> None:
    assert accepted_event({"p": value}).properties == {"p": value}
    reject = reject_of(event({"p": [value]}))
    assert reject.code == RejectCode.NESTED_TOO_DEEP
    assert "3 levels" in reject.reason


# U-14
def test_ten_thousand_levels_are_refused() -> None:
    value: object = 1
    for _ in range(10_000):
        value = [value]
    assert code_of_event("p", value) == RejectCode.NESTED_TOO_DEEP


# U-14
def test_100_keys_inside_are_taken_and_101_refused() -> None:
    half = {f"k{number}": number for number in range(NESTED_KEYS // 2)}
    data = {"a": half, "b": [half], "c": 1}
    assert accepted_event(data).properties == data
    reject = reject_of(event({"a": half, "b": [half, {"x": 1}]}))
    assert reject.code == RejectCode.NESTED_TOO_MANY_KEYS
    assert "101 keys, the limit is 100" in reject.reason


# U-14
def test_a_list_of_100_items_is_taken_and_of_101_refused() -> None:
    hundred = list(range(NESTED_LIST_ITEMS))
    data = {"a": hundred, "b": {"c": hundred}}
    assert accepted_event(data).properties == data
    for value in ([*hundred, 1], {"c": [*hundred, 1]}):
        reject = reject_of(event({"a": value}))
        assert reject.code == RejectCode.NESTED_TOO_LONG
        assert "101 items, the limit is 100" in reject.reason


# U-14
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"a.b": 1}, RejectCode.KEY_CHARACTERS),
        ({"k" * 121: 1}, RejectCode.KEY_TOO_LONG),
        ({"a": "x" * 513}, RejectCode.EVENT_VALUE_TOO_LONG),
        (["x" * 513], RejectCode.EVENT_VALUE_TOO_LONG),
        (["$D_x"], RejectCode.DATE_VALUE),
        ([2**63], RejectCode.INTEGER_RANGE),
    ],
)
def test_the_limits_hold_inside_too(value: object, code: RejectCode) -> None:
    assert code_of_event("p", value) == code
    assert code_of_event("p", [value]) == code


def _of_size(size: int) -> dict[str, object]:
    """Give properties whose JSON is this many bytes, each within its own limit."""
    data = {f"p{number:03}": "v" * 502 for number in range(255)}
    room = size - len(accepted_event(data).body) - len(',"last":""')
    return {**data, "last": "v" * room}


# U-14
def test_an_event_of_128_kib_is_taken_and_one_byte_more_refused() -> None:
    data = _of_size(RECORD_BYTES)
    assert len(accepted_event(data).body) == RECORD_BYTES == 131_072
    reject = reject_of(event(_of_size(RECORD_BYTES + 1)))
    assert reject.code == RejectCode.RECORD_TOO_LARGE
    assert "131073 bytes, the limit is 131072" in reject.reason


# U-14
@pytest.mark.parametrize("name", ["Charged", "charged", " CHARGED"])
def test_256_items_of_charged_are_taken_and_257_refused(name: str) -> None:
    items = [{"sku": number, "price": 1.5, "gift": False} for number in range(CHARGED_ITEMS)]
    data = {"Amount": 10, "Items": items}
    assert accepted_event(data, name=name).properties == data
    reject = reject_of(event({"Items": [*items, {"sku": 1}]}, name=name))
    assert reject.code == RejectCode.EVENT_TOO_MANY_PROPERTIES
    assert "257 Items, the limit is 256" in reject.reason


# U-14
@pytest.mark.parametrize(
    "data",
    [
        {"Items": {"sku": 1}},
        {"Items": ["sku"]},
        {"Items": [{"sku": {"a": 1}}]},
        {"Items": [{"sku": [1]}]},
        {"Items": [[{"sku": 1}]]},
        {"Items": [], "Other": []},
        {"Other": {"a": 1}, "Items": []},
        {"items": [{"sku": 1}]},
        {"Other": [1]},
    ],
    ids=repr,
)
def test_charged_holds_flat_items_and_nothing_else_that_nests(data: object) -> None:
    assert code_of(event(data, name="Charged")) == RejectCode.CHARGED_INVALID


# U-14
@pytest.mark.parametrize("data", [{}, {"Items": []}, {"Amount": 1}, {"Items": [{}], "a": "b"}])
def test_charged_may_have_no_items(data: dict[str, object]) -> None:
    assert accepted_event(data, name="Charged").properties == data


# U-14
def test_an_item_of_charged_keeps_the_limits_of_a_property() -> None:
    assert code_of(event({"Items": [{"a.b": 1}]}, name="Charged")) == RejectCode.KEY_CHARACTERS
    assert code_of(event({"Items": [{"a": None}]}, name="Charged")) == RejectCode.EVENT_INVALID


# U-11, U-14
def test_the_body_of_an_event_is_its_properties_as_they_came() -> None:
    data = {"i": 1, "f": 1.0, "b": True, "t": "é😀", "d": "$D_0", "l": [1, "a", 2.5], "o": {"x": 1}}
    record = accepted_event(data)
    assert record.properties == data
    assert record.body.decode() == (
        '{"i":1,"f":1.0,"b":true,"t":"é😀","d":"$D_0","l":[1,"a",2.5],"o":{"x":1}}'
    )


# U-05
def test_an_event_keeps_the_object_id_as_it_was_spelt() -> None:
    assert accepted_event(objectId="-d1").object_id == "-d1"
    assert accepted_event().object_id == ""


# G-05
def test_a_summary_counts_and_knows_the_first_and_the_last_time() -> None:
    activity = Activity()
    for name, at in ((1, 50), (1, 20), (1, 70), (1, 60), (2, 10)):
        activity.add(name, at)
    assert activity.events == {1: Summary(4, 20, 70), 2: Summary(1, 10, 10)}
    # As it is stored.
    assert msgspec.json.encode(activity) == b'{"events":{"1":[4,20,70],"2":[1,10,10]}}'
    assert msgspec.json.encode(Activity()) == b"{}"


# G-05
@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=10))
def test_a_summary_does_not_depend_on_the_order_of_events(times: list[int]) -> None:
    activity = Activity()
    for at in times:
        activity.add(7, at)
    assert activity.events == {7: Summary(len(times), min(times), max(times))}
