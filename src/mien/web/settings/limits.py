"""Limits and retention: what is in force, how much of it is used, and where it is set."""

from collections.abc import Sequence
from dataclasses import fields
from functools import partial

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from mien.config import Settings, variable_of
from mien.domain.environments import BLOCKED_IDS, MAPPINGS, ORIGINS
from mien.services import cursors, environments, export_sets, ingest, segments, signing, signing_in
from mien.services.accounts import list_keys
from mien.web.routes import page
from mien.web.settings.tabs import settings_page
from mien.web.visit import Visit

_HOUR_MS = 3_600_000
_SHOWN = {
    "Requests": (
        "body_bytes",
        "body_seconds",
        "request_seconds",
        "connections",
        "upload_concurrency",
        "read_concurrency",
        "wait_seconds",
        "sdk_rate",
        "sdk_burst",
    ),
    "Counting": ("query_seconds", "fresh_seconds", "count_seconds"),
    "Kept": ("reject_days", "export_days", "export_room", "session_hours"),
}
"""The settings of the server that people who use it run into; where its data lies is not theirs."""


class Used(msgspec.Struct, frozen=True):
    """How much of a limit an environment uses; `most` 0 is no limit."""

    what: str
    count: int
    most: int
    tab: str


class ServerSetting(msgspec.Struct, frozen=True):
    """A setting of the server as it is, and what sets it."""

    variable: str
    value: str
    help: str


class Kept(msgspec.Struct, frozen=True):
    """How long something is kept that no setting changes."""

    what: str
    long: str


@page("/settings/limits")
async def limits_page(visit: Visit) -> Response[bytes]:
    """Show the limits."""
    return settings_page(
        visit,
        "limits",
        used=await visit.run(partial(_used, visit)),
        groups={name: _in_force(visit.dashboard.settings, each) for name, each in _SHOWN.items()},
        kept=_KEPT,
    )


LIMIT_HANDLERS: list[HTTPRouteHandler] = [limits_page]


def _used(visit: Visit) -> list[Used]:
    store, environment = visit.dashboard.store, visit.environment_id
    known = environments.get_settings(store, environment)
    keys = list_keys(store, visit.environment.public_id)
    return [
        Used(
            "Saved segments",
            segments.count_segments(store, environment),
            segments.SEGMENTS,
            "segments",
        ),
        Used("Mappings", len(known.mappings), MAPPINGS, "settings/mappings"),
        Used("Blocked ids", len(known.blocked_ids), BLOCKED_IDS, "settings/identities"),
        Used("Allowed origins", len(known.origins), ORIGINS, "settings/sdks"),
        Used("Keys in use", sum(each.revoked_at is None for each in keys), 0, "settings/keys"),
        Used(
            "Signing keys in use",
            len(signing.keys_in_use(store, environment)),
            signing.KEYS_IN_USE,
            "settings/keys",
        ),
    ]


def _in_force(settings: Settings, names: Sequence[str]) -> list[ServerSetting]:
    known = {each.name: each for each in fields(Settings)}
    return [
        ServerSetting(
            variable_of(known[name]),
            f"{getattr(settings, name):,.10g}",
            known[name].metadata["help"],
        )
        for name in names
    ]


_KEPT = (
    Kept("Answers under an Idempotency-Key", f"{ingest.IDEMPOTENCY_MS // _HOUR_MS} hours"),
    Kept("Who is in an export with filters", f"{export_sets.KEPT_MS // (24 * _HOUR_MS)} days"),
    Kept("Cursors of exports and lists", f"{cursors.LIFE_SECONDS // 86_400} days"),
    Kept(
        "Sessions of members, however much they are used",
        f"{signing_in.LONGEST_MS // (24 * _HOUR_MS)} days",
    ),
    Kept("People, events and their history", "Until you erase them"),
    Kept("The audit log", "For ever"),
)
