"""Rejects of a code and a source at once, in the order of time."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_index(
        "ix_rejects_environment_id_code_source_received_at_reject_id",
        "rejects",
        ["environment_id", "code", "source", "received_at", "reject_id"],
    )
