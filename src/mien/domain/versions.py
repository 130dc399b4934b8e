"""Versions, such as those of apps: whole numbers between dots, compared part by part."""

import re

VERSION = r"[0-9]{1,9}(\.[0-9]{1,9}){0,7}"
"""What a version looks like; any other text is none."""

TAIL = r"(\.0+)+$"
"""The end of a version that makes no difference: 2.0 is 2."""

_version = re.compile(VERSION)
_tail = re.compile(TAIL)


def version_of(text: str) -> tuple[int, ...] | None:
    """Give the parts of a version, without zeros at its end; None for what is no version."""
    if not _version.fullmatch(text):
        return None
    return tuple(int(part) for part in _tail.sub("", text).split("."))
