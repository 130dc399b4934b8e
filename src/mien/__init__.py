"""Mien: who your users are, what they did and how to reach them."""
