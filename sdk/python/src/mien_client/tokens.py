"""Signing who the user of a page or an app is, for environments that require it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import jwt

from mien_client import clock

LONGEST_LIFETIME = timedelta(hours=24)
ALGORITHM = "HS256"


def sign_identity(
    secret: str,
    distinct_id: str,
    *,
    account_id: str,
    lifetime: timedelta = timedelta(hours=1),
    facebook_id: str | None = None,
    google_id: str | None = None,
    email: str | None = None,
    key_id: int | None = None,
    now: Callable[[], datetime] = clock.now,
) -> str:
    """Give an identity token: it proves to Mien that this person is signed in.

    `secret` is that of a signing key of the environment `account_id` (`mien signing-key
    add`); it belongs on your server, never in a page. The further ids and the e-mail
    address are vouched for too, where pages name them. `key_id` is the number of the
    key. A lifetime of nothing or over 24 hours is a ValueError.
    """
    if not timedelta(0) < lifetime <= LONGEST_LIFETIME:
        message = f"the lifetime is more than 0 and at most {LONGEST_LIFETIME}; got {lifetime}"
        raise ValueError(message)
    further = {"facebook_id": facebook_id, "google_id": google_id, "email": email}
    claims = {
        "sub": distinct_id,
        "aud": account_id,
        "exp": int((now() + lifetime).timestamp()),
        **{name: value for name, value in further.items() if value is not None},
    }
    headers = None if key_id is None else {"kid": str(key_id)}
    return jwt.encode(claims, secret, ALGORITHM, headers=headers)
