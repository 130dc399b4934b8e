"""Where in the log something was said of each address last: what the analytics copy follows.

What was said before takes places after all others, so that every copy writes anew who has
such an address, also one that was behind.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_PLACES_OF_SQLITE = """
UPDATE subscriptions SET sequence = said.place FROM (
  SELECT s.environment_id, s.kind, s.value, coalesce(c.value, 0)
    + row_number() OVER (PARTITION BY s.environment_id ORDER BY s.kind, s.value) AS place
  FROM subscriptions s
  LEFT JOIN counters c ON c.environment_id = s.environment_id AND c.name = 'log'
) said
WHERE said.environment_id = subscriptions.environment_id
AND said.kind = subscriptions.kind AND said.value = subscriptions.value
"""
_LAST_OF_SQLITE = """
INSERT INTO counters (environment_id, name, value)
SELECT environment_id, 'log', max(sequence) FROM subscriptions WHERE true GROUP BY environment_id
ON CONFLICT (environment_id, name) DO UPDATE SET value = excluded.value
"""


def upgrade() -> None:
    op.add_column(
        "subscriptions", sa.Column("sequence", sa.BigInteger, nullable=False, server_default="0")
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_PLACES_OF_SQLITE)
        op.execute(_LAST_OF_SQLITE)
    else:
        op.execute("UPDATE subscriptions SET sequence = nextval('log_sequence')")
    op.create_index(
        "ix_subscriptions_environment_id_sequence", "subscriptions", ["environment_id", "sequence"]
    )
