"""One person on every device: merges that can be undone, grey events, settings, sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BIG = sa.BigInteger


def upgrade() -> None:
    op.add_column(
        "profiles", sa.Column("is_merged", sa.SmallInteger, nullable=False, server_default="0")
    )
    op.add_column("events", sa.Column("session", sa.LargeBinary))
    _merges()
    _absorbed()
    _grey_links()
    _environment_settings()


def _merges() -> None:
    op.create_table(
        "merges",
        sa.Column("environment_id", BIG, nullable=False, autoincrement=False),
        sa.Column("merge_id", BIG, nullable=False, autoincrement=False),
        sa.Column("root_id", BIG, nullable=False),
        sa.Column("survivor_id", BIG, nullable=False),
        sa.Column("absorbed_id", BIG, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("value", EXACT, nullable=False),
        sa.Column("merged_at", BIG, nullable=False),
        sa.Column("source", EXACT, nullable=False),
        sa.Column("undone_at", BIG),
        sa.Column("undone_by", EXACT),
        sa.Column("survivor_document", sa.LargeBinary, nullable=False),
        sa.Column("survivor_activity", sa.LargeBinary, nullable=False),
        sa.Column("absorbed_document", sa.LargeBinary, nullable=False),
        sa.Column("absorbed_activity", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "merge_id", name="pk_merges"),
    )
    op.create_index("ix_merges_environment_id_root_id", "merges", ["environment_id", "root_id"])


def _absorbed() -> None:
    op.create_table(
        "absorbed",
        sa.Column("environment_id", BIG, nullable=False, autoincrement=False),
        sa.Column("profile_id", BIG, nullable=False, autoincrement=False),
        sa.Column("root_id", BIG, nullable=False),
        sa.Column("last_change", BIG, nullable=False),
        sa.Column("last_event", BIG, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "profile_id", name="pk_absorbed"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_absorbed_environment_id_root_id", "absorbed", ["environment_id", "root_id"])


def _grey_links() -> None:
    op.create_table(
        "grey_links",
        sa.Column("environment_id", BIG, nullable=False, autoincrement=False),
        sa.Column("profile_id", BIG, nullable=False, autoincrement=False),
        sa.Column("rest_id", BIG, nullable=False, autoincrement=False),
        sa.Column("object_id", EXACT, nullable=False),
        sa.Column("until", BIG, nullable=False),
        sa.PrimaryKeyConstraint(
            "environment_id", "profile_id", "rest_id", "object_id", name="pk_grey_links"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_grey_links_environment_id_rest_id", "grey_links", ["environment_id", "rest_id"]
    )


def _environment_settings() -> None:
    op.create_table(
        "environment_settings",
        sa.Column("environment_id", BIG, nullable=False, autoincrement=False),
        sa.Column("settings", sa.LargeBinary, nullable=False),
        sa.Column("changed_at", BIG, nullable=False),
        sa.Column("source", EXACT, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", name="pk_environment_settings"),
    )
