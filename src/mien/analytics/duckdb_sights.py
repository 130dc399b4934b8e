"""When people were seen in DuckDB: by what they did, with each step; and in all, to sort people by.

The first and last of what each did are rolled up as it comes. What is told of people in all is
worked out now and then: what takes part of a second for a million must not be paid by uploads.
"""

from collections.abc import Sequence

import duckdb

from mien.analytics.people import SEEN, SIGHTS

GATHERED = "gathered"
"""The table with the place up to which it was gathered when people were seen in all."""

COMPACTED_EACH = 500_000
"""After so many places of the log there is one row a person again."""


def add_sights(
    tx: "duckdb.DuckDBPyConnection", schema: str, events: Sequence[str], upto: int
) -> None:
    """Roll up what a step brought within its transaction; `events` are the tables that it wrote to."""
    tx.execute(f"SELECT place FROM {schema}.position")
    before: int = (tx.fetchone() or (0,))[0]
    if events:
        new = " UNION ALL ".join(
            f"SELECT profile_id, occurred_at FROM {schema}.{table} WHERE sequence > $before"
            for table in events
        )
        tx.execute(
            f"INSERT INTO {schema}.{SIGHTS} SELECT profile_id, min(occurred_at), max(occurred_at) "
            f"FROM ({new}) GROUP BY profile_id",
            {"before": before},
        )
    if upto // COMPACTED_EACH > before // COMPACTED_EACH:
        tx.execute(
            f"CREATE OR REPLACE TABLE {schema}.{SIGHTS} AS SELECT profile_id, "
            "min(first_at) AS first_at, max(last_at) AS last_at "
            f"FROM {schema}.{SIGHTS} GROUP BY profile_id"
        )


def gather(tx: "duckdb.DuckDBPyConnection", schema: str) -> None:
    """Gather within a transaction when people were seen in all, up to the place of the copy."""
    tx.execute(f"CREATE OR REPLACE TABLE {schema}.{SEEN} AS {_seen(schema)}")
    tx.execute(f"UPDATE {schema}.{GATHERED} SET place = (SELECT place FROM {schema}.position)")


def _seen(schema: str) -> str:
    """Select each person with the earliest sight and the latest, as `domain.derived` tells them."""
    return (
        "SELECT profile_id, least(min(made), min(first_at)) AS first_at, "
        "coalesce(max(last_at), min(made)) AS last_at FROM ("
        "SELECT profile_id, created_at // 1000 AS made, NULL AS first_at, NULL AS last_at "
        f"FROM {schema}.profiles UNION ALL "
        f"SELECT profile_id, NULL, nullif(first_seen_at, 0), seen_at FROM {schema}.devices "
        "UNION ALL SELECT coalesce(root_id, profile_id), NULL, first_at, last_at "
        f"FROM {schema}.{SIGHTS} LEFT JOIN {schema}.merged USING (profile_id)"
        ") GROUP BY profile_id HAVING count(made) > 0"
    )
