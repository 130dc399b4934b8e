"""The record: rows and transactions, one file a noun. Functions take a `Transaction`, and never commit."""
