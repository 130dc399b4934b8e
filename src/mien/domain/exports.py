"""Exports to files: what may be asked for, and the states that one goes through."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from mien.domain.tables import Column


class Format(StrEnum):
    """How a file is written; the values end its name."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"


class ExportState(StrEnum):
    """What became of an export."""

    WRITING = "writing"
    """Its file is being written."""

    DONE = "done"
    """Its file can be downloaded."""

    FAILED = "failed"
    """It ended before all was written; nothing of it is kept but the reason."""

    WITHDRAWN = "withdrawn"
    """Its file was removed, since somebody who may be in it was erased (P-15)."""


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an export is of, and how it is written.

    `tree` says of whom, in the segment language; `event` which events of theirs, as a node of
    that language, None for the people themselves. With `all_properties` a line of JSON has all
    there are, also those that come up later.
    """

    format: Format
    tree: dict[str, Any]
    columns: Sequence[Column]
    event: dict[str, Any] | None = None
    event_id: int = 0
    all_properties: bool = False
    keeps_formulas: bool = False
    zone: str = "UTC"
