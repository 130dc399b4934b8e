"""The record: accounts, profiles, events, the change log and what belongs to them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _accounts()
    _environments()
    _api_keys()
    _secrets()
    _counters()
    _profiles()
    _identities()
    _addresses()
    _events()
    _event_profiles()
    _changes()
    _definitions()
    _rejects()
    _idempotency()
    _merge_suggestions()
    _subscriptions()
    _erasures()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("profile_ids")))
        op.execute(sa.schema.CreateSequence(sa.Sequence("log_sequence")))


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_accounts"),
    )


def _environments() -> None:
    op.create_table(
        "environments",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("kind", EXACT, nullable=False),
        sa.Column("public_id", EXACT, nullable=False),
        sa.UniqueConstraint("public_id", name="uq_environments_public_id"),
        sa.PrimaryKeyConstraint("environment_id", name="pk_environments"),
    )


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("key_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("environment_id", "key_id", name="pk_api_keys"),
    )


def _secrets() -> None:
    op.create_table(
        "secrets",
        sa.Column("name", EXACT, nullable=False, autoincrement=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )


def _counters() -> None:
    op.create_table(
        "counters",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("name", EXACT, nullable=False, autoincrement=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "name", name="pk_counters"),
    )


def _profiles() -> None:
    op.create_table(
        "profiles",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("profile_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("activity", sa.LargeBinary, nullable=False),
        sa.Column("last_change", sa.BigInteger, nullable=False),
        sa.Column("last_event", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "profile_id", name="pk_profiles"),
    )


def _identities() -> None:
    op.create_table(
        "identities",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("value", EXACT, nullable=False, autoincrement=False),
        sa.Column("profile_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "kind", "value", name="pk_identities"),
        sqlite_with_rowid=False,
    )


def _addresses() -> None:
    op.create_table(
        "addresses",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("value", EXACT, nullable=False, autoincrement=False),
        sa.Column("profile_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint(
            "environment_id", "kind", "value", "profile_id", name="pk_addresses"
        ),
        sqlite_with_rowid=False,
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("profile_id", sa.BigInteger, nullable=False),
        sa.Column("previous", sa.BigInteger, nullable=False),
        sa.Column("name_id", sa.BigInteger, nullable=False),
        sa.Column("occurred_at", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("object_id", EXACT, nullable=False),
        sa.Column("source", EXACT, nullable=False),
        sa.Column("transaction_id", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "sequence", name="pk_events"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_events_environment_id_name_id_occurred_at_sequence",
        "events",
        ["environment_id", "name_id", "occurred_at", "sequence"],
    )


def _event_profiles() -> None:
    op.create_table(
        "event_profiles",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("name_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("profile_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint(
            "environment_id", "name_id", "profile_id", name="pk_event_profiles"
        ),
        sqlite_with_rowid=False,
    )


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("profile_id", sa.BigInteger, nullable=False),
        sa.Column("previous", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("source", EXACT, nullable=False),
        sa.Column("transaction_id", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "sequence", name="pk_changes"),
        sqlite_with_rowid=False,
    )


def _definitions() -> None:
    op.create_table(
        "definitions",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("parent", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("key", EXACT, nullable=False, autoincrement=False),
        sa.Column("definition_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=True),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.Column("source", EXACT, nullable=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("conflicts", sa.BigInteger, nullable=False),
        sa.UniqueConstraint(
            "environment_id", "definition_id", name="uq_definitions_environment_id_definition_id"
        ),
        sa.PrimaryKeyConstraint("environment_id", "kind", "parent", "key", name="pk_definitions"),
        sqlite_with_rowid=False,
    )


def _rejects() -> None:
    op.create_table(
        "rejects",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("reject_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("source", EXACT, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("code", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.LargeBinary, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.LargeBinary, nullable=False),
        sa.Column("replayed_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("environment_id", "reject_id", name="pk_rejects"),
    )
    op.create_index("ix_rejects_environment_id_person", "rejects", ["environment_id", "person"])


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("key", EXACT, nullable=False, autoincrement=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("body_digest", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "key", name="pk_idempotency"),
    )
    op.create_index(
        "ix_idempotency_environment_id_received_at",
        "idempotency",
        ["environment_id", "received_at"],
    )


def _merge_suggestions() -> None:
    op.create_table(
        "merge_suggestions",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("profile_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("other_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("value", EXACT, nullable=False),
        sa.Column("suggested_at", sa.BigInteger, nullable=False),
        sa.Column("source", EXACT, nullable=False),
        sa.PrimaryKeyConstraint(
            "environment_id", "profile_id", "other_id", name="pk_merge_suggestions"
        ),
        sqlite_with_rowid=False,
    )


def _subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("kind", sa.SmallInteger, nullable=False, autoincrement=False),
        sa.Column("value", EXACT, nullable=False, autoincrement=False),
        sa.Column("is_blocked", sa.SmallInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("source", EXACT, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "kind", "value", name="pk_subscriptions"),
        sqlite_with_rowid=False,
    )


def _erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("digest", sa.LargeBinary, nullable=False, autoincrement=False),
        sa.Column("profile_id", sa.BigInteger, nullable=False),
        sa.Column("erased_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "digest", name="pk_erasures"),
        sqlite_with_rowid=False,
    )
