"""When definitions were last seen, and rejects in the order of time by code and by source."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("definitions", sa.Column("last_seen_at", sa.BigInteger))
    for name in ("code", "source"):
        op.create_index(
            f"ix_rejects_environment_id_{name}_received_at_reject_id",
            "rejects",
            ["environment_id", name, "received_at", "reject_id"],
        )
