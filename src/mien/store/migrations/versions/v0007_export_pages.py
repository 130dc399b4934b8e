"""Who, or what, is in an export that was asked for by a query: its set, fixed when it began."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "export_pages",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("export_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("page", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("first_id", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "export_id", "page", name="pk_export_pages"),
    )
    op.create_index(
        "ix_export_pages_environment_id_created_at",
        "export_pages",
        ["environment_id", "created_at"],
    )
