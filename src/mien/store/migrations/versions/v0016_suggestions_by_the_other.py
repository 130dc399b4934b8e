"""Suggested merges by either of the two whom they name."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_index(
        "ix_merge_suggestions_environment_id_other_id",
        "merge_suggestions",
        ["environment_id", "other_id"],
    )
