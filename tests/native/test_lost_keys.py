"""Keys that stand twice in one JSON object: found in any body, and never where there are none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.http.body import LostKeys, MalformedBodyError, decode_json, lost_keys

_texts = st.text(st.sampled_from('ab"\\\n\u00e9\U0001f600/'), max_size=4)
_numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
_trees = st.recursive(
    st.one_of(_texts, _numbers, st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(st.tuples(_texts, inner), max_size=4).map(tuple)
    ),
    max_leaves=12,
)
"""JSON values in which an object is a tuple of pairs, so that a key may stand in it twice."""


@given(tree=_trees, is_ascii=st.booleans(), is_spaced=st.booleans())
def test_a_key_is_lost_if_and_only_if_it_stands_twice(
    *, tree: Any, is_ascii: bool, is_spaced: bool
) -> None:
    body = _write((("d", [tree]),), is_ascii=is_ascii, is_spaced=is_spaced)
    found = lost_keys(body, decode_json(body), records="d")
    assert bool(found.of_records) is _repeats(tree)
    assert found.of_body == ()


@given(_trees)
def test_places_are_told_for_each_record(tree: Any) -> None:
    twice = (("a", tree), ("b", (("c", 1), ("c", 2))), ("a", 1), ("l", [(("x", 1), ("x", 1))]))
    body = _write((("d", [1, twice]),))
    found = lost_keys(body, decode_json(body), records="d")
    assert found.of_records == {2: ("a", "b.c", "l[0].x")}


def test_keys_beside_the_records_are_told_apart() -> None:
    body = b'{"d":[1],"x":{"y":1,"y":2},"d":[2]}'
    assert lost_keys(body, decode_json(body), records="d") == LostKeys(of_body=("d", "x.y"))


@pytest.mark.parametrize("body", [b'{"d":1,"d":{"a":1,"a":2}}', b'{"a":1,"a":2}'])
def test_a_body_without_a_list_of_records_is_looked_through_too(body: bytes) -> None:
    assert lost_keys(body, decode_json(body), records="d").of_body != ()


def test_a_body_that_is_a_list_loses_no_records() -> None:
    body = b'[{"a":1,"a":2}]'
    assert lost_keys(body, decode_json(body), records="d").of_records == {}


def test_huge_numbers_do_not_matter() -> None:
    body = b'{"d":[{"a":%s,"a":2,"b":1e300}]}' % (b"9" * 300)
    assert lost_keys(body, decode_json(body), records="d").of_records == {1: ("a",)}


def test_deep_bodies_are_looked_through_or_refused() -> None:
    for depth in (100, 500, 900, 950, 990):
        body = b'{"d":[{"a":1,"a":2},' + b"[" * depth + b"]" * depth + b"]}"
        try:
            found = lost_keys(body, decode_json(body), records="d")
        except MalformedBodyError:
            continue
        assert found.of_records == {1: ("a",)}


def _write(tree: Any, *, is_ascii: bool = True, is_spaced: bool = False) -> bytes:
    """Write a tree as JSON, with every pair of its objects."""
    colon, comma = (" : ", " ,\n") if is_spaced else (":", ",")

    def write(value: Any) -> str:
        match value:
            case tuple():
                pairs = [f"{write(key)}{colon}{write(inner)}" for key, inner in value]
                return "{" + comma.join(pairs) + "}"
            case list():
                return "[" + comma.join(map(write, value)) + "]"
            case _:
                return json.dumps(value, ensure_ascii=is_ascii)

    return write(tree).encode()


def _repeats(tree: Any) -> bool:
    """Does a key stand twice anywhere? What a lost value held does not matter beside its key."""
    match tree:
        case tuple():
            keys = [key for key, _ in tree]
            return len(set(keys)) < len(keys) or any(_repeats(value) for _, value in tree)
        case list():
            return any(map(_repeats, tree))
        case _:
            return False
