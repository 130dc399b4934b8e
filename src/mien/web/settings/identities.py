"""Identity rules of an environment: who is one person, and how records are applied (P-07, P-08)."""

from typing import Any

from litestar import Response
from litestar.handlers import HTTPRouteHandler

from mien.domain.environments import IDS_PER_KIND, EnvironmentSettings
from mien.domain.members import Role
from mien.web.routes import act, page
from mien.web.settings.saving import Form, SettingsForm, read_lines, read_number
from mien.web.visit import Visit

_KINDS = ("identity", "FBID", "GPID")
_ON = "yes"


@page("/settings/identities")
async def identities_page(visit: Visit) -> Response[bytes]:
    """Show the identity rules."""
    return await _form.show(visit, kinds=_KINDS, most=IDS_PER_KIND)


@act("/settings/identities", needs=Role.ADMIN)
async def save_identities(visit: Visit) -> Response[Any]:
    """Save the identity rules."""
    return await _form.save(visit, kinds=_KINDS, most=IDS_PER_KIND)


IDENTITY_HANDLERS: list[HTTPRouteHandler] = [identities_page, save_identities]


def _write(settings: EnvironmentSettings) -> Form:
    limits = dict[str, int](settings.ids_per_kind)  # type: ignore[arg-type]  # its keys are texts
    return {
        "unify_email": _ON if "email" in settings.unify_on else "",
        "missing_is_zero": _ON if settings.missing_is_zero else "",
        "late_data_loses": _ON if settings.late_data_loses else "",
        "merges_per_call": str(settings.merges_per_call),
        "blocked_ids": "\n".join(settings.blocked_ids),
        **{f"one_{kind}": _ON if kind in settings.one_per_person else "" for kind in _KINDS},
        **{f"most_{kind}": str(limits.get(kind, "")) for kind in _KINDS},
    }


def _read(form: Form) -> dict[str, object]:
    limits = {
        kind: read_number(form, f"most_{kind}", f"ids_per_kind.{kind}")
        for kind in _KINDS
        if form.get(f"most_{kind}", "").strip()
    }
    return {
        "unify_on": ("email",) if form.get("unify_email") else (),
        "one_per_person": tuple(kind for kind in _KINDS if form.get(f"one_{kind}")),
        "ids_per_kind": limits,
        "merges_per_call": read_number(form, "merges_per_call", "merges_per_call"),
        "blocked_ids": read_lines(form, "blocked_ids"),
        "missing_is_zero": bool(form.get("missing_is_zero")),
        "late_data_loses": bool(form.get("late_data_loses")),
    }


_form = SettingsForm(
    "identities",
    (
        "unify_on",
        "one_per_person",
        "ids_per_kind",
        "merges_per_call",
        "blocked_ids",
        "missing_is_zero",
        "late_data_loses",
    ),
    write=_write,
    read=_read,
)
