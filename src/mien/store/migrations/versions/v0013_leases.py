"""Which process does what only one may do."""

import sqlalchemy as sa
from alembic import op

from mien.store.columns import EXACT

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", EXACT, nullable=False),
        sa.Column("holder", EXACT, nullable=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
