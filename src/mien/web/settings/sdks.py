"""What pages and apps may do that send without a passcode (K-02, K-03)."""

from typing import Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from mien.domain.environments import ORIGINS, EnvironmentSettings
from mien.domain.members import Role
from mien.web.routes import act, page
from mien.web.settings.saving import Form, SettingsForm, read_lines
from mien.web.visit import Visit

_CHECKS = ("requires_signed_identities", "shares_profiles")


@page("/settings/sdks")
async def sdks_page(visit: Visit) -> Response[bytes]:
    """Show what SDKs may do."""
    return await _form.show(visit, most=ORIGINS)


@act("/settings/sdks", needs=Role.ADMIN)
async def save_sdks(visit: Visit) -> Response[Any]:
    """Save what SDKs may do."""
    return await _form.save(visit, most=ORIGINS)


SDK_HANDLERS: list[HTTPRouteHandler] = [sdks_page, save_sdks]


def _write(settings: EnvironmentSettings) -> Form:
    return {
        "origins": "\n".join(settings.origins),
        "web_push_key": settings.web_push_key,
        **{each: "yes" if getattr(settings, each) else "" for each in _CHECKS},
    }


def _read(form: Form) -> dict[str, object]:
    return {
        "origins": read_lines(form, "origins"),
        "web_push_key": form.get("web_push_key", "").strip(),
        **{each: bool(form.get(each)) for each in _CHECKS},
    }


_form = SettingsForm("sdks", ("origins", "web_push_key", *_CHECKS), write=_write, read=_read)
