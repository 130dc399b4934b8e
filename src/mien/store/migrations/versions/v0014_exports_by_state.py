"""Exports to files by their folder and state: what is to be written is looked for every few seconds."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_index("ix_file_exports_home_state", "file_exports", ["home", "state"])
