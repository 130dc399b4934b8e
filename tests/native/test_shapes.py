"""What is told beside a name or a value that no body has."""

from enum import StrEnum
from typing import Literal

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from mien.domain.errors import InvalidInputError
from mien.http.native.calls import decode_body


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(msgspec.Struct, forbid_unknown_fields=True):
    colour: Colour | UnsetType = UNSET
    size: Literal["s", "m"] = "s"


class Whole(msgspec.Struct, forbid_unknown_fields=True):
    part: Part | None = None
    parts: list[Part] = []
    named: dict[str, Part] = {}
    number: int = 0


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"parts": [], "x": 1}', "field `x`; known are part, parts, named, number"),
        ('{"part": {"colour": "pink"}}', "'pink'; known are red, blue"),
        ('{"parts": [{}, {"size": "l"}]}', "'l'; known are m, s"),
        ('{"named": {"a": {"y": 1}}}', "field `y`; known are colour, size"),
        ('{"number": "1"}', "number: Expected `int`, got `str`"),
        ('{"parts": [1]}', "parts[0]: Expected `object`, got `int`"),
    ],
)
def test_what_is_known_is_told_where_something_is_not(body: str, told: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        decode_body(msgspec.json.Decoder(Whole), body.encode())
    assert str(refusal.value).endswith(told)
