"""When each person was first and last seen, gathered into one table of ClickHouse.

`analytics.duckdb_sights` tells what it is for.
"""

from mien.analytics.people import SEEN, SIGHTS


def gathering(schema: str, place: int) -> str:
    """Give the statement; `place` is its version."""
    return (
        f"INSERT INTO {schema}.{SEEN} (profile_id, first_at, last_at, version, is_deleted) "
        "SELECT profile_id, arrayMin(arrayFilter(x -> x IS NOT NULL, "
        "[min(made), min(first_at)])), "
        f"coalesce(max(last_at), min(made)), {place}, 0 FROM ("
        "SELECT profile_id, toNullable(intDiv(created_at, 1000)) AS made, "
        "CAST(NULL, 'Nullable(Int64)') AS first_at, CAST(NULL, 'Nullable(Int64)') AS last_at "
        f"FROM {schema}.profiles FINAL UNION ALL "
        "SELECT profile_id, NULL AS made, nullIf(first_seen_at, 0) AS first_at, "
        f"toNullable(seen_at) AS last_at FROM {schema}.devices UNION ALL "
        "SELECT if(m.root_id = 0, s.profile_id, m.root_id) AS profile_id, NULL AS made, "
        "toNullable(s.first_at) AS first_at, toNullable(s.last_at) AS last_at "
        f"FROM {schema}.{SIGHTS} AS s FINAL LEFT JOIN {schema}.merged AS m FINAL "
        "ON m.profile_id = s.profile_id"
        ") GROUP BY profile_id HAVING count(made) > 0"
    )
