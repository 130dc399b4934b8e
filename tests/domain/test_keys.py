"""Texts as indexes hold them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.keys import index_key

INDEXED_BYTES = 1_000


# U-05
@pytest.mark.parametrize("character", ["a", "é", "😀"])
def test_a_text_of_1000_bytes_stands_for_itself_and_a_longer_one_for_its_digest(
    character: str,
) -> None:
    text = character * (INDEXED_BYTES // len(character.encode()))
    assert index_key(text) == text
    assert index_key(text + "x").startswith("\x01")
    assert len(index_key(text + "x")) == 65
    assert index_key(text + "x") != index_key(text + "y")


# U-05
@given(st.text() | st.integers(1, 1_024).map("x".__mul__))
def test_every_key_fits_into_an_index_and_is_its_own_key(text: str) -> None:
    assert len(index_key(text).encode()) <= INDEXED_BYTES
    assert index_key(index_key(text)) == index_key(text)
