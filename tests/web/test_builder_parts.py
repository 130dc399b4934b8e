"""The builder's parts and fields, without a server: nothing of a tree is lost on a page (D-02)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.segment_json import parse_segment, to_json
from mien.domain.segments import Node
from mien.web.builder import fields
from mien.web.builder.checking import check
from mien.web.builder.fields import UnclearError
from mien.web.builder.parts import Part, name_of, read_parts, walk
from mien.web.builder.settling import settle
from mien.web.builder.trees import read_json
from tests.domain.trees import trees


def form_of(whole: Part) -> dict[str, str]:
    """Give the fields that a page with these parts sends."""
    form: dict[str, str] = {}
    for path, part in walk(whole):
        form[f"{name_of(path)}:kind"] = part.kind
        form |= {f"{name_of(path)}:{field}": text for field, text in part.fields.items()}
    return form


# D-02, S-02
@given(trees)
def test_any_tree_opens_in_the_builder_and_is_saved_unchanged(tree: Node) -> None:
    raw = to_json(parse_segment(to_json(tree)))
    opened = settle(read_json(raw), {})
    assert not [part for _, part in walk(opened) if part.kind == "json"]
    sent = settle(read_parts(form_of(opened)), {})
    checked = check(sent)
    assert checked.problems == ()
    assert checked.tree is not None
    assert to_json(checked.tree) == raw


# D-02
@given(st.text())
def test_any_text_is_read_from_a_field_as_it_was_written(text: str) -> None:
    written = fields.write_text(text)
    assert written.isprintable()
    assert fields.read_text(f" {written}\t") == text
    assert fields.read_scalar(fields.write_scalar(text)) == text
    assert fields.lines_of(f"{written}\r\n\r\n{written}") == [written, written]


@pytest.mark.parametrize(
    ("read", "text", "problem"),
    [
        (fields.read_text, "", 'A value is needed; "" stands for the empty text.'),
        (
            fields.read_text,
            '"a"b"',
            'In quotation marks, " and \\ are written \\" and \\\\ as in JSON.',
        ),
        (fields.read_name, " ", "A name is needed."),
        (
            fields.read_name,
            '"\\x"',
            'In quotation marks, " and \\ are written \\" and \\\\ as in JSON.',
        ),
        (fields.read_number, "", "A number is needed."),
        (fields.read_number, "1,5", "A number is needed, such as 25 or 0.5."),
        (fields.read_number, "1e9999", "The number is too large."),
        (fields.read_whole, "3.5", "A whole number is needed, such as 30."),
        (fields.read_day, "2026-02-30", "A day such as 2026-03-29 is needed."),
        (fields.read_truth, "yes", "Choose true or false."),
    ],
)
def test_a_field_that_cannot_be_read_says_what_it_needs(
    read: fields.Reader, text: str, problem: str
) -> None:
    with pytest.raises(UnclearError) as refused:
        read(text)
    assert refused.value.problem == problem
    assert refused.value.is_missing is (not text.strip())
