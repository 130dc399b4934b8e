"""When each person was first and last seen, gathered into one table of DuckDB to sort people by.

It is worked out now and then and not with each step: what takes part of a second for a
million people must not be paid by uploads. What was read of events is kept, by the profile
that they came with, so that only new ones are read the next time.
"""

from collections.abc import Iterable

import duckdb

from mien.analytics.people import SEEN

SIGHTS, GATHERED = "sights", "gathered"
"""What was read of events so far, and the place up to which that was done."""


def gather(tx: "duckdb.DuckDBPyConnection", schema: str, events: Iterable[str]) -> None:
    """Gather within a transaction, up to the place of the copy; `events` are the tables of events."""
    tx.execute(f"SELECT place FROM {schema}.{GATHERED}")
    place = (tx.fetchone() or (0,))[0]
    for table in events:
        # An earlier sight or a later one is all that counts, so reading an event twice does no harm.
        tx.execute(
            f"INSERT INTO {schema}.{SIGHTS} SELECT profile_id, min(occurred_at), max(occurred_at) "
            f"FROM {schema}.{table} WHERE sequence > $place GROUP BY profile_id",
            {"place": place},
        )
    tx.execute(
        f"CREATE OR REPLACE TABLE {schema}.{SIGHTS} AS SELECT profile_id, "
        "min(first_at) AS first_at, max(last_at) AS last_at "
        f"FROM {schema}.{SIGHTS} GROUP BY profile_id"
    )
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
