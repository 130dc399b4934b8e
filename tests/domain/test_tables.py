"""People and events as tables: columns, and cells of CSV, JSON Lines and Parquet (G-07)."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.errors import InvalidInputError
from mien.domain.tables import (
    OF_PEOPLE,
    Column,
    Row,
    cells,
    choose_columns,
    csv_head,
    csv_line,
    is_formula,
    iso_of,
    json_line,
    table_line,
    text_of,
)

FIXED = ["object_id", "type"]


def heads(columns: list[Column]) -> list[str]:
    return [each.head for each in columns]


def test_all_columns_are_the_fixed_ones_and_known_properties_by_name() -> None:
    assert choose_columns(FIXED, ["b", "a"], None) == [
        Column("object_id", "object_id"),
        Column("type", "type"),
        Column("a", "a", is_property=True),
        Column("b", "b", is_property=True),
    ]


def test_chosen_columns_keep_their_order_and_come_once() -> None:
    chosen = choose_columns(FIXED, ["a", "type"], ["a", "type", "a", "property:type"])
    assert chosen == [
        Column("a", "a", is_property=True),
        Column("type", "type"),
        Column("type 2", "type", is_property=True),
    ]


def test_heads_differ_by_more_than_case() -> None:
    assert heads(choose_columns(["type"], ["Plan", "plan", "PLAN", "plan 2"], None)) == [
        "type",
        "PLAN",
        "Plan 2",
        "plan 3",
        "plan 2 2",
    ]


@pytest.mark.parametrize("wanted", ["b", "property:b", "property:object_id", ""])
def test_a_column_that_nobody_has_is_refused_by_its_place(wanted: str) -> None:
    with pytest.raises(InvalidInputError, match="is no property that was ever seen") as refused:
        choose_columns(FIXED, ["a"], ["a", wanted])
    assert refused.value.path == "columns[1]"


def test_cells_are_found_by_what_their_column_is_of() -> None:
    row = Row({"type": "fixed"}, {"type": "own", "a": 1})
    columns = choose_columns(FIXED, ["a", "type"], None)
    assert cells(row, columns) == [None, "fixed", 1, "own"]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (None, "\n"),
        ("", '""\n'),
        ("a", "a\n"),
        (" a", '" a"\n'),
        ('a"b', '"a""b"\n'),
        ("a,b", '"a,b"\n'),
        ("a\r\nb", '"a\r\nb"\n'),
        (True, "true\n"),
        (-5, "-5\n"),
        (2**63 - 1, "9223372036854775807\n"),
        (-1.5, "-1.5\n"),
        (["a", "b"], '"[""a"",""b""]"\n'),
        ({"a": [1]}, '"{""a"":[1]}"\n'),
        ("$D_0", "1970-01-01T00:00:00Z\n"),
        ("=1+1", "'=1+1\n"),
        ("\t=1", "'\t=1\n"),
        ("+49 151 (0) 23-4", "+49 151 (0) 23-4\n"),
        ("+49x", "'+49x\n"),
        ("-5.0", "-5.0\n"),
        ("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0\n"),
        ("@SUM(1)", "'@SUM(1)\n"),
        ("\uff1d1", "'\uff1d1\n"),
        ("\u202e", "\u202e\n"),
    ],
)
def test_a_cell_of_csv(value: object, line: str) -> None:
    assert csv_line([value], keeps_formulas=False).decode() == line


def test_formulas_are_kept_on_demand() -> None:
    assert csv_line(["=1", '=HYPERLINK("a")'], keeps_formulas=True) == b'=1,"=HYPERLINK(""a"")"\n'
    assert csv_head([Column("=a", "=a", is_property=True)], keeps_formulas=False) == b"'=a\n"


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=1
    )
)
def test_a_line_of_csv_is_read_back_as_it_was(texts: list[str]) -> None:
    line = csv_line(texts, keeps_formulas=True).decode()
    (found,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert found == [iso_of(each) for each in texts]


@given(st.text("=+-@\t\r\n01a '\uff1d"))
def test_no_text_in_csv_is_a_formula_and_each_can_be_told(text: str) -> None:
    line = csv_line([text], keeps_formulas=False).decode()
    ((found,),) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert not is_formula(found)
    assert found == (f"'{text}" if is_formula(text) else text)


def test_a_row_as_a_line_of_json_has_what_was_chosen() -> None:
    row = Row({"object_id": "mien_1", "type": None}, {"a": "$D_0", "b": 2**62, "new": True})
    columns = choose_columns(FIXED, ["a", "b", "c"], None)
    assert json.loads(json_line(row, columns, all_properties=True)) == {
        "object_id": "mien_1",
        "properties": {"a": "$D_0", "b": 2**62, "new": True},
    }
    some = choose_columns(FIXED, ["a", "c"], ["a", "c"])
    assert json_line(row, some, all_properties=False) == b'{"properties":{"a":"$D_0"}}\n'
    fixed = choose_columns(FIXED, [], ["object_id"])
    assert json_line(row, fixed, all_properties=False) == b'{"object_id":"mien_1"}\n'


def test_fixed_times_are_iso_in_json_too() -> None:
    columns = choose_columns(OF_PEOPLE, [], ["created_at", "age"])
    row = Row({"created_at": "$D_1700000000", "age": 3}, {})
    assert json_line(row, columns, all_properties=False) == (
        b'{"created_at":"2023-11-14T22:13:20Z","age":3}\n'
    )


def test_a_row_of_a_table_is_by_the_numbers_of_its_columns() -> None:
    assert table_line(["a", None, "$D_19900501", ["x"], False]) == (
        b'{"c0":"a","c2":"1990-05-01","c3":["x"],"c4":false}\n'
    )


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("$D_19900501", "1990-05-01"),
        ("$D_00010101", "0001-01-01"),
        ("$D_19901301", "1970-08-19T08:08:21Z"),
        ("$D_-1", "1969-12-31T23:59:59Z"),
        ("$D_-62135596801", "0001-12-31 (BC) 23:59:59Z"),
        ("$D_253402300800", "10000-01-01T00:00:00Z"),
        ("$D_999999999999", "33658-09-27T01:46:39Z"),
        ("$D_x", "$D_x"),
        ("$Dx", "$Dx"),
        ("", ""),
    ],
)
def test_a_date_is_written_as_iso_8601(text: str, iso: str) -> None:
    assert iso_of(text) == iso
    assert text_of(text) == iso
