"""The demo: Kettlewick, an invented shop for tea, coffee and kitchen things, and its customers."""
