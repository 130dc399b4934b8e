"""An export of everybody, and the memory that the server takes meanwhile."""

from bench import corpus
from bench.child import load_watched
from bench.jobs import LoadOrder, Report
from bench.rows import MEGABYTE, MemoryBelow, RateAtLeast, Row, row
from bench.stage import Stage

PAGE_SIZE = 5_000
PROMISE = RateAtLeast(50_000)
MEMORY_PROMISE = MemoryBelow(300)


class WrongCountError(Exception):
    """An export did not give everybody exactly once."""

    def __init__(self, expected: int, got: int) -> None:
        self.expected, self.got = expected, got
        super().__init__(f"the export gave {got} profiles, but {expected} match")


def export(stage: Stage) -> list[Row]:
    """Walk everybody of the full store, page by page, on one connection."""
    server = stage.stored.server
    walk = corpus.export_of_everybody(now=stage.now, page_size=PAGE_SIZE)
    resident_bytes = [server.resident_bytes()]

    def walk_once(_turn: int) -> Report:
        order = LoadOrder(server.target(1), walk)
        report = load_watched(order, lambda: resident_bytes.append(server.resident_bytes()))
        if report.records != stage.sizes.stored_profiles:
            raise WrongCountError(stage.sizes.stored_profiles, report.records)
        return report

    reports = stage.in_turns("export", {"mien": walk_once})
    return [
        row(f"export, pages of {PAGE_SIZE:,}", reports["mien"], promise=PROMISE),
        Row(
            work="memory, full store and an export",
            promise=MEMORY_PROMISE,
            megabytes=max(resident_bytes) / MEGABYTE,
        ),
    ]
