"""The clock and chance of the real world: the defaults of what a test hands in."""

import random
import secrets
from datetime import UTC, datetime

chance = random.SystemRandom().random
"""Give a number from 0 up to 1. Not seeded, so that clients never wait in step."""


def now() -> datetime:
    """Give the time now, in UTC."""
    return datetime.now(UTC)


def new_key() -> str:
    """Make an idempotency key that nobody else has: 32 hexadecimal digits."""
    return secrets.token_hex(16)
