"""The rules of Mien: standard library and msgspec only; no clock, no I/O, no settings."""
