"""Every code that the server can emit, with its cause and its mend (U-25).

The tables are drawn from the error classes and from `REJECT_CODES`: what is not
documented cannot be raised, and a test compares `docs/errors.md` with them.
"""

import inspect
import pkgutil
from collections.abc import Iterator
from http import HTTPStatus
from importlib import import_module

import msgspec

import mien
from mien.domain.errors import MienError
from mien.domain.rejects import REJECT_CODES
from mien.http.errors import status_of

_SOURCES = ("mien.domain", "mien.services", "mien.http")


class CodeEntry(msgspec.Struct, frozen=True):
    """One code; `status` is absent for a record that was rejected, which has none of its own."""

    code: str
    cause: str
    mend: str
    status: HTTPStatus | None = None


def error_codes() -> list[CodeEntry]:
    """Give the codes of requests that are refused, in the order of their status."""
    # All of them, whatever this process happens to have loaded.
    for module in pkgutil.walk_packages(mien.__path__, "mien."):
        if module.name.startswith(_SOURCES):
            import_module(module.name)
    entries = {each.code: _entry(each) for each in _classes(MienError)}
    return sorted(entries.values(), key=lambda entry: (entry.status or 0, entry.code))


def reject_codes() -> list[CodeEntry]:
    """Give the codes of records that are rejected, in order."""
    return [
        CodeEntry(str(int(code)), help_.cause, help_.mend) for code, help_ in REJECT_CODES.items()
    ]


def _entry(kind: type[MienError]) -> CodeEntry:
    cause = inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    return CodeEntry(kind.code, cause, kind.mend, status_of(kind))


def _classes(kind: type[MienError]) -> Iterator[type[MienError]]:
    """Give the classes below one that have a code of their own and are ours to document."""
    for each in kind.__subclasses__():
        if "code" in vars(each) and each.__module__.startswith(_SOURCES):
            yield each
        yield from _classes(each)
