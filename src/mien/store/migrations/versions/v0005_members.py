"""Members of accounts, their sessions, and what they did."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("member_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("account_id", sa.BigInteger, nullable=False),
        sa.Column("email", _EXACT, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", _EXACT, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("is_once", sa.SmallInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("signed_in_at", sa.BigInteger, nullable=True),
        sa.Column("removed_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("member_id", name="pk_members"),
        sa.UniqueConstraint("email", name="uq_members_email"),
    )
    op.create_index("ix_members_account_id", "members", ["account_id"])
    op.create_table(
        "member_sessions",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("member_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_member_sessions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_member_sessions_member_id", "member_sessions", ["member_id"])
    op.create_index("ix_member_sessions_seen_at", "member_sessions", ["seen_at"])
    op.create_table(
        "audit_log",
        sa.Column("account_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("entry_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("member_id", sa.BigInteger, nullable=False),
        sa.Column("environment_id", sa.BigInteger, nullable=False),
        sa.Column("act", _EXACT, nullable=False),
        sa.Column("subject", _EXACT, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "entry_id", name="pk_audit_log"),
        sqlite_with_rowid=False,
    )
