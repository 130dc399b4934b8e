"""What the tables of the record are made of."""

from typing import Any, TypeAlias

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}

Type: TypeAlias = type[sa.types.TypeEngine[Any]] | sa.types.TypeEngine[Any]


def key(name: str, kind: Type = sa.BigInteger) -> "sa.Column[Any]":
    """Give a column of the key."""
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def column(name: str, kind: Type = sa.BigInteger) -> "sa.Column[Any]":
    """Give a column that always has a value."""
    return sa.Column(name, kind, nullable=False)
