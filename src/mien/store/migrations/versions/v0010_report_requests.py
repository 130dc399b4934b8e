"""What was asked of reports that take long, so that any process may answer it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "report_requests",
        sa.Column("environment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("request_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("report", _EXACT, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("query", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("environment_id", "request_id", name="pk_report_requests"),
    )
