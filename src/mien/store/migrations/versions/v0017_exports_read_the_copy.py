"""Who did which event, and events by time: exports were the only ones to read it, and read the copy now."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.drop_table("event_profiles")
    op.drop_index("ix_events_environment_id_name_id_occurred_at_sequence", "events")
