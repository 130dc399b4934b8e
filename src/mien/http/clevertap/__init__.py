"""The CleverTap-compatible API: wire shapes in, domain values out, and back."""
