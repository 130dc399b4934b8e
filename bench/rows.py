"""A row of the table: what was measured, its floor, and what was promised."""

from statistics import median
from typing import assert_never

from msgspec import Struct

from bench.jobs import Report

MEGABYTE = 1_000_000


class RatioAtLeast(Struct, frozen=True, tag="ratio_at_least"):
    """The promise: this part of the floor's rate."""

    ratio: float


class RateAtLeast(Struct, frozen=True, tag="rate_at_least"):
    """The promise: so many records a second."""

    rate: float


class P99Below(Struct, frozen=True, tag="p99_below"):
    """The promise: 99 of 100 calls answered within so many milliseconds."""

    milliseconds: float


class MemoryBelow(Struct, frozen=True, tag="memory_below"):
    """The promise: the server holds less than so many megabytes (of a million bytes)."""

    megabytes: float


Promise = RatioAtLeast | RateAtLeast | P99Below | MemoryBelow


class Row(Struct, frozen=True, kw_only=True):
    """Medians over the rounds. None: not measured in this work.

    Rates are records a second, `megabytes` is the server's memory, `bytes_each` what a record
    takes on disk with all that belongs to it. The `thin_floor` is for information: documents
    and ids only.
    """

    work: str
    promise: Promise | None = None
    rate: float | None = None
    floor: float | None = None
    thin_floor: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    megabytes: float | None = None
    bytes_each: float | None = None

    @property
    def ratio(self) -> float | None:
        """The rate as a part of the floor's."""
        return self.rate / self.floor if self.rate and self.floor else None

    @property
    def is_kept(self) -> bool | None:
        """Tell whether the promise is kept; None without one."""
        match self.promise:
            case None:
                return None
            case RatioAtLeast(ratio):
                return (self.ratio or 0.0) >= ratio
            case RateAtLeast(rate):
                return (self.rate or 0.0) >= rate
            case P99Below(milliseconds):
                return self.p99_ms is not None and self.p99_ms < milliseconds
            case MemoryBelow(megabytes):
                return self.megabytes is not None and self.megabytes < megabytes
            case _:
                assert_never(self.promise)


def row(
    work: str,
    reports: list[Report],
    *,
    promise: Promise | None = None,
    floor: list[Report] | None = None,
    thin_floor: list[Report] | None = None,
    resident_bytes: int | None = None,
) -> Row:
    """Give the row of some rounds of a work, with those of its floors."""
    return Row(
        work=work,
        promise=promise,
        rate=median_rate(reports),
        floor=median_rate(floor) if floor else None,
        thin_floor=median_rate(thin_floor) if thin_floor else None,
        p50_ms=median(each.p50_ms for each in reports),
        p99_ms=median(each.p99_ms for each in reports),
        megabytes=resident_bytes / MEGABYTE if resident_bytes is not None else None,
    )


def median_rate(reports: list[Report]) -> float:
    """Give the median of the rates."""
    return median(each.rate for each in reports)
