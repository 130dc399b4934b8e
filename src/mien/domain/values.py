"""Property values: their types, limits and dates.

Source of the limits: docs/guide/limits.md (U-10, U-11).
"""

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from mien.domain.rejects import RejectCode, Rejected

Value: TypeAlias = str | bool | int | float | list[str]

KEY_BYTES = 120
VALUE_BYTES = 512
LIST_ITEMS = 100
INTEGER_MIN, INTEGER_MAX = -(2**63), 2**63 - 1

SURELY_SHORT = VALUE_BYTES // 4
"""A text of at most so many characters cannot be over VALUE_BYTES: UTF-8 takes four at most."""

_PROHIBITED_IN_KEYS = re.compile(r"[%><!|&.:;$'\"\\#\x00-\x1f\x7f]")
_PROHIBITED_IN_EVENT_KEYS = re.compile(r"[%><!|&.:;$'\"\\\x00-\x1f\x7f]")
_EPOCH_DATE = re.compile(r"\$D_-?\d{1,12}", re.ASCII)
_DAY_DATE = re.compile(r"\$D_(\d{4})(\d{2})(\d{2})", re.ASCII)


class ValueType(StrEnum):
    """The type of a property as its definition shows it."""

    STRING = "String"
    INTEGER = "Integer"
    FLOAT = "Float"
    BOOLEAN = "Boolean"
    DATE = "Date"
    LIST = "List"
    OBJECT = "Object"
    MIXED = "Mixed"


TYPES: dict[type, ValueType] = {
    str: ValueType.STRING,
    bool: ValueType.BOOLEAN,
    int: ValueType.INTEGER,
    float: ValueType.FLOAT,
    list: ValueType.LIST,
    dict: ValueType.OBJECT,
}


def type_of(value: object) -> ValueType:
    """Tell the type of an accepted value."""
    if type(value) is str and value[:3] == "$D_":
        return ValueType.DATE
    return TYPES[type(value)]


@lru_cache(maxsize=65_536)
def check_key(key: str) -> str:
    """Give back a key of a user property, or raise `Rejected`."""
    return _checked_key(key, _PROHIBITED_IN_KEYS)


@lru_cache(maxsize=65_536)
def check_event_key(key: str) -> str:
    """Give back a key of an event property, or raise `Rejected`; `#` is fine here."""
    return _checked_key(key, _PROHIBITED_IN_EVENT_KEYS)


def _checked_key(key: str, prohibited: re.Pattern[str]) -> str:
    size = len(key.encode())
    if size > KEY_BYTES:
        reason = f"Key '{key[:40]}…' is {size} bytes, the limit is {KEY_BYTES}"
        raise Rejected(RejectCode.KEY_TOO_LONG, reason)
    if not key.strip():
        raise Rejected(RejectCode.KEY_TOO_LONG, "A key is blank")
    if found := prohibited.search(key):
        raise Rejected(
            RejectCode.KEY_CHARACTERS, f"Key {key!r} has the prohibited character {found[0]!r}"
        )
    return key


def is_too_long(text: str) -> bool:
    """Tell whether a text takes more than the 512 bytes of UTF-8 that a value may have."""
    return len(text) > SURELY_SHORT and len(text.encode()) > VALUE_BYTES


def check_text(key: str, text: str) -> str:
    """Give back a text value, or raise `Rejected` if it is too long or a broken date."""
    if len(text) > SURELY_SHORT and is_too_long(text):
        size = len(text.encode())
        reason = f"The value of '{key}' is {size} bytes, the limit is {VALUE_BYTES}"
        raise Rejected(RejectCode.VALUE_TOO_LONG, reason)
    if text[:3] == "$D_" and not is_date(text):
        raise Rejected(RejectCode.DATE_VALUE, f"The value of '{key}' is not a date: {text[:40]!r}")
    return text


def check_integer(key: str, number: int) -> int:
    """Give back an integer of 64 bits, or raise `Rejected`."""
    if not INTEGER_MIN <= number <= INTEGER_MAX:
        reason = f"The value of '{key}' is an integer that does not fit into 64 bits"
        raise Rejected(RejectCode.INTEGER_RANGE, reason)
    return number


def check_list(key: str, items: list[object]) -> list[str]:
    """Give back a list of at most 100 texts without repeats, or raise `Rejected`."""
    if len(items) > LIST_ITEMS:
        reason = f"The list of '{key}' has {len(items)} items, the limit is {LIST_ITEMS}"
        raise Rejected(RejectCode.LIST_INVALID, reason)
    for item in items:
        if type(item) is not str or len(item) > SURELY_SHORT:
            check_item(key, item)
    return list(dict.fromkeys(items))  # type: ignore[arg-type]  # all are texts


def check_item(key: str, item: object) -> str:
    """Give back one item of a list property, or raise `Rejected`."""
    if type(item) is not str:
        reason = f"The list of '{key}' has an item that is no text: {str(item)[:40]}"
        raise Rejected(RejectCode.LIST_INVALID, reason)
    if len(item) > SURELY_SHORT and is_too_long(item):
        size = len(item.encode())
        reason = f"An item of '{key}' is {size} bytes, the limit is {VALUE_BYTES}"
        raise Rejected(RejectCode.LIST_INVALID, reason)
    return item


def is_date(text: str) -> bool:
    """Is this `$D_` and whole epoch seconds (or a day as eight digits)?"""
    return _EPOCH_DATE.fullmatch(text) is not None


@lru_cache(maxsize=65_536)
def day_of(text: str) -> date | None:
    """Read a date value as the day it means (UTC), or None if it is none.

    `$D_YYYYMMDD` is a day; any other `$D_<n>` counts seconds since 1970, and
    may be negative. Eight digits that form a real day are read as the day.
    """
    if (found := _DAY_DATE.fullmatch(text)) is not None:
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            pass
    if not is_date(text):
        return None
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(text[3:]))).date()
    except OverflowError:
        return None
