"""`/v1/profile/token` and `/v1/signing-keys`: what the users of an app may carry (P-13, K-03)."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import PathParameter

from mien.domain.identities import server_object_id
from mien.http.auth import caller_of, services_of
from mien.http.body import read_body
from mien.http.native.answers import (
    ProfileTokenAnswer,
    SigningKeyEntry,
    SigningKeyMade,
    SigningKeys,
)
from mien.http.native.bodies import ProfileTokenBody, SigningKeyBody
from mien.http.native.calls import (
    answer,
    decode_body,
    identity_of,
    instant,
    nobody,
    on_store,
)
from mien.http.native.documents import asking, described
from mien.services import history, signing
from mien.store.signing import SigningKey

_TAG = "Tokens"
_ENDPOINT = "v1/tokens"

_token_decoder = msgspec.json.Decoder(ProfileTokenBody)
_key_decoder = msgspec.json.Decoder(SigningKeyBody)

_TOKEN = {"token": "eyJhbGciOiJIUzI1NiIs…", "expires_at": "2026-11-24T18:00:00Z"}
_KEY = {"id": 1, "label": "web shop", "created_at": "2026-11-24T17:00:00Z"}


@post(
    "/profile/token",
    **described(
        "makeProfileToken",
        "Make a token that reads one profile",
        tag=_TAG,
        gives=ProfileTokenAnswer,
        example=_TOKEN,
        errors=(HTTPStatus.NOT_FOUND,),
        asks=asking(ProfileTokenBody, {"distinct_id": "ana", "lifetime_seconds": 900}),
    ),
)
async def make_profile_token(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Make a token for the app of one person: it reads that profile at `/sdk/v1/profile`.

    It follows the profile into a merge, and reads nothing once the profile was erased.
    """
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, _ENDPOINT):
        body = decode_body(_token_decoder, await read_body(request, services.settings))
        identity = identity_of(body.distinct_id, body.object_id)
        person = await services.run_short(
            lambda: history.find_person(services.store, caller.environment, identity)
        )
    if person is None:
        raise nobody(body.distinct_id, body.object_id)
    made = services.profile_tokens.issue(
        caller.public_id,
        server_object_id(person.profile),
        lifetime_seconds=body.lifetime_seconds,
    )
    return answer(ProfileTokenAnswer(token=made.token, expires_at=instant(made.expires_at * 1_000)))


@get(
    "/signing-keys",
    **described(
        "listSigningKeys",
        "List the signing keys of the environment",
        tag=_TAG,
        gives=SigningKeys,
        example={"signing_keys": [_KEY]},
    ),
)
async def list_signing_keys(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the signing keys, revoked ones included; their secrets were shown once."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, _ENDPOINT):
        keys = await services.run_short(
            lambda: signing.list_signing_keys(services.store, caller.environment)
        )
    return answer(SigningKeys(signing_keys=[_entry(key) for key in keys]))


@post(
    "/signing-keys",
    **described(
        "makeSigningKey",
        "Make a signing key",
        tag=_TAG,
        gives=SigningKeyMade,
        example={**_KEY, "secret": "M0xL…"},
        asks=asking(SigningKeyBody, {"label": "web shop"}),
    ),
)
async def make_signing_key(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Make a key with which a server of yours signs identity tokens.

    Its secret is in this answer and nowhere else. Those that there are stay good, up to
    ten; revoke the one that it replaces once no server signs with that any more.
    """
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, _ENDPOINT):
        body = decode_body(_key_decoder, await read_body(request, services.settings))
        made = await services.run_long(
            lambda: signing.add_signing_key(services.store, caller.environment, label=body.label)
        )
    return answer(
        SigningKeyMade(
            id=made.key_id,
            label=made.label,
            created_at=instant(made.created_at),
            secret=made.secret,
        )
    )


@delete(
    "/signing-keys/{key_id:int}",
    **described(
        "revokeSigningKey",
        "Revoke a signing key",
        tag=_TAG,
        gives=SigningKeyEntry,
        example={**_KEY, "revoked_at": "2026-11-25T09:00:00Z"},
        errors=(HTTPStatus.NOT_FOUND,),
    ),
)
async def revoke_signing_key(
    request: Request[Any, Any, Any],
    key_id: Annotated[int, PathParameter(description="The `id` of the signing key.")],
) -> Response[bytes]:
    """Refuse, from a second later on, every identity token that this key signed."""
    revoked = await on_store(
        request,
        _ENDPOINT,
        lambda store, environment: signing.revoke_signing_key(store, environment, key_id),
    )
    return answer(_entry(revoked))


def _entry(key: SigningKey) -> SigningKeyEntry:
    return SigningKeyEntry(
        id=key.key_id,
        label=key.label,
        created_at=instant(key.created_at),
        revoked_at=None if key.revoked_at is None else instant(key.revoked_at),
    )
