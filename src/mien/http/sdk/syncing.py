"""Profile sync: what a browser may know of its visitor, so that a page can be made personal."""

from datetime import date

from mien.domain.environments import EnvironmentSettings
from mien.domain.identities import Identity
from mien.services.reading import ProfileView, Reader, view_by_identity
from mien.store.engine import Store

FRESH_SECONDS = 3_600
"""How long the SDK keeps what it was told before it asks again."""

_CHOSEN = "_w_"
"""Begins a guid that the page chose: it may be guessed, as those of the server cannot."""


def may_sync(view: ProfileView, guid: str, settings: EnvironmentSettings) -> bool:
    """Tell whether a page that has a guid may read its profile.

    Without signatures anybody can name anybody, so by default a page only reads who is
    nobody yet: that profile holds nothing but what its own browser sent (docs/websdk.md).
    """
    if settings.shares_profiles:
        return True
    if guid.startswith(_CHOSEN):
        return False
    return settings.requires_signed_identities or not view.identities


def find_sync(
    store: Store,
    reader: Reader,
    device: Identity,
    settings: EnvironmentSettings,
    *,
    today: date,
) -> dict[str, object] | None:
    """Give what the SDK keeps of the profile of a device, None if there is none to be read.

    `today` is the day in the account's time zone.
    """
    view = view_by_identity(store, reader, device, today=today)
    if view is None or not may_sync(view, device.value, settings):
        return None
    return {
        "events": {name: [done.count, done.first, done.last] for name, done in view.events.items()},
        "profile": view.properties,
        "expires_in": FRESH_SECONDS,
    }
