"""What an environment decides for itself: who is joined, what SDKs may do, what counts as late.

Source: P-07, P-08, P-12, K-02, U-12, U-22.
"""

import re
from typing import Literal

import msgspec

from mien.domain.errors import InvalidInputError
from mien.domain.mappings import EventMapping, check_mapping
from mien.domain.rejects import Rejected

MERGES_PER_CALL = 100
IDS_PER_KIND = 100
BLOCKED_IDS = 10_000
ORIGINS = 100
MAPPINGS = 100

_ORIGIN = re.compile(
    r"https?://(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?::\d{1,5})?"
)
"""Scheme, host and port of a page; `*.` stands for any name below the host."""

_WEB_PUSH_KEY = re.compile(r"B[A-P][A-Za-z0-9_-]{85}")
"""The 65 bytes of an uncompressed point, of which the first is 4."""

PersonKind = Literal["identity", "FBID", "GPID"]


class EnvironmentSettings(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The settings of one environment; each has a default that does not surprise.

    `unify_on` are addresses that join profiles as ids do. Of a kind in `one_per_person`
    two different values never meet by themselves. `blocked_ids` join nobody.
    `ids_per_kind` limits how many ids of a kind one profile has. A call that would
    merge more than `merges_per_call` pairs suggests the rest. `origins` are those
    that SDKs may call from (none: all), and `requires_signed_identities` asks them
    for a signed token. `shares_profiles` lets a page read the profile of whoever it names,
    without one. `web_push_key` is the public key (VAPID, base64 for URLs) with which browsers
    subscribe to web push; empty: they are not asked to. `missing_is_zero` lets `$incr` begin at 0 and `late_data_loses`
    leaves what was set later, on the compatible API too.
    """

    unify_on: tuple[Literal["email"], ...] = ()
    one_per_person: tuple[PersonKind, ...] = ("identity",)
    blocked_ids: tuple[str, ...] = ()
    ids_per_kind: dict[PersonKind, int] = {}
    merges_per_call: int = MERGES_PER_CALL
    origins: tuple[str, ...] = ()
    requires_signed_identities: bool = False
    shares_profiles: bool = False
    web_push_key: str = ""
    missing_is_zero: bool = False
    late_data_loses: bool = False
    mappings: tuple[EventMapping, ...] = ()


DEFAULTS = EnvironmentSettings()


def check_settings(settings: EnvironmentSettings) -> None:
    """Raise `InvalidInputError` naming the setting that has a value out of its bounds."""
    for name, values, limit in (
        ("blocked_ids", settings.blocked_ids, BLOCKED_IDS),
        ("origins", settings.origins, ORIGINS),
        ("mappings", settings.mappings, MAPPINGS),
    ):
        if len(values) > limit:
            raise InvalidInputError(name, f"has {len(values):,} entries, the limit is {limit:,}")
    for place, mapping in enumerate(settings.mappings):
        _check_mapping(f"mappings[{place}]", mapping, settings)
    for origin in settings.origins:
        _check_origin(origin)
    if settings.web_push_key and not _WEB_PUSH_KEY.fullmatch(settings.web_push_key):
        problem = "needs to be 87 characters of base64 for URLs: a point of the curve P-256"
        raise InvalidInputError(path="web_push_key", problem=problem)
    for kind, count in settings.ids_per_kind.items():
        _check_number(f"ids_per_kind.{kind}", count, lowest=1, highest=IDS_PER_KIND)
    _check_number("merges_per_call", settings.merges_per_call, lowest=0, highest=100_000)


def _check_mapping(path: str, mapping: EventMapping, settings: EnvironmentSettings) -> None:
    try:
        check_mapping(mapping)
    except Rejected as rejected:
        raise InvalidInputError(path, rejected.reason) from rejected
    if mapping.to == "Email" and "email" in settings.unify_on:
        raise InvalidInputError(path, "'Email' joins profiles here, so no event may set it")


def _check_origin(origin: str) -> None:
    if not _ORIGIN.fullmatch(origin):
        problem = f"has '{origin}', which is not such as https://shop.example"
        raise InvalidInputError(path="origins", problem=problem)


def _check_number(path: str, value: int, *, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise InvalidInputError(path, f"is {value}, it needs to be {lowest} to {highest:,}")
