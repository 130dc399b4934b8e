"""The works that are measured, by the names that `--only` takes."""

from collections.abc import Callable

from bench.rows import Row
from bench.stage import Stage
from bench.works.counts import counts
from bench.works.dashboard import dashboard
from bench.works.exports import export
from bench.works.freshness import freshness
from bench.works.growth import growth
from bench.works.merges import merges
from bench.works.pages import pages
from bench.works.reads import read
from bench.works.starts import start
from bench.works.stored import stored
from bench.works.uploads import events, postgres, profiles
from bench.works.visitors import visitors

WORKS: dict[str, Callable[[Stage], list[Row]]] = {
    "profiles": profiles,
    "events": events,
    "start": start,
    "stored": stored,
    "websdk": pages,
    "visitors": visitors,
    "merges": merges,
    "read": read,
    "export": export,
    "counts": counts,
    "freshness": freshness,
    "growth": growth,
    "dashboard": dashboard,
    "postgres": postgres,
}
