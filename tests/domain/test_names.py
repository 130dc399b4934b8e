"""Names are found by the beginnings of their words, whatever their case and accents (D-02)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.names import WORDS, beginnings, key_of_name


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Ana Silva", " ana silva"),
        ("ÉLISE O'Hara-Müller", " elise o hara muller"),
        ("Anna-Maria", " anna maria"),
        ("  İpek ", " ipek"),
        ("Zoe\u0301", " zoe"),
        ("李小龍", " 李小龍"),
        ("<b>x</b>", " <b>x< b>"),
        ("-", None),
        ("", None),
    ],
)
def test_the_key_of_a_name_has_a_blank_before_each_word(name: str, key: str | None) -> None:
    assert key_of_name(name) == key


def test_each_word_of_a_look_has_to_begin_a_word_of_the_name() -> None:
    assert beginnings(" SIL  Ána - ") == [" sil", " ana"]
    assert beginnings("o'ha") == [" o ha"]
    assert beginnings(" - ' ") == []
    assert beginnings("") == []
    assert len(beginnings("a " * 99)) == WORDS


letters = st.characters(max_codepoint=0x4FF, categories=["L", "M", "N", "P"]) | st.just(" ")


@given(st.text(letters, max_size=20), st.integers(0, 20))
def test_whoever_is_looked_for_by_the_beginning_of_a_word_is_found(name: str, cut: int) -> None:
    for word in name.split():
        for each in beginnings(word[:cut]):
            # Half a letter is none: what is cut within one may begin another.
            assert each in (key_of_name(name) or "")
