"""The tokens that an app's user carries: who is believed, and who is not (K-03, P-13)."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien import clock
from mien.domain.errors import InvalidInputError, LimitExceededError, NotFoundError
from mien.domain.identities import Identity, IdentityKind
from mien.domain.vouching import Vouched
from mien.services.accounts import create_account, get_environment
from mien.services.signing import (
    KEYS_IN_USE,
    NewSigningKey,
    add_signing_key,
    list_signing_keys,
    revoke_signing_key,
)
from mien.services.user_tokens import IdentityTokens, InvalidTokenError, ProfileTokens
from mien.store.engine import Store

ANA = Identity(IdentityKind.IDENTITY, "ana")
DAY = 86_400


def now() -> int:
    return clock.now_ms() // 1_000


class Shop:
    """An environment with a signing key, and what checks tokens for it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.account_id = create_account(store, name="Shop").live.account_id
        self.environment = get_environment(store, self.account_id).environment_id
        self.key = self.add_key()
        self.tokens = IdentityTokens(store)

    def add_key(self) -> NewSigningKey:
        return add_signing_key(self.store, self.environment, label="web shop")

    def sign(self, *, secret: str | None = None, kid: str | None = None, **claims: Any) -> str:
        """Sign as the shop's server would; None leaves a claim out."""
        usual = {"sub": "ana", "aud": self.account_id, "exp": now() + 600}
        given = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        headers = None if kid is None else {"kid": kid}
        return jwt.encode(given, secret or self.key.secret, "HS256", headers=headers)

    def check(self, token: str | None) -> Vouched:
        return self.tokens.check_identity(self.environment, self.account_id, token)

    def problem(self, token: str | None) -> str:
        """Give why nobody is vouched for."""
        vouched = self.check(token)
        assert vouched.identities == frozenset()
        assert vouched.email == ""
        assert vouched.problem
        return vouched.problem


@pytest.fixture
def shop(shared_store: Store) -> Shop:
    return Shop(shared_store)


@pytest.fixture(scope="session")
def known_shops() -> dict[Store, Shop]:
    """Give the shops that the examples of one test share, by store."""
    return {}


def test_a_signed_person_is_vouched_for(shop: Shop) -> None:
    assert shop.check(shop.sign()) == Vouched(frozenset({ANA}))


def test_further_ids_are_vouched_for_by_claims_of_their_own(shop: Shop) -> None:
    token = shop.sign(facebook_id="f1", google_id="g1", email=" Ana@Example.com ")
    assert shop.check(token) == Vouched(
        frozenset(
            {ANA, Identity(IdentityKind.FBID, "f1"), Identity(IdentityKind.GPID, "g1")},
        ),
        email="ana@example.com",
    )


def test_without_a_token_nobody_is_vouched_for(shop: Shop) -> None:
    assert shop.problem(None) == "no identity_token came along"
    assert shop.problem("") == "no identity_token came along"


def altered(token: str, **claims: object) -> str:
    """Change claims of a token, and keep its signature."""
    head, body, signature = token.split(".")
    read = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**read, **claims}).encode()).decode()
    return f"{head}.{changed.rstrip('=')}.{signature}"


def unsigned(shop: Shop) -> str:
    return jwt.encode({"sub": "ana", "aud": shop.account_id, "exp": now() + 600}, "", "none")


def test_what_is_expired_foreign_altered_or_unsigned_vouches_for_nobody(shop: Shop) -> None:
    other = Shop(shop.store)
    assert "has expired" in shop.problem(shop.sign(exp=now() - 120))
    assert "another environment" in shop.problem(shop.sign(aud=other.account_id))
    assert "lacks the claim `aud`" in shop.problem(shop.sign(aud=None))
    assert "lacks the claim `exp`" in shop.problem(shop.sign(exp=None))
    assert "lacks the claim `sub`" in shop.problem(shop.sign(sub=None))
    assert "another key, or was altered" in shop.problem(shop.sign(secret=other.key.secret))
    assert "another key, or was altered" in shop.problem(altered(shop.sign(), sub="bo"))
    assert "is not signed with HS256" in shop.problem(unsigned(shop))
    claims = {"sub": "ana", "aud": shop.account_id, "exp": now() + 600}
    longer = jwt.encode(claims, shop.key.secret * 2, "HS384")
    assert "is not signed with HS256" in shop.problem(longer)
    assert "longer than 4,096 characters" in shop.problem(shop.sign(note="x" * 5_000))
    assert "ends more than 24 hours from now" in shop.problem(shop.sign(exp=now() + DAY + 600))
    assert "is from the future" in shop.problem(shop.sign(nbf=now() + 600))


def test_a_token_of_a_day_is_fine_and_so_is_a_clock_that_is_a_little_off(shop: Shop) -> None:
    near: list[dict[str, Any]] = [
        {"exp": now() + DAY},
        {"exp": now() - 30},
        {"iat": now() + 30},
    ]
    for claims in near:
        assert shop.check(shop.sign(**claims)).identities == {ANA}


@pytest.mark.parametrize(
    ("claims", "problem"),
    [
        ({"sub": "null"}, "is for nobody"),
        ({"sub": " "}, "is for nobody"),
        ({"facebook_id": 7}, "claim of a wrong form"),
        ({"email": ["a"]}, "claim of a wrong form"),
    ],
)
def test_a_signed_token_that_names_nobody_is_no_good(
    claims: dict[str, Any], problem: str, shop: Shop
) -> None:
    assert problem in shop.problem(shop.sign(**claims))


def test_several_keys_are_good_at_once_until_they_are_revoked(shop: Shop) -> None:
    further = shop.add_key()
    shop.tokens = IdentityTokens(shop.store)
    tokens = [
        shop.sign(),
        shop.sign(kid="1"),
        shop.sign(secret=further.secret),
        shop.sign(secret=further.secret, kid="2"),
    ]
    assert all(shop.check(token).identities == {ANA} for token in tokens)
    assert "another key" in shop.problem(shop.sign(kid="2"))
    assert "a key that is not in use" in shop.problem(shop.sign(kid="3"))
    revoke_signing_key(shop.store, shop.environment, 1)
    shop.tokens = IdentityTokens(shop.store)
    assert [bool(shop.check(token).identities) for token in tokens] == [False, False, True, True]
    assert "a key that is not in use" in shop.problem(tokens[1])


def test_a_revoked_key_is_refused_within_about_a_second(shop: Shop) -> None:
    token = shop.sign()
    assert shop.check(token).identities == {ANA}
    revoke_signing_key(shop.store, shop.environment, 1)
    until = time.monotonic() + 1.5
    while shop.check(token).identities:
        assert time.monotonic() < until, "the revoked key is still good"
        time.sleep(0.05)


def test_an_environment_without_signing_keys_believes_nobody(shop: Shop) -> None:
    revoke_signing_key(shop.store, shop.environment, 1)
    assert "a key that is not in use" in shop.problem(shop.sign())


@given(token=st.text(max_size=60) | st.from_regex(r"\A[\w-]{0,20}\.[\w-]{0,20}\.[\w-]{0,20}\Z"))
def test_no_text_is_taken_for_a_token_and_none_is_a_fault(
    token: str, shared_store: Store, known_shops: dict[Store, Shop]
) -> None:
    shop = known_shops.get(shared_store) or known_shops.setdefault(shared_store, Shop(shared_store))
    assert shop.check(token).identities == frozenset()
    with pytest.raises(InvalidTokenError):
        ProfileTokens(shared_store).read(token, shop.account_id)


def test_signing_keys_are_bounded_and_each_has_a_label(shop: Shop) -> None:
    for _ in range(KEYS_IN_USE - 1):
        shop.add_key()
    with pytest.raises(LimitExceededError):
        shop.add_key()
    revoke_signing_key(shop.store, shop.environment, 3)
    assert shop.add_key().key_id == KEYS_IN_USE + 1
    with pytest.raises(InvalidInputError):
        add_signing_key(shop.store, shop.environment, label=" ")
    for unknown in (3, 99):
        with pytest.raises(NotFoundError):
            revoke_signing_key(shop.store, shop.environment, unknown)
    states = [key.is_in_use for key in list_signing_keys(shop.store, shop.environment)]
    assert states == [True, True, False, *[True] * 8]


def test_a_profile_token_reads_one_profile_of_one_environment(shared_store: Store) -> None:
    tokens = ProfileTokens(shared_store)
    made = tokens.issue("ABC-DEF-1234", "mien_1f", lifetime_seconds=60)
    assert made.expires_at == pytest.approx(now() + 60, abs=5)
    assert tokens.read(made.token, "ABC-DEF-1234") == (IdentityKind.OBJECT_ID, "mien_1f")
    # Another server of the same store takes it too.
    assert ProfileTokens(shared_store).read(made.token, "ABC-DEF-1234").value == "mien_1f"
    for token, public_id in (
        (made.token, "TEST-ABC-DEF-1234"),
        (altered(made.token, sub="mien_20"), "ABC-DEF-1234"),
        (altered(made.token, exp=now() + DAY), "ABC-DEF-1234"),
    ):
        with pytest.raises(InvalidTokenError, match=r"^The profile token .*\.$"):
            tokens.read(token, public_id)


@pytest.mark.parametrize("seconds", [59, 86_401, 0, -1])
def test_a_profile_token_lives_for_a_minute_to_a_day(seconds: int, shared_store: Store) -> None:
    with pytest.raises(InvalidInputError, match="60 to 86,400 seconds"):
        ProfileTokens(shared_store).issue("ABC-DEF-1234", "mien_1", lifetime_seconds=seconds)
