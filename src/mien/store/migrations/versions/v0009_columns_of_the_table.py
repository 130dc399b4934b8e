"""Which properties are columns of the table of people."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "definitions", sa.Column("in_table", sa.SmallInteger, nullable=False, server_default="0")
    )
