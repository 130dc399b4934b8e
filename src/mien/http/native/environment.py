"""`/v1/environment`: where a key leads, and what is set there."""

from functools import partial
from typing import Any

import msgspec
from litestar import Request, Response, get, patch
from msgspec import UNSET

from mien.domain.environments import EnvironmentSettings
from mien.http.auth import caller_of, services_of
from mien.http.body import read_body
from mien.http.native.answers import EnvironmentAnswer
from mien.http.native.bodies import EnvironmentSettingsChange
from mien.http.native.calls import (
    answer,
    decode_body,
)
from mien.http.native.documents import asking, described
from mien.services.environments import change_settings, get_settings
from mien.services.wires import Wire

_PURPOSE = "v1/merge-suggestions"
_TEST = "TEST-"

_SETTINGS = {
    "unify_on": [],
    "one_per_person": ["identity"],
    "blocked_ids": [],
    "ids_per_kind": {},
    "merges_per_call": 100,
    "origins": [],
    "requires_signed_identities": False,
    "shares_profiles": False,
    "web_push_key": "",
    "missing_is_zero": False,
    "late_data_loses": False,
    "mappings": [],
}

_settings_change = msgspec.json.Decoder(EnvironmentSettingsChange)


@get(
    "/environment",
    **described(
        "getEnvironment",
        "Say where a key leads",
        tag="Environment",
        gives=EnvironmentAnswer,
        example={
            "account_id": "TEST-ABC-DEF-1234",
            "environment": "test",
            "time_zone": "Europe/Paris",
        },
    ),
)
async def get_environment(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the environment that the caller's key opens."""
    caller = caller_of(request)
    return answer(
        EnvironmentAnswer(
            account_id=caller.public_id,
            environment="test" if caller.public_id.startswith(_TEST) else "live",
            time_zone=caller.time_zone,
        )
    )


@get(
    "/environment/settings",
    **described(
        "getEnvironmentSettings",
        "Give the settings of the environment",
        tag="Environment",
        gives=EnvironmentSettings,
        example=_SETTINGS,
    ),
)
async def get_environment_settings(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give what the environment decided for itself, the defaults included."""
    services, caller = services_of(request), caller_of(request)
    known = await services.run_short(partial(get_settings, services.store, caller.environment))
    return answer(_all_settings(known))


@patch(
    "/environment/settings",
    **described(
        "changeEnvironmentSettings",
        "Change settings of the environment",
        tag="Environment",
        gives=EnvironmentSettings,
        example=_SETTINGS,
        asks=asking(EnvironmentSettingsChange, {"unify_on": ["email"], "merges_per_call": 50}),
    ),
)
async def change_environment_settings(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Change the settings that the body names; they hold for what is sent from now on."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "v1/environment"):
        wanted = decode_body(_settings_change, await read_body(request, services.settings))
        changes = {
            name: value
            for name, value in msgspec.structs.asdict(wanted).items()
            if value is not UNSET
        }
        changed = await services.run_long(
            partial(
                change_settings,
                services.store,
                caller.environment,
                changes,
                source=Wire.NATIVE.source(caller.key_id),
            )
        )
    return answer(_all_settings(changed))


def _all_settings(settings: EnvironmentSettings) -> dict[str, object]:
    """Write every setting, those with their default included."""
    return {name: getattr(settings, name) for name in EnvironmentSettings.__struct_fields__}
