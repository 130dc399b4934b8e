"""LZ-String: what was compressed comes out again, and nothing else comes out."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.http.sdk.lz import decompress
from mien.http.sdk.refusals import MalformedPayloadError
from tests.support.lz import compress

LIMIT = 100_000


@given(st.one_of(st.text(), st.text(alphabet="ab"), st.text(alphabet="aé漢😀", max_size=400)))
def test_what_was_compressed_comes_out_again(text: str) -> None:
    assert decompress(compress(text), limit=LIMIT) == text


@pytest.mark.parametrize(
    ("packed", "text"),
    [
        # Made by lz-string 1.5.0.
        ("Q===", ""),
        ("IZA=", "a"),
        ("N4IglgJiBcIIYCMBOIA0IB2MDaBGVATALoC+QA==", '{"id":"abr","n":[1,2]}'),
    ],
)
def test_the_format_is_that_of_the_original(packed: str, text: str) -> None:
    assert compress(text) == packed
    assert decompress(packed, limit=LIMIT) == text


def test_a_lone_half_of_a_character_is_none() -> None:
    assert decompress(compress("a\ud800b"), limit=LIMIT) == "a\ufffdb"


def test_a_small_payload_that_would_become_a_large_text_is_refused() -> None:
    bomb = compress("a" * 2 * LIMIT)
    assert len(bomb) < LIMIT / 50
    with pytest.raises(MalformedPayloadError, match="more than 100,000 characters"):
        decompress(bomb, limit=LIMIT)


@given(st.text(alphabet="ABCDabcd0123+/=", max_size=400) | st.text(max_size=20))
def test_garbage_is_refused_or_a_text(packed: str) -> None:
    with suppress(MalformedPayloadError):
        assert len(decompress(packed, limit=LIMIT)) <= LIMIT
