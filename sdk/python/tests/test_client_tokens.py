"""Tokens and settings: what a server of the customer asks for, and what it signs itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from callers import Client, Connect
from conftest import NOW
from loopback_server import BORN, LoopbackMien
from mien_client import InvalidRequestError, Mien, ProfileRecord, sign_identity

SECRET = "s" * 43


def signed(**further: Any) -> str:
    return sign_identity(SECRET, "ana", account_id="ABC-DEF-1234", now=lambda: NOW, **further)


def claims(token: str) -> dict[str, Any]:
    read: dict[str, Any] = jwt.decode(
        token, SECRET, algorithms=["HS256"], audience="ABC-DEF-1234", options={"verify_exp": False}
    )
    return read


def test_an_identity_token_says_who_is_signed_in_and_until_when() -> None:
    ends = int(NOW.timestamp()) + 3_600
    assert claims(signed()) == {"sub": "ana", "aud": "ABC-DEF-1234", "exp": ends}
    assert "kid" not in jwt.get_unverified_header(signed())


def test_an_identity_token_vouches_for_further_ids_that_it_is_given() -> None:
    token = signed(
        facebook_id="f", google_id="g", email="a@b.c", key_id=2, lifetime=timedelta(minutes=1)
    )
    found = claims(token)
    assert found["exp"] == int(NOW.timestamp()) + 60
    assert (found["facebook_id"], found["google_id"], found["email"]) == ("f", "g", "a@b.c")
    assert jwt.get_unverified_header(token)["kid"] == "2"


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(seconds=-1), timedelta(hours=25)])
def test_a_lifetime_that_the_server_would_refuse_is_refused(lifetime: timedelta) -> None:
    with pytest.raises(ValueError, match="at most 1 day"):
        signed(lifetime=lifetime)


def test_a_profile_token_is_made_for_one_profile(mien: Client) -> None:
    mien.upload([ProfileRecord(distinct_id="ana")])
    made = mien.create_profile_token(distinct_id="ana", lifetime=timedelta(minutes=15))
    assert made.token == "token of ana"
    assert made.expires_at == datetime.fromtimestamp(BORN + 900, UTC)
    with pytest.raises(InvalidRequestError):
        mien.create_profile_token(distinct_id="bo")
    with pytest.raises(ValueError, match="one of the two"):
        mien.create_profile_token()


def test_settings_are_read_and_changed(mien: Client) -> None:
    assert mien.settings() == {"origins": [], "requires_signed_identities": False}
    changed = mien.change_settings(requires_signed_identities=True)
    assert changed == {"origins": [], "requires_signed_identities": True}
    assert mien.settings() == changed
    with pytest.raises(InvalidRequestError):
        mien.change_settings(speed=1)


def test_an_argument_that_is_misspelt_is_refused(server: LoopbackMien, connect: Connect) -> None:
    with pytest.raises(TypeError, match=r"unknown argument\(s\): retries"):
        connect(retries=3)
    assert server.seen == []


def test_the_defaults_are_those_that_the_page_of_the_client_names() -> None:
    with Mien("http://127.0.0.1:1", account_id="A", passcode="p") as mien:
        assert (mien._rules.max_retries, mien._rules.batch_size) == (5, 500)
        assert mien._http.timeout.read == 30
