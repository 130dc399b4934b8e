"""Versions, such as those of apps: whole numbers between dots, compared part by part."""

import re

VERSION = r"[0-9]{1,9}(\.[0-9]{1,9}){0,7}"
"""What a version looks like; any other text is none."""

TAIL = r"(\.0+)+$"
"""The end of a version that makes no difference: 2.0 is 2."""

_PARTS, _LARGEST = 8, 999_999_999

_version = re.compile(VERSION)
_tail = re.compile(TAIL)


def version_of(text: str) -> tuple[int, ...] | None:
    """Give the parts of a version, without zeros at its end; None for what is no version."""
    if not _version.fullmatch(text):
        return None
    return tuple(int(part) for part in _tail.sub("", text).split("."))


def next_version(text: str) -> str | None:
    """Give the least version after one; None for what is no version, and after the last of all."""
    if (version := version_of(text)) is None:
        return None
    parts = [*version, *[0] * (_PARTS - len(version))]
    while parts and parts[-1] == _LARGEST:
        parts.pop()
    if not parts:
        return None
    parts[-1] += 1
    return ".".join(map(str, parts))
