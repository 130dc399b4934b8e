"""Properties of a person: listed, edited, added, removed, each with its history (D-04, B-04).

A form knows which value it was made from, so that nobody overwrites unseen what somebody else
wrote meanwhile.
"""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from mien.domain.documents import TEST_MARK
from mien.domain.errors import InvalidInputError
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.identities import ALIASES
from mien.domain.members import Act, Role
from mien.domain.preferences import ADDRESS_FLAGS, GROUP_KEYS
from mien.domain.rejects import Reject, RejectCode
from mien.domain.values import Value
from mien.services import history
from mien.services.history import PersonView, ValuePage
from mien.services.receipts import Applied
from mien.web import inputs
from mien.web.changes import made_by
from mien.web.inputs import CHOICES, LABELS, Typed
from mien.web.person.seen import glance_of, path_of, person_of, seal_place, start_of, view_of
from mien.web.person.writing import change_person, reason_of, told
from mien.web.routes import act, page
from mien.web.visit import Visit

PROPERTIES = 50
"""How many properties a page shows at first."""

_VALUES = 10
_NAME_CODES = (RejectCode.KEY_TOO_LONG, RejectCode.KEY_CHARACTERS)
_ON_TOP = {name: place for place, name in enumerate(("Name", "Email", "Phone"))}

Named = Annotated[str, QueryParameter(name="name")]
Sought = Annotated[str, QueryParameter(name="q")]
AfterName = Annotated[str | None, QueryParameter(name="after")]
After = Annotated[str | None, QueryParameter()]


class Property(msgspec.Struct, frozen=True):
    """A property as a row shows it."""

    name: str
    value: Value

    @property
    def row(self) -> str:
        """The id of its row, whatever characters the name has."""
        return f"p-{hashlib.sha256(self.name.encode()).hexdigest()[:12]}"


class PropertyPage(msgspec.Struct, frozen=True):
    """Some properties by name; `rest` is the last of them if there are more, `count` how many."""

    rows: list[Property]
    rest: str | None
    count: int


class Draft(msgspec.Struct, frozen=True):
    """A property in a form: what was typed, and from which value the form was made.

    `problem` is what is wrong with it, at `problem_at`; `now` is the value that somebody else
    gave it meanwhile, None if they removed it.
    """

    name: str
    typed: Typed
    text: str
    seen: str
    is_new: bool = False
    problem: str = ""
    problem_at: str = ""
    now: Value | None = None

    @property
    def row(self) -> str:
        """The id of the row in which the form is."""
        return "p-new" if self.is_new else Property(self.name, "").row

    @property
    def hint(self) -> str:
        """What a standard field is to look like, in Markdown as far as backticks go."""
        field = STANDARD_FIELDS.get(self.name)
        return "" if field is None else f"{field.form}. {field.help}"


class _OvertakenError(Exception):
    """The value is another than that from which the form was made."""


@page("/people/{object_id:str}/properties")
async def properties(
    visit: Visit, object_id: FromPath[str], sought: Sought = "", after: AfterName = None
) -> Response[bytes]:
    """List the properties of a person, those whose names have a text in them, page by page."""
    view = await view_of(visit, object_id)
    return visit.page(
        "person/properties.html",
        block="rows",
        view=view,
        glance=glance_of(view, visit),
        sought=sought,
        found=page_of(view, sought=sought, after=after),
        is_more=after is not None,
    )


@page("/people/{object_id:str}/property", needs=Role.EDITOR)
async def edit(visit: Visit, object_id: FromPath[str], name: Named = "") -> Response[bytes]:
    """Show the form of a property, or of a new one."""
    view = await view_of(visit, object_id)
    return _form(visit, view, _draft_of(view, name, visit))


@page("/people/{object_id:str}/property/row")
async def row(visit: Visit, object_id: FromPath[str], name: Named) -> Response[bytes]:
    """Show a property as it is, in place of its form."""
    return _row(visit, await view_of(visit, object_id), name)


@page("/people/{object_id:str}/property/history")
async def value_history(
    visit: Visit, object_id: FromPath[str], name: Named, after: After = None
) -> Response[bytes]:
    """Show what a property was: each value with when it came, from where and by whom."""
    view = await view_of(visit, object_id)
    found, place = await visit.run(lambda: _values(visit, object_id, name, after))
    return visit.page(
        "person/history.html",
        block="values",
        view=view,
        glance=glance_of(view, visit),
        name=name,
        found=found,
        place=place,
        is_first=after is None,
        made_by=made_by,
    )


@act("/people/{object_id:str}/property", needs=Role.EDITOR)
async def save(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Give a property a value, unless somebody changed it since the form was made."""
    view = await view_of(visit, object_id)
    draft = _sent(await visit.form(), view)
    try:
        value = await _check(visit, view, draft)
    except _OvertakenError:
        return _form(visit, view, _overtaken(view, draft), status=HTTPStatus.CONFLICT)
    except InvalidInputError as wrong:
        failed = msgspec.structs.replace(draft, problem=wrong.problem, problem_at=wrong.path)
        return _form(visit, view, failed, status=HTTPStatus.BAD_REQUEST)
    said = await _write(visit, view, draft.name, value)
    if not visit.is_fragment or draft.is_new or _is_glanced(draft.name):
        return visit.back(path_of(visit, view.profile.object_id), said)
    return _row(visit, await view_of(visit, object_id), draft.name, said=said)


@act("/people/{object_id:str}/property/remove", needs=Role.EDITOR)
async def remove(visit: Visit, object_id: FromPath[str]) -> Response[Any]:
    """Remove a property, unless somebody changed it since the form was made."""
    view = await view_of(visit, object_id)
    form = await visit.form()
    name, own = form.get("name", ""), path_of(visit, view.profile.object_id)
    before = view.profile.properties.get(name)
    if before is None:
        return visit.back(own, f"There is no property '{name}' any more.", kind="info")
    if form.get("seen") != _seen(before):
        return _form(
            visit,
            view,
            _overtaken(view, _draft_of(view, name, visit)),
            status=HTTPStatus.CONFLICT,
        )
    return visit.back(own, await _write(visit, view, name, None))


PROPERTY_HANDLERS: list[HTTPRouteHandler] = [properties, edit, row, value_history, save, remove]


def page_of(view: PersonView, *, sought: str = "", after: str | None = None) -> PropertyPage:
    """Give properties of a person: how to reach them first, then the standard ones, then others."""
    wanted = sought.strip().casefold()
    names = sorted(
        (name for name in view.profile.properties if wanted in name.casefold()), key=_order
    )
    rest = names if after is None else [name for name in names if _order(name) > _order(after)]
    shown = rest[:PROPERTIES]
    return PropertyPage(
        [Property(name, view.profile.properties[name]) for name in shown],
        shown[-1] if len(rest) > PROPERTIES else None,
        len(names),
    )


def _order(name: str) -> tuple[int, bool, str, str]:
    return (
        _ON_TOP.get(name, len(_ON_TOP)),
        name not in STANDARD_FIELDS,
        name.casefold(),
        name,
    )


def _draft_of(view: PersonView, name: str, visit: Visit) -> Draft:
    value = view.profile.properties.get(name)
    if value is None:
        return Draft(name, inputs.typed_for(name), "", _seen(None), is_new=True)
    return Draft(name, inputs.typed_as(value), inputs.write(value, visit.zone), _seen(value))


def _sent(form: Mapping[str, str], view: PersonView) -> Draft:
    """Read what a form sent; a kind that there is none of is taken as text."""
    typed = form.get("typed", "")
    name, is_new = form.get("name", ""), form.get("is_new") == "yes"
    if name not in view.profile.properties:
        name = name.strip()
    kind = Typed(typed) if typed in list(Typed) else Typed.TEXT
    return Draft(name, kind, form.get("value", ""), form.get("seen", ""), is_new=is_new)


def _overtaken(view: PersonView, draft: Draft) -> Draft:
    now = view.profile.properties.get(draft.name)
    return msgspec.structs.replace(draft, problem_at="seen", now=now, seen=_seen(now))


def _seen(value: Value | None) -> str:
    """Name a value, so that a form can tell from which it was made."""
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:16]


async def _check(visit: Visit, view: PersonView, draft: Draft) -> Value:
    """Give the value that was typed, if a record with it would be taken."""
    if draft.name in ALIASES or draft.name in GROUP_KEYS:
        what = "an id of the person" if draft.name in ALIASES else "for subscription groups"
        problem = f"'{draft.name}' is {what}, not a property."
        raise InvalidInputError(path="name", problem=problem)
    before = view.profile.properties.get(draft.name)
    value = inputs.read(draft.typed, draft.text, visit.zone, before=before)
    if _seen(before) not in (draft.seen, _seen(value)):
        raise _OvertakenError
    data = {draft.name: value}
    result = await change_person(visit, view.profile.object_id, data, is_dry_run=True)
    if isinstance(result, Reject):
        at = "name" if result.code in _NAME_CODES and draft.is_new else ""
        raise InvalidInputError(path=at, problem=f"{reason_of(result).rstrip('.')}.")
    return value


async def _write(visit: Visit, view: PersonView, name: str, value: Value | None) -> str:
    """Write a value that was checked, None to remove it, and say what became of it."""
    own_id, before = view.profile.object_id, view.profile.properties.get(name)
    change: object = {"$delete": 1} if value is None else value
    says = told(Act.VALUE_REMOVED if value is None else Act.VALUE_CHANGED, property=name)
    result = await change_person(visit, own_id, {name: change}, says=says)
    if isinstance(result, Reject):
        raise InvalidInputError(path=name, problem=reason_of(result))
    if not result.is_changed:
        return f"'{name}' had this value already."
    said = f"'{name}' was removed." if value is None else f"'{name}' was saved."
    if _replaced(result, name) != before and name not in result.flags:
        said += " Somebody else changed it in the same moment: its history has their value."
    return said


def _replaced(result: Applied, name: str) -> Value | None:
    return None if result.properties is None else result.properties.old.get(name)


def _is_glanced(name: str) -> bool:
    """Tell whether a property shows elsewhere on the page too."""
    return name in STANDARD_FIELDS or name == TEST_MARK


def _form(visit: Visit, view: PersonView, draft: Draft, *, status: int = 200) -> Response[bytes]:
    return visit.page(
        "person/property.html",
        block="form",
        status=status,
        view=view,
        glance=glance_of(view, visit),
        draft=draft,
        labels=LABELS,
        choices=CHOICES.get(draft.name, ()),
        names=list(STANDARD_FIELDS),
        is_standard=draft.name in STANDARD_FIELDS and not draft.is_new,
        can_remove=not draft.is_new and draft.name not in ADDRESS_FLAGS,
    )


def _row(visit: Visit, view: PersonView, name: str, *, said: str = "") -> Response[bytes]:
    value = view.profile.properties.get(name)
    return visit.page(
        "person/property_row.html",
        block="row",
        view=view,
        glance=glance_of(view, visit),
        name=name,
        each=None if value is None else Property(name, value),
        said=said,
    )


def _values(
    visit: Visit, object_id: str, name: str, after: str | None
) -> tuple[ValuePage, str | None]:
    person = person_of(visit, object_id)
    found = history.value_page(
        visit.dashboard.store,
        visit.environment_id,
        start_of(visit, person, after, person.changes),
        name=name,
        count=_VALUES,
    )
    return found, seal_place(visit, person, found.rest)
