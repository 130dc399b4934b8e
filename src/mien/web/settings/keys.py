"""Keys of an environment: those that open it, and those that sign who your users are (K-03)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from mien.domain.errors import InvalidInputError, LimitExceededError, NotFoundError
from mien.domain.members import Act, Role
from mien.services import accounts, signing
from mien.web.routes import Id, act, page
from mien.web.settings.tabs import settings_page
from mien.web.visit import Note, Visit


class Made(msgspec.Struct, frozen=True):
    """A key that was just made: its secret is shown this once."""

    is_signing: bool
    label: str
    secret: str


@page("/settings/keys", needs=Role.ADMIN)
async def keys_page(visit: Visit) -> Response[bytes]:
    """Show the keys."""
    return await _page(visit)


@act("/settings/keys", needs=Role.ADMIN)
async def make_key(visit: Visit) -> Response[Any]:
    """Make a key, and show its passcode once."""
    label = (await visit.form()).get("label", "")
    try:
        made = await new_key(visit, label)
    except InvalidInputError as error:
        return await _page(visit, labels={"label": label}, wrong=error)
    return await _page(visit, made=Made(is_signing=False, label=label, secret=made.passcode))


@act("/settings/keys/{key:int}/revoke", needs=Role.ADMIN)
async def revoke_key(visit: Visit, key: Id) -> Response[Any]:
    """Revoke a key."""
    public_id = visit.environment.public_id
    work = partial(accounts.revoke_key, visit.dashboard.store, public_id, key)
    return await _revoke(visit, work, Act.KEY_REVOKED, f"key:{key}")


@act("/settings/signing-keys", needs=Role.ADMIN)
async def make_signing_key(visit: Visit) -> Response[Any]:
    """Make a signing key, and show its secret once."""
    label, store = (await visit.form()).get("signing_label", ""), visit.dashboard.store
    try:
        made = await visit.do(
            partial(signing.add_signing_key, store, visit.environment_id, label=label),
            lambda key: Note(
                Act.SIGNING_KEY_MADE, f"signing_key:{key.key_id}", {"label": key.label}
            ),
        )
    except (InvalidInputError, LimitExceededError) as error:
        said = error.problem if isinstance(error, InvalidInputError) else str(error).rstrip(".")
        wrong = InvalidInputError("signing_label", said)
        return await _page(visit, labels={"signing_label": label}, wrong=wrong)
    return await _page(visit, made=Made(is_signing=True, label=made.label, secret=made.secret))


@act("/settings/signing-keys/{key:int}/revoke", needs=Role.ADMIN)
async def revoke_signing_key(visit: Visit, key: Id) -> Response[Any]:
    """Revoke a signing key."""
    environment = visit.environment_id
    work = partial(signing.revoke_signing_key, visit.dashboard.store, environment, key)
    return await _revoke(visit, work, Act.SIGNING_KEY_REVOKED, f"signing_key:{key}")


KEY_HANDLERS: list[HTTPRouteHandler] = [
    keys_page,
    make_key,
    revoke_key,
    make_signing_key,
    revoke_signing_key,
]


async def new_key(visit: Visit, label: str) -> accounts.NewKey:
    """Make a key in the name of the member; raises `InvalidInputError` for its label."""
    store, public_id = visit.dashboard.store, visit.environment.public_id
    details = {"label": label.strip()}
    return await visit.do(
        lambda: accounts.add_key(store, public_id, label=label),
        lambda made: Note(Act.KEY_MADE, f"key:{made.key_id}", details),
    )


async def _page(
    visit: Visit,
    *,
    labels: dict[str, str] | None = None,
    wrong: InvalidInputError | None = None,
    made: Made | None = None,
) -> Response[bytes]:
    store, environment = visit.dashboard.store, visit.environment
    keys = await visit.run(lambda: accounts.list_keys(store, environment.public_id))
    signing_keys = await visit.run(
        lambda: signing.list_signing_keys(store, environment.environment_id)
    )
    return settings_page(
        visit,
        "keys",
        wrong=wrong,
        keys=sorted(keys, key=_in_use_first),
        signing_keys=sorted(signing_keys, key=_in_use_first),
        labels={"label": "", "signing_label": ""} | (labels or {}),
        most=signing.KEYS_IN_USE,
        made=made,
    )


def _in_use_first(key: Any) -> tuple[bool, int]:
    return key.revoked_at is not None, -key.key_id


async def _revoke(
    visit: Visit, work: Callable[[], object], did: Act, subject: str
) -> Response[Any]:
    """Revoke a key of either sort, and say so; of two who do the second is told."""
    path = visit.url("settings/keys")
    try:
        await visit.do(work, lambda _: Note(did, subject))
    except NotFoundError:
        return visit.back(path, "This key was revoked already, or is not here.", kind="danger")
    return visit.back(path, "Revoked; the server refuses it within a second.")
