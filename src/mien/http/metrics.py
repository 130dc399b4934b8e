"""What operators measure: counters and histograms in the form that Prometheus reads.

One `Metrics` belongs to one server, with a registry of its own, so that several
may live in one process. Counting costs about a microsecond a request.
"""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from mien.domain.rejects import Reject
from mien.services.receipts import Receipt

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
UNKNOWN_ROUTE = "unknown"
"""Stands for every path that no route has: what clients invent must not become labels."""

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BATCHES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The measures of one server."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "mien_requests", "Requests answered.", ("route", "method", "status"), registry=registry
        )
        self._seconds = Histogram(
            "mien_request_seconds",
            "Time from the head of a request to the end of its answer.",
            ("route",),
            registry=registry,
            buckets=_SECONDS,
        )
        self.in_flight = Gauge(
            "mien_requests_in_flight", "Requests being served.", registry=registry
        )
        self._processed = Counter("mien_records_processed", "Records applied.", registry=registry)
        self._rejected = Counter(
            "mien_records_rejected", "Records refused, by code.", ("code",), registry=registry
        )
        self._commit_seconds = Histogram(
            "mien_commit_seconds",
            "Time to apply and commit a group of batches.",
            registry=registry,
            buckets=_SECONDS,
        )
        self._commit_batches = Histogram(
            "mien_commit_batches",
            "Batches that one commit served.",
            registry=registry,
            buckets=_BATCHES,
        )
        self._store_bytes = Gauge(
            "mien_store_bytes", "Size of the store on disk.", registry=registry
        )
        self._export_bytes = Gauge(
            "mien_export_bytes", "Size of the exported files on disk.", registry=registry
        )
        self._analytics_behind = Gauge(
            "mien_analytics_behind_entries",
            "Entries of the log that the analytics copy lacks, of the environment with most.",
            registry=registry,
        )
        self._step_seconds = Histogram(
            "mien_analytics_step_seconds",
            "Time to copy a step of the log into analytics.",
            registry=registry,
            buckets=_SECONDS,
        )
        self._known_requests: dict[tuple[str, str, int], Counter] = {}
        self._known_seconds: dict[str, Histogram] = {}

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered; status 0 is one whose client got no answer."""
        counter = self._known_requests.get((route, method, status))
        if counter is None:
            counter = self._requests.labels(route, method, status)
            self._known_requests[route, method, status] = counter
        counter.inc()
        histogram = self._known_seconds.get(route)
        if histogram is None:
            histogram = self._known_seconds[route] = self._seconds.labels(route)
        histogram.observe(seconds)

    def count_records(self, receipt: Receipt) -> None:
        """Count what became of the records of a batch that was not a dry run."""
        processed = 0
        for result in receipt.results:
            reject = result if isinstance(result, Reject) else result.refused
            if reject is None:
                processed += 1
            else:
                self._rejected.labels(int(reject.code)).inc()
        if processed:
            self._processed.inc(processed)

    def count_commit(self, batches: int, seconds: float) -> None:
        """Count a commit; the ingest thread calls this."""
        self._commit_batches.observe(batches)
        self._commit_seconds.observe(seconds)

    def count_step(self, seconds: float) -> None:
        """Count a step of the analytics copy; the thread that takes it calls this."""
        self._step_seconds.observe(seconds)

    def render(self, *, store_bytes: int, export_bytes: int, analytics_behind: int) -> bytes:
        """Write all measures in the text form of Prometheus."""
        self._analytics_behind.set(analytics_behind)
        self._store_bytes.set(store_bytes)
        self._export_bytes.set(export_bytes)
        return generate_latest(self.registry)
