"""Exports to files: what was asked for, and how far each is."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "file_exports",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("export_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("home", _EXACT, nullable=False),
        sa.Column("state", _EXACT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("source", _EXACT, nullable=False),
        sa.Column("asked", sa.LargeBinary, nullable=False),
        sa.Column("set_id", sa.BigInteger, nullable=False),
        sa.Column("as_of", sa.BigInteger),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("written", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("problem", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "export_id", name="pk_file_exports"),
    )
