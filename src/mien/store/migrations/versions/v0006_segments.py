"""Saved segments, and how many people they had on each day."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "segments",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("segment_id", _EXACT, nullable=False),
        sa.Column("name", _EXACT, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("source", _EXACT, nullable=False),
        sa.Column("tree", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "segment_id", name="pk_segments"),
        sa.UniqueConstraint("environment_id", "name", name="uq_segments_environment_id_name"),
    )
    op.create_table(
        "segment_sizes",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("segment_id", _EXACT, nullable=False),
        sa.Column("day", _EXACT, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("counted_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "segment_id", "day", name="pk_segment_sizes"),
        sqlite_with_rowid=False,
    )
