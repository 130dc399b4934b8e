"""The tables of accounts: their environments and settings, keys, members and what these did."""

import sqlalchemy as sa

from mien.store.columns import CLUSTERED, EXACT, column, key, metadata

accounts = sa.Table(
    "accounts",
    metadata,
    key("account_id"),
    column("name", sa.Text),
    column("region", sa.Text),
    column("time_zone", sa.Text),
    column("created_at"),
)

environments = sa.Table(
    "environments",
    metadata,
    key("environment_id"),
    column("account_id"),
    column("kind", EXACT),
    column("public_id", EXACT),
    sa.UniqueConstraint("public_id"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    key("environment_id"),
    key("key_id"),
    column("label", sa.Text),
    column("digest", sa.LargeBinary),
    column("created_at"),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("used_at", sa.BigInteger),
)

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    key("environment_id"),
    key("key_id"),
    column("label", sa.Text),
    column("secret", sa.LargeBinary),
    column("created_at"),
    sa.Column("revoked_at", sa.BigInteger),
)

secrets = sa.Table("secrets", metadata, key("name", EXACT), column("value", sa.LargeBinary))

environment_settings = sa.Table(
    "environment_settings",
    metadata,
    key("environment_id"),
    column("settings", sa.LargeBinary),
    column("changed_at"),
    column("source", EXACT),
)

members = sa.Table(
    "members",
    metadata,
    key("member_id"),
    column("account_id"),
    column("email", EXACT),
    column("name", sa.Text),
    column("role", EXACT),
    column("password_hash", sa.Text),
    column("is_once", sa.SmallInteger),
    column("created_at"),
    sa.Column("signed_in_at", sa.BigInteger),
    sa.Column("removed_at", sa.BigInteger),
    sa.UniqueConstraint("email"),
    sa.Index(None, "account_id"),
)

member_sessions = sa.Table(
    "member_sessions",
    metadata,
    key("digest", sa.LargeBinary),
    column("member_id"),
    column("created_at"),
    column("seen_at"),
    sa.Index(None, "member_id"),
    sa.Index(None, "seen_at"),
    **CLUSTERED,
)

audit_log = sa.Table(
    "audit_log",
    metadata,
    key("account_id"),
    key("entry_id"),
    column("at"),
    column("member_id"),
    column("environment_id"),
    column("act", EXACT),
    column("subject", EXACT),
    column("details", sa.LargeBinary),
    sa.Index(None, "account_id", "member_id", "entry_id"),
    sa.Index(None, "account_id", "act", "entry_id"),
    **CLUSTERED,
)
