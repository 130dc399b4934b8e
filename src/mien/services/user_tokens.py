"""The two signed things that the user of an app carries, both JSON Web Tokens (HS256).

An *identity token* is made by the customer's server with a signing key, and says who the
user is: a record that names this very person may then be taken from a browser (K-03).
A *profile token* is made by this server for a caller with an API key, and lets whoever
has it read the properties of one profile (P-13). docs/adr/0012-tokens.md says why.
"""

import time
from collections.abc import Sequence
from typing import Any

import jwt
import msgspec

from mien import clock
from mien.domain.errors import InvalidInputError, NotAllowedError
from mien.domain.fields import normalise_email
from mien.domain.identities import (
    Identity,
    IdentityKind,
    object_identity,
    person_identity,
)
from mien.domain.ids import EnvironmentId
from mien.domain.rejects import Rejected
from mien.domain.vouching import Vouched
from mien.services import signing
from mien.store import accounts
from mien.store.engine import Store
from mien.store.signing import SigningKey

IDENTITY_TOKEN_SECONDS = 86_400
"""How far ahead the end of an identity token may lie."""

PROFILE_TOKEN_SECONDS = 3_600
SHORTEST_PROFILE_TOKEN_SECONDS, LONGEST_PROFILE_TOKEN_SECONDS = 60, 86_400

TOKEN_CHARACTERS = 4_096

_ALGORITHM = "HS256"
_READ_PROFILE = "profile:read"
_CLOCK_SECONDS = 60
"""How much the clock of a customer's server may be off."""

_FRESH_SECONDS = 1.0


class InvalidTokenError(NotAllowedError):
    """The token of a user does not open this, is altered, or has run out."""

    code = "invalid_token"
    mend = (
        "Ask the app's own server for a new token of this environment (`POST /v1/profile/token`)."
    )


class ProfileToken(msgspec.Struct, frozen=True):
    """A token that reads one profile, and when it ends (epoch seconds)."""

    token: str
    expires_at: int


class ProfileTokens:
    """Makes and reads profile tokens, with a secret that all servers of a store share."""

    def __init__(self, store: Store) -> None:
        with store.write() as tx:
            self._secret = accounts.secret(tx, "profile tokens", clock.new_secret())

    def issue(self, public_id: str, object_id: str, *, lifetime_seconds: int) -> ProfileToken:
        """Make a token for a profile of the environment `public_id`.

        `object_id` is the one that the server made for the profile. Raises `InvalidInputError` for a lifetime out of bounds.
        """
        shortest, longest = SHORTEST_PROFILE_TOKEN_SECONDS, LONGEST_PROFILE_TOKEN_SECONDS
        if not shortest <= lifetime_seconds <= longest:
            problem = f"is {lifetime_seconds}, it needs to be {shortest} to {longest:,} seconds"
            raise InvalidInputError(path="lifetime_seconds", problem=problem)
        expires_at = clock.now_ms() // 1_000 + lifetime_seconds
        claims = {
            "aud": public_id,
            "sub": object_id,
            "exp": expires_at,
            "scope": _READ_PROFILE,
        }
        return ProfileToken(jwt.encode(claims, self._secret, _ALGORITHM), expires_at)

    def read(self, token: str, public_id: str) -> Identity:
        """Give the objectId of the profile that a token reads, or raise `InvalidTokenError`.

        It is the one that the server made, so it leads to the survivor of a merge, and
        nowhere once the profile was erased, whoever has its ids by then.
        """
        try:
            claims = _decode(token, self._secret, public_id, leeway=0)
        except jwt.InvalidTokenError as error:
            msg = f"The profile token {_problem(error)}."
            raise InvalidTokenError(msg) from error
        if claims.get("scope") != _READ_PROFILE:
            msg = "The profile token does not read a profile."
            raise InvalidTokenError(msg)
        return object_identity(claims["sub"])


class IdentityTokens:
    """Reads identity tokens. Remembers signing keys for a second, so a revoked one soon fails."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[EnvironmentId, tuple[float, list[SigningKey]]] = {}

    def check_identity(
        self,
        environment: EnvironmentId,
        public_id: str,
        token: str | None,
        *,
        joins_by_email: bool = False,
    ) -> Vouched:
        """Say for whom a token vouches; for nobody if it is absent or no good, and why.

        It never raises: a device may go on without a person, and each record that names
        one is rejected with the problem.
        """
        if not token:
            problem = "no identity_token came along"
            return Vouched(problem=problem, joins_by_email=joins_by_email)
        try:
            claims = _decode_signed(token, self._keys(environment), public_id)
            return _vouched(claims, joins_by_email=joins_by_email)
        except jwt.InvalidTokenError as error:
            problem = f"identity_token {_problem(error)}"
        except Rejected as rejected:
            problem = f"identity_token is for nobody ({rejected.reason})"
        except msgspec.ValidationError as error:
            problem = f"identity_token has a claim of a wrong form ({error})"
        return Vouched(problem=problem, joins_by_email=joins_by_email)

    def _keys(self, environment: EnvironmentId) -> list[SigningKey]:
        now = time.monotonic()
        known = self._known.get(environment)
        if known is None or known[0] < now:
            keys = signing.keys_in_use(self._store, environment)
            known = self._known[environment] = (now + _FRESH_SECONDS, keys)
        return known[1]


class _Claims(msgspec.Struct, frozen=True):
    """What an identity token says of its person; `sub` is the distinct id."""

    sub: str
    exp: int | float
    facebook_id: str | None = None
    google_id: str | None = None
    email: str | None = None


class _UnknownKeyError(jwt.InvalidTokenError):
    """The token names a signing key that is not in use."""


class _TooLongError(jwt.InvalidTokenError):
    """The token is longer than any that is made in earnest."""


class _LivesTooLongError(jwt.InvalidTokenError):
    """The token is good for longer than one may be."""


_PROBLEMS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "has expired",
    jwt.ImmatureSignatureError: "is from the future",
    jwt.InvalidAudienceError: "is for another environment: `aud` needs to be the account id",
    jwt.InvalidAlgorithmError: f"is not signed with {_ALGORITHM}",
    jwt.InvalidSignatureError: "is signed with another key, or was altered",
    _UnknownKeyError: "is signed with a key that is not in use",
    _TooLongError: f"is longer than {TOKEN_CHARACTERS:,} characters",
    _LivesTooLongError: f"ends more than {IDENTITY_TOKEN_SECONDS // 3_600} hours from now",
}


def _decode_signed(token: str, keys: Sequence[SigningKey], public_id: str) -> dict[str, Any]:
    """Give the claims of an identity token that one of these keys signed."""
    named = _header(token).get("kid")
    tried = [key for key in keys if named is None or named == str(key.key_id)]
    if not tried:
        raise _UnknownKeyError
    for key in tried[:-1]:
        try:
            return _decode(token, key.secret, public_id, leeway=_CLOCK_SECONDS)
        except jwt.InvalidSignatureError:
            continue
    return _decode(token, tried[-1].secret, public_id, leeway=_CLOCK_SECONDS)


def _decode(token: str, secret: bytes, public_id: str, *, leeway: int) -> dict[str, Any]:
    if len(token) > TOKEN_CHARACTERS:
        raise _TooLongError
    claims: dict[str, Any] = jwt.decode(
        token,
        secret,
        algorithms=[_ALGORITHM],
        audience=public_id,
        leeway=leeway,
        options={"require": ["exp", "sub", "aud"]},
    )
    return claims


def _header(token: str) -> dict[str, Any]:
    if len(token) > TOKEN_CHARACTERS:
        raise _TooLongError
    return jwt.get_unverified_header(token)


def _vouched(claims: dict[str, Any], *, joins_by_email: bool) -> Vouched:
    read = msgspec.convert(claims, _Claims)
    if read.exp > clock.now_ms() / 1_000 + IDENTITY_TOKEN_SECONDS + _CLOCK_SECONDS:
        raise _LivesTooLongError
    named = {
        IdentityKind.IDENTITY: read.sub,
        IdentityKind.FBID: read.facebook_id,
        IdentityKind.GPID: read.google_id,
    }
    return Vouched(
        frozenset(
            person_identity(kind, value) for kind, value in named.items() if value is not None
        ),
        normalise_email(read.email or ""),
        joins_by_email=joins_by_email,
    )


def _problem(error: jwt.InvalidTokenError) -> str:
    """Say what is wrong with a token, after "the token"."""
    for kind in type(error).__mro__:
        if (problem := _PROBLEMS.get(kind)) is not None:
            return problem
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"lacks the claim `{error.claim}`"
    return "is no JSON Web Token of the form that is asked for"
