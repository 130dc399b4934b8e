"""The only place that reads the clock and makes random ids and secrets."""

import secrets
import string
import time
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_PASSCODE_LETTERS = string.ascii_uppercase + string.digits
_ACCOUNT_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def now_ms() -> int:
    """Give the time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def today(zone: ZoneInfo) -> date:
    """Give the day that it is in a time zone."""
    return datetime.now(zone).date()


@cache
def time_zones() -> Sequence[str]:
    """Give the names of all time zones that this machine knows, sorted: looking takes a while."""
    return sorted(available_timezones())


def new_passcode() -> str:
    """Make a passcode with 180 bits of chance, so that a plain hash protects it."""
    return "-".join("".join(secrets.choice(_PASSCODE_LETTERS) for _ in range(12)) for _ in range(3))


def new_public_id() -> str:
    """Make the id of an account as clients send it: `ABC-DEF-1234`."""
    letters = "".join(secrets.choice(_ACCOUNT_LETTERS) for _ in range(6))
    digits = "".join(secrets.choice(string.digits) for _ in range(4))
    return f"{letters[:3]}-{letters[3:]}-{digits}"


def new_device_id() -> str:
    """Make the objectId of a browser: 32 hexadecimal digits, which nobody can guess."""
    return secrets.token_hex(16)


def new_secret() -> bytes:
    """Make a key for signing."""
    return secrets.token_bytes(32)


def new_signing_secret() -> str:
    """Make a secret that a customer's program signs with: 43 letters, digits, `-` and `_`."""
    return secrets.token_urlsafe(32)


def new_local_secret() -> str:
    """Make what commands show to the server of their own machine: 256 bits of chance."""
    return secrets.token_urlsafe(32)


def new_session_token() -> str:
    """Make what a browser shows to prove that its member signed in: 256 bits of chance."""
    return secrets.token_urlsafe(32)


def new_password() -> str:
    """Make a password that is used once: 100 bits of chance, in letters that are easy to type."""
    letters = _ACCOUNT_LETTERS.lower()
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))
