"""Erasures that were asked for and wait, or were done and left a receipt."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "planned_erasures",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("erasure_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("profile_id", sa.BigInteger, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column(
            "source", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("done_at", sa.BigInteger, nullable=True),
        sa.Column("receipt", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "erasure_id", name="pk_planned_erasures"),
    )
    op.create_index(
        "ix_planned_erasures_environment_id_profile_id",
        "planned_erasures",
        ["environment_id", "profile_id"],
    )
    op.create_index(
        "ix_planned_erasures_environment_id_done_at_due_at",
        "planned_erasures",
        ["environment_id", "done_at", "due_at"],
    )
