"""Questions of reports that take long, until their answers were fetched."""

from collections.abc import Callable

import sqlalchemy as sa

from mien.domain.ids import EnvironmentId
from mien.store.engine import Transaction
from mien.store.schema import report_requests

_ENVIRONMENT: sa.BindParameter[int] = sa.bindparam("environment")
_FIND = sa.select(report_requests.c.query).where(
    report_requests.c.environment_id == _ENVIRONMENT,
    report_requests.c.request_id == sa.bindparam("request"),
    report_requests.c.report == sa.bindparam("report"),
    report_requests.c.asked_at >= sa.bindparam("since"),
)
_DELETE = sa.delete(report_requests).where(
    report_requests.c.environment_id == _ENVIRONMENT,
    report_requests.c.asked_at < sa.bindparam("before"),
)
_QUERIES = sa.select(report_requests.c.request_id, report_requests.c.query).where(
    report_requests.c.environment_id == _ENVIRONMENT
)
_ERASE = sa.delete(report_requests).where(
    report_requests.c.environment_id == _ENVIRONMENT,
    report_requests.c.request_id == sa.bindparam("request"),
)


def save(tx: Transaction, row: tuple[EnvironmentId, int, str, int, bytes]) -> None:
    """Keep a question: environment, id, report, when it was asked (epoch ms), the query."""
    tx.insert(report_requests, [row])


def find(
    tx: Transaction, environment: EnvironmentId, report: str, request: int, *, since_ms: int
) -> bytes | None:
    """Find the query of a report that was asked since then."""
    row = tx.row(_FIND, environment=environment, report=report, request=request, since=since_ms)
    return None if row is None else row[0]


def expire(tx: Transaction, environment: EnvironmentId, *, before_ms: int) -> int:
    """Remove questions that were asked before a time; give how many."""
    return tx.run(_DELETE, environment=environment, before=before_ms)


def erase(tx: Transaction, environment: EnvironmentId, is_erased: Callable[[bytes], bool]) -> int:
    """Remove the questions that are to be erased; give how many."""
    return sum(
        tx.run(_ERASE, environment=environment, request=request)
        for request, query in tx.rows(_QUERIES, environment=environment)
        if is_erased(query)
    )
