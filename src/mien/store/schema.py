"""The tables of the record, the same on SQLite and PostgreSQL.

The environment comes first in every key, so that nothing ever crosses. Ids are
compared byte by byte on both engines (`EXACT`). Append-only tables and those of
small rows are clustered by their key on SQLite (`CLUSTERED`).

Events and changes of one profile form a chain: the profile points at its newest,
each row at the one before (docs/adr/0003-chains.md).
"""

import sqlalchemy as sa

from mien.store.columns import CLUSTERED, EXACT, column, key, metadata

counters = sa.Table(
    "counters", metadata, key("environment_id"), key("name", EXACT), column("value")
)

profiles = sa.Table(
    "profiles",
    metadata,
    key("environment_id"),
    key("profile_id"),
    column("document", sa.LargeBinary),
    column("activity", sa.LargeBinary),
    column("last_change"),
    column("last_event"),
    column("created_at"),
    column("updated_at"),
    sa.Column("is_merged", sa.SmallInteger, nullable=False, server_default="0"),
)

identities = sa.Table(
    "identities",
    metadata,
    key("environment_id"),
    key("kind", sa.SmallInteger),
    key("value", EXACT),
    column("profile_id"),
    **CLUSTERED,
)

addresses = sa.Table(
    "addresses",
    metadata,
    key("environment_id"),
    key("kind", sa.SmallInteger),
    key("value", EXACT),
    key("profile_id"),
    **CLUSTERED,
)

events = sa.Table(
    "events",
    metadata,
    key("environment_id"),
    key("sequence"),
    column("profile_id"),
    column("previous"),
    column("name_id"),
    column("occurred_at"),
    column("received_at"),
    column("object_id", EXACT),
    column("source", EXACT),
    column("transaction_id"),
    column("body", sa.LargeBinary),
    sa.Column("session", sa.LargeBinary),
    **CLUSTERED,
)

changes = sa.Table(
    "changes",
    metadata,
    key("environment_id"),
    key("sequence"),
    column("profile_id"),
    column("previous"),
    column("received_at"),
    column("source", EXACT),
    column("transaction_id"),
    column("body", sa.LargeBinary),
    **CLUSTERED,
)

definitions = sa.Table(
    "definitions",
    metadata,
    key("environment_id"),
    key("kind", sa.SmallInteger),
    key("parent"),
    key("key", EXACT),
    column("definition_id"),
    column("name", sa.Text),
    sa.Column("type", sa.Text),
    column("first_seen_at"),
    column("source", EXACT),
    column("state", sa.SmallInteger),
    column("description", sa.Text),
    column("count"),
    column("conflicts"),
    sa.Column("last_seen_at", sa.BigInteger),
    sa.Column("in_table", sa.SmallInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("environment_id", "definition_id"),
    **CLUSTERED,
)

rejects = sa.Table(
    "rejects",
    metadata,
    key("environment_id"),
    key("reject_id"),
    column("received_at"),
    column("source", EXACT),
    column("position"),
    column("code"),
    column("reason", sa.LargeBinary),
    column("record", sa.LargeBinary),
    column("person", sa.LargeBinary),
    sa.Column("replayed_at", sa.BigInteger),
    sa.Index(None, "environment_id", "person"),
    sa.Index(None, "environment_id", "code", "received_at", "reject_id"),
    sa.Index(None, "environment_id", "source", "received_at", "reject_id"),
    sa.Index(None, "environment_id", "code", "source", "received_at", "reject_id"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    key("environment_id"),
    key("key", EXACT),
    column("received_at"),
    column("body_digest", sa.LargeBinary),
    column("answer", sa.LargeBinary),
    sa.Index(None, "environment_id", "received_at"),
)

merge_suggestions = sa.Table(
    "merge_suggestions",
    metadata,
    key("environment_id"),
    key("profile_id"),
    key("other_id"),
    column("kind", sa.SmallInteger),
    column("value", EXACT),
    column("suggested_at"),
    column("source", EXACT),
    sa.Index(None, "environment_id", "other_id"),
    **CLUSTERED,
)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    key("environment_id"),
    key("kind", sa.SmallInteger),
    key("value", EXACT),
    column("is_blocked", sa.SmallInteger),
    column("changed_at"),
    column("source", EXACT),
    sa.Column("sequence", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index(None, "environment_id", "sequence"),
    **CLUSTERED,
)

erasures = sa.Table(
    "erasures",
    metadata,
    key("environment_id"),
    key("digest", sa.LargeBinary),
    column("profile_id"),
    column("erased_at"),
    **CLUSTERED,
)

planned_erasures = sa.Table(
    "planned_erasures",
    metadata,
    key("environment_id"),
    key("erasure_id"),
    column("profile_id"),
    column("asked_at"),
    column("due_at"),
    column("source", EXACT),
    sa.Column("done_at", sa.BigInteger),
    column("receipt", sa.LargeBinary),
    sa.Index(None, "environment_id", "profile_id"),
    sa.Index(None, "environment_id", "done_at", "due_at"),
)

merges = sa.Table(
    "merges",
    metadata,
    key("environment_id"),
    key("merge_id"),
    column("root_id"),
    column("survivor_id"),
    column("absorbed_id"),
    column("kind", sa.SmallInteger),
    column("value", EXACT),
    column("merged_at"),
    column("source", EXACT),
    sa.Column("undone_at", sa.BigInteger),
    sa.Column("undone_by", EXACT),
    column("survivor_document", sa.LargeBinary),
    column("survivor_activity", sa.LargeBinary),
    column("absorbed_document", sa.LargeBinary),
    column("absorbed_activity", sa.LargeBinary),
    sa.Index(None, "environment_id", "root_id"),
)

absorbed = sa.Table(
    "absorbed",
    metadata,
    key("environment_id"),
    key("profile_id"),
    column("root_id"),
    column("last_change"),
    column("last_event"),
    column("created_at"),
    sa.Index(None, "environment_id", "root_id"),
    **CLUSTERED,
)

grey_links = sa.Table(
    "grey_links",
    metadata,
    key("environment_id"),
    key("profile_id"),
    key("rest_id"),
    key("object_id", EXACT),
    column("until"),
    sa.Index(None, "environment_id", "rest_id"),
    **CLUSTERED,
)

segments = sa.Table(
    "segments",
    metadata,
    key("environment_id"),
    key("segment_id", EXACT),
    column("name", EXACT),
    column("description", sa.Text),
    column("created_at"),
    column("updated_at"),
    column("source", EXACT),
    column("tree", sa.LargeBinary),
    sa.UniqueConstraint("environment_id", "name"),
)

segment_sizes = sa.Table(
    "segment_sizes",
    metadata,
    key("environment_id"),
    key("segment_id", EXACT),
    key("day", EXACT),
    column("size"),
    column("counted_at"),
    **CLUSTERED,
)

export_pages = sa.Table(
    "export_pages",
    metadata,
    key("environment_id"),
    key("export_id"),
    key("page"),
    column("created_at"),
    column("first_id"),
    column("body", sa.LargeBinary),
    sa.Index(None, "environment_id", "created_at"),
)

report_requests = sa.Table(
    "report_requests",
    metadata,
    key("environment_id"),
    key("request_id"),
    column("report", EXACT),
    column("asked_at"),
    column("query", sa.LargeBinary),
)

file_exports = sa.Table(
    "file_exports",
    metadata,
    key("environment_id"),
    key("export_id"),
    column("home", EXACT),
    column("state", EXACT),
    column("created_at"),
    column("source", EXACT),
    column("asked", sa.LargeBinary),
    column("set_id"),
    sa.Column("as_of", sa.BigInteger),
    column("total"),
    column("attempt"),
    column("done"),
    column("written"),
    column("size"),
    sa.Column("finished_at", sa.BigInteger),
    column("problem", sa.Text),
    sa.Index(None, "home", "state"),
)

leases = sa.Table("leases", metadata, key("name", EXACT), column("holder", EXACT), column("beat"))
