"""The tables of the record, the same on SQLite and PostgreSQL.

The environment comes first in every key, so that nothing ever crosses. Ids are
compared byte by byte on both engines (`EXACT`). Append-only tables and those of
small rows are clustered by their key on SQLite (`CLUSTERED`).

Events and changes of one profile form a chain: the profile points at its newest,
each row at the one before (docs/adr/0003-chains.md).
"""

from typing import Any, TypeAlias

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}

_Type: TypeAlias = type[sa.types.TypeEngine[Any]] | sa.types.TypeEngine[Any]


def _key(name: str, kind: _Type = sa.BigInteger) -> "sa.Column[Any]":
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _column(name: str, kind: _Type = sa.BigInteger) -> "sa.Column[Any]":
    return sa.Column(name, kind, nullable=False)


accounts = sa.Table(
    "accounts",
    metadata,
    _key("account_id"),
    _column("name", sa.Text),
    _column("region", sa.Text),
    _column("time_zone", sa.Text),
    _column("created_at"),
)

environments = sa.Table(
    "environments",
    metadata,
    _key("environment_id"),
    _column("account_id"),
    _column("kind", EXACT),
    _column("public_id", EXACT),
    sa.UniqueConstraint("public_id"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    _key("environment_id"),
    _key("key_id"),
    _column("label", sa.Text),
    _column("digest", sa.LargeBinary),
    _column("created_at"),
    sa.Column("revoked_at", sa.BigInteger),
)

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    _key("environment_id"),
    _key("key_id"),
    _column("label", sa.Text),
    _column("secret", sa.LargeBinary),
    _column("created_at"),
    sa.Column("revoked_at", sa.BigInteger),
)

secrets = sa.Table("secrets", metadata, _key("name", EXACT), _column("value", sa.LargeBinary))

counters = sa.Table(
    "counters", metadata, _key("environment_id"), _key("name", EXACT), _column("value")
)

profiles = sa.Table(
    "profiles",
    metadata,
    _key("environment_id"),
    _key("profile_id"),
    _column("document", sa.LargeBinary),
    _column("activity", sa.LargeBinary),
    _column("last_change"),
    _column("last_event"),
    _column("created_at"),
    _column("updated_at"),
    sa.Column("is_merged", sa.SmallInteger, nullable=False, server_default="0"),
)

identities = sa.Table(
    "identities",
    metadata,
    _key("environment_id"),
    _key("kind", sa.SmallInteger),
    _key("value", EXACT),
    _column("profile_id"),
    **CLUSTERED,
)

addresses = sa.Table(
    "addresses",
    metadata,
    _key("environment_id"),
    _key("kind", sa.SmallInteger),
    _key("value", EXACT),
    _key("profile_id"),
    **CLUSTERED,
)

events = sa.Table(
    "events",
    metadata,
    _key("environment_id"),
    _key("sequence"),
    _column("profile_id"),
    _column("previous"),
    _column("name_id"),
    _column("occurred_at"),
    _column("received_at"),
    _column("object_id", EXACT),
    _column("source", EXACT),
    _column("transaction_id"),
    _column("body", sa.LargeBinary),
    sa.Column("session", sa.LargeBinary),
    sa.Index(None, "environment_id", "name_id", "occurred_at", "sequence"),
    **CLUSTERED,
)

event_profiles = sa.Table(
    "event_profiles",
    metadata,
    _key("environment_id"),
    _key("name_id"),
    _key("profile_id"),
    **CLUSTERED,
)

changes = sa.Table(
    "changes",
    metadata,
    _key("environment_id"),
    _key("sequence"),
    _column("profile_id"),
    _column("previous"),
    _column("received_at"),
    _column("source", EXACT),
    _column("transaction_id"),
    _column("body", sa.LargeBinary),
    **CLUSTERED,
)

definitions = sa.Table(
    "definitions",
    metadata,
    _key("environment_id"),
    _key("kind", sa.SmallInteger),
    _key("parent"),
    _key("key", EXACT),
    _column("definition_id"),
    _column("name", sa.Text),
    sa.Column("type", sa.Text),
    _column("first_seen_at"),
    _column("source", EXACT),
    _column("state", sa.SmallInteger),
    _column("description", sa.Text),
    _column("count"),
    _column("conflicts"),
    sa.Column("last_seen_at", sa.BigInteger),
    sa.Column("in_table", sa.SmallInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("environment_id", "definition_id"),
    **CLUSTERED,
)

rejects = sa.Table(
    "rejects",
    metadata,
    _key("environment_id"),
    _key("reject_id"),
    _column("received_at"),
    _column("source", EXACT),
    _column("position"),
    _column("code"),
    _column("reason", sa.LargeBinary),
    _column("record", sa.LargeBinary),
    _column("person", sa.LargeBinary),
    sa.Column("replayed_at", sa.BigInteger),
    sa.Index(None, "environment_id", "person"),
    sa.Index(None, "environment_id", "code", "received_at", "reject_id"),
    sa.Index(None, "environment_id", "source", "received_at", "reject_id"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    _key("environment_id"),
    _key("key", EXACT),
    _column("received_at"),
    _column("body_digest", sa.LargeBinary),
    _column("answer", sa.LargeBinary),
    sa.Index(None, "environment_id", "received_at"),
)

merge_suggestions = sa.Table(
    "merge_suggestions",
    metadata,
    _key("environment_id"),
    _key("profile_id"),
    _key("other_id"),
    _column("kind", sa.SmallInteger),
    _column("value", EXACT),
    _column("suggested_at"),
    _column("source", EXACT),
    **CLUSTERED,
)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    _key("environment_id"),
    _key("kind", sa.SmallInteger),
    _key("value", EXACT),
    _column("is_blocked", sa.SmallInteger),
    _column("changed_at"),
    _column("source", EXACT),
    **CLUSTERED,
)

erasures = sa.Table(
    "erasures",
    metadata,
    _key("environment_id"),
    _key("digest", sa.LargeBinary),
    _column("profile_id"),
    _column("erased_at"),
    **CLUSTERED,
)

planned_erasures = sa.Table(
    "planned_erasures",
    metadata,
    _key("environment_id"),
    _key("erasure_id"),
    _column("profile_id"),
    _column("asked_at"),
    _column("due_at"),
    _column("source", EXACT),
    sa.Column("done_at", sa.BigInteger),
    _column("receipt", sa.LargeBinary),
    sa.Index(None, "environment_id", "profile_id"),
    sa.Index(None, "environment_id", "done_at", "due_at"),
)

merges = sa.Table(
    "merges",
    metadata,
    _key("environment_id"),
    _key("merge_id"),
    _column("root_id"),
    _column("survivor_id"),
    _column("absorbed_id"),
    _column("kind", sa.SmallInteger),
    _column("value", EXACT),
    _column("merged_at"),
    _column("source", EXACT),
    sa.Column("undone_at", sa.BigInteger),
    sa.Column("undone_by", EXACT),
    _column("survivor_document", sa.LargeBinary),
    _column("survivor_activity", sa.LargeBinary),
    _column("absorbed_document", sa.LargeBinary),
    _column("absorbed_activity", sa.LargeBinary),
    sa.Index(None, "environment_id", "root_id"),
)

absorbed = sa.Table(
    "absorbed",
    metadata,
    _key("environment_id"),
    _key("profile_id"),
    _column("root_id"),
    _column("last_change"),
    _column("last_event"),
    _column("created_at"),
    sa.Index(None, "environment_id", "root_id"),
    **CLUSTERED,
)

grey_links = sa.Table(
    "grey_links",
    metadata,
    _key("environment_id"),
    _key("profile_id"),
    _key("rest_id"),
    _key("object_id", EXACT),
    _column("until"),
    sa.Index(None, "environment_id", "rest_id"),
    **CLUSTERED,
)

environment_settings = sa.Table(
    "environment_settings",
    metadata,
    _key("environment_id"),
    _column("settings", sa.LargeBinary),
    _column("changed_at"),
    _column("source", EXACT),
)

members = sa.Table(
    "members",
    metadata,
    _key("member_id"),
    _column("account_id"),
    _column("email", EXACT),
    _column("name", sa.Text),
    _column("role", EXACT),
    _column("password_hash", sa.Text),
    _column("is_once", sa.SmallInteger),
    _column("created_at"),
    sa.Column("signed_in_at", sa.BigInteger),
    sa.Column("removed_at", sa.BigInteger),
    sa.UniqueConstraint("email"),
    sa.Index(None, "account_id"),
)

member_sessions = sa.Table(
    "member_sessions",
    metadata,
    _key("digest", sa.LargeBinary),
    _column("member_id"),
    _column("created_at"),
    _column("seen_at"),
    sa.Index(None, "member_id"),
    sa.Index(None, "seen_at"),
    **CLUSTERED,
)

audit_log = sa.Table(
    "audit_log",
    metadata,
    _key("account_id"),
    _key("entry_id"),
    _column("at"),
    _column("member_id"),
    _column("environment_id"),
    _column("act", EXACT),
    _column("subject", EXACT),
    _column("details", sa.LargeBinary),
    **CLUSTERED,
)

segments = sa.Table(
    "segments",
    metadata,
    _key("environment_id"),
    _key("segment_id", EXACT),
    _column("name", EXACT),
    _column("description", sa.Text),
    _column("created_at"),
    _column("updated_at"),
    _column("source", EXACT),
    _column("tree", sa.LargeBinary),
    sa.UniqueConstraint("environment_id", "name"),
)

segment_sizes = sa.Table(
    "segment_sizes",
    metadata,
    _key("environment_id"),
    _key("segment_id", EXACT),
    _key("day", EXACT),
    _column("size"),
    _column("counted_at"),
    **CLUSTERED,
)

export_pages = sa.Table(
    "export_pages",
    metadata,
    _key("environment_id"),
    _key("export_id"),
    _key("page"),
    _column("created_at"),
    _column("first_id"),
    _column("body", sa.LargeBinary),
    sa.Index(None, "environment_id", "created_at"),
)
