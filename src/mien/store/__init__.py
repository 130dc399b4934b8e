"""The record: rows and transactions, one file a noun. Functions take a `Transaction`, and never commit."""

from mien.store import account_schema, schema

# So that `columns.metadata` has every table, whoever asks for it first.
__all__ = ["account_schema", "schema"]
