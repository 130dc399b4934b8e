"""Values in forms: what is shown is read back as it was (D-04)."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mien.domain.errors import InvalidInputError
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.values import Value, ValueType
from mien.web.inputs import CHOICES, LABELS, Typed, read, typed_as, typed_for, write

ZURICH, KOLKATA = ZoneInfo("Europe/Zurich"), ZoneInfo("Asia/Kolkata")

VALUES: st.SearchStrategy[Value] = st.one_of(
    st.text(max_size=20),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.text(max_size=8), max_size=4, unique=True),
    st.integers(-(10**12), 10**12).map(lambda number: f"$D_{number}"),
    st.dates().map(lambda day: f"$D_{day.year:04}{day:%m%d}"),
)


@given(VALUES)
@example("$D_1793494800")  # the second of two hours that a clock shows alike
@example("a\rb\nc")
@example(["[a", "b"])
@example(["a\nb"])
@example([])
@example("$D_253402300799")
@example("$D_-62135596800")
def test_what_nobody_touched_stays(value: Value) -> None:
    sent = write(value, ZURICH).replace("\r", "\n").replace("\n", "\r\n")
    kept = read(typed_as(value), sent, ZURICH, before=value)
    assert (kept, type(kept)) == (value, type(value))


@given(st.lists(st.text(alphabet="a b[\n", min_size=1, max_size=5), min_size=1, unique=True))
def test_a_list_is_read_as_it_was_written(items: list[str]) -> None:
    assert read(Typed.LIST, write(items, ZURICH), ZURICH, before=None) == items


@pytest.mark.parametrize(
    ("typed", "text", "value"),
    [
        (Typed.TEXT, " Ana ", " Ana "),
        (Typed.INTEGER, " -42 ", -42),
        (Typed.DECIMAL, "1e3", 1000.0),
        (Typed.DECIMAL, "5", 5.0),
        (Typed.BOOLEAN, "no", False),
        (Typed.DATE, "2026-01-31", "$D_20260131"),
        (Typed.DATE, "0999-01-31", "$D_09990131"),
        (Typed.MOMENT, "2026-01-31T09:30", "$D_1769832000"),
        (Typed.LIST, "a\r\n\r\nb c\r\n", ["a", "b c"]),
        (Typed.LIST, '["a"]', ["a"]),
    ],
)
def test_what_was_typed_is_read(typed: Typed, text: str, value: Value) -> None:
    found = read(typed, text, KOLKATA, before="other")
    assert (found, type(found)) == (value, type(value))
    assert typed_as(found) is typed


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        (Typed.TEXT, ""),
        (Typed.INTEGER, "4.5"),
        (Typed.INTEGER, "9" * 5_000),
        (Typed.INTEGER, "٣"),
        (Typed.DECIMAL, "nan"),
        (Typed.DECIMAL, "1e999"),
        (Typed.DECIMAL, "9" * 5_000),
        (Typed.BOOLEAN, ""),
        (Typed.DATE, "31.1.2026"),
        (Typed.DATE, "2026-02-30"),
        (Typed.MOMENT, ""),
        (Typed.LIST, "\n \n"),
        (Typed.LIST, "[1]"),
        (Typed.LIST, "["),
    ],
)
def test_what_is_none_of_its_kind_is_refused_in_a_sentence(typed: Typed, text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^(Give|Choose|A list|This number).*\.$"):
        read(typed, text, KOLKATA, before=None)


@pytest.mark.parametrize("value", ["$D_99999999999999", "$D_20269999x", "$D_999999999999"])
def test_a_date_that_no_calendar_has_is_its_text(value: str) -> None:
    assert typed_as(value) is Typed.TEXT
    assert write(value, ZURICH) == value


def test_standard_fields_are_typed_as_what_they_are() -> None:
    assert typed_for("plan") is Typed.TEXT
    assert typed_for("DOB") is Typed.DATE
    assert typed_for("Age") is Typed.INTEGER
    assert typed_for("MSG-email") is Typed.BOOLEAN
    assert list(LABELS) == list(Typed)
    for name, choices in CHOICES.items():
        assert STANDARD_FIELDS[name].type is ValueType.STRING
        assert [STANDARD_FIELDS[name].check(each) for each in choices] == list(choices)
