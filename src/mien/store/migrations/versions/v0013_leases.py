"""Which process does what only one may do."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", _EXACT, nullable=False),
        sa.Column("holder", _EXACT, nullable=False),
        sa.Column("beat", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
