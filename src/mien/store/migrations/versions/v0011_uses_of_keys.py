"""When keys were last used, and the audit log by member and by act."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("used_at", sa.BigInteger))
    for name in ("member_id", "act"):
        op.create_index(
            f"ix_audit_log_account_id_{name}_entry_id",
            "audit_log",
            ["account_id", name, "entry_id"],
        )
