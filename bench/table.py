"""The results as a table for people and as JSON for programs."""

from typing import assert_never

import msgspec
from msgspec import Struct
from rich import box
from rich.table import Table

from bench.jobs import Report
from bench.machine import Machine
from bench.rows import MemoryBelow, P99Below, Promise, RateAtLeast, RatioAtLeast, Row
from bench.sizes import Sizes

NUMBER_COLUMNS = (
    "rate/s",
    "floor/s",
    "thin floor/s",
    "ratio",
    "target",
    "p50 ms",
    "p99 ms",
    "RSS MB",
    "bytes each",
)
NOTES = """
Rates are records a second, medians of rounds run in turns. Floor: the smallest program that does
the same durable work on the same engine; of reads, an empty route; of a full store, the same upload
to an empty one, or a start on one; of visitors, the plain upload of new people; of ten times the
data, the data before.
Thin floor, for information: documents and ids only, no addresses, no history. Bytes each: what a
record takes on disk with all that belongs to it. At half load and of light uploads, calls come when
they are due, whether or not those before were answered, and are timed from then.
"""
WIDTH = 150
"""Columns of text; enough for every number, also where the output is no terminal."""


class Results(Struct, frozen=True):
    """All that is written as JSON."""

    machine: Machine
    sizes: Sizes
    rounds: int
    rows: list[Row]
    reports: dict[str, dict[str, list[Report]]]


def render_table(rows: list[Row]) -> Table:
    """Give the table, in Markdown's lines; a row that misses its target is red."""
    table = Table(box=box.MARKDOWN)
    table.add_column("work", no_wrap=True)
    for name in NUMBER_COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row.work, *_cells(row), style=_style(row))
    return table


def render_json(results: Results) -> bytes:
    """Give the results as JSON; each row also has its ratio and whether its target is met."""
    fields = msgspec.to_builtins(results)
    for written, row in zip(fields["rows"], results.rows, strict=True):
        written.update(ratio=row.ratio, is_kept=row.is_kept)
    return msgspec.json.format(msgspec.json.encode(fields), indent=2)


def _cells(row: Row) -> list[str]:
    return [
        _whole(row.rate),
        _whole(row.floor),
        _whole(row.thin_floor),
        _decimal(row.ratio),
        _target(row.promise),
        _decimal(row.p50_ms),
        _decimal(row.p99_ms),
        _whole(row.megabytes),
        _whole(row.bytes_each),
    ]


def _style(row: Row) -> str:
    return {None: "", True: "green", False: "red"}[row.is_kept]


def _target(promise: Promise | None) -> str:
    match promise:
        case None:
            return ""
        case RatioAtLeast(ratio):
            return f"≥ {ratio}"
        case RateAtLeast(rate):
            return f"≥ {rate:,.0f}/s"
        case P99Below(milliseconds):
            return f"< {milliseconds:.0f} ms"
        case MemoryBelow(megabytes):
            return f"< {megabytes:.0f} MB"
        case _:
            assert_never(promise)


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
