"""Finding people by whatever is known of them, and the list of everyone (D-02, D-03).

Where a list begins, how it is sorted and what it leaves out all stand in its address, so that
the browser's way back and a link that is sent on show the same.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from mien import clock
from mien.analytics.people_list import Order, Place, SortBy
from mien.domain.conditions import Equals
from mien.domain.documents import IS_TEST, TEST_MARK
from mien.domain.errors import (
    AnalyticsUnavailableError,
    InvalidInputError,
    NotFoundError,
    QueryTimeoutError,
)
from mien.domain.members import Act, Role
from mien.domain.preferences import is_disabled
from mien.domain.schema import DefinitionKind
from mien.domain.segment_json import to_json
from mien.domain.segments import All, Derived, Disabled, Node, Not, TestUser
from mien.domain.values import Value
from mien.services import definitions
from mien.services.definitions import Named
from mien.services.finding import LONGEST, PeoplePage, find_people, newest_people
from mien.services.people_list import Listed
from mien.services.reading import ProfileView
from mien.web import counts
from mien.web.builder.fields import UnclearError, read_name, write_text
from mien.web.people import Row, first_seen, row_of
from mien.web.routes import act, page
from mien.web.visit import Note, Visit

_PEOPLE = 25
_PLACE, _NAMES = "people", "names"
_COLUMN = "column:name"
"""The field with the name of a column, as `/segments/choices` is sent it."""

Sought = Annotated[str, QueryParameter(name="q", max_length=LONGEST)]
After = Annotated[str | None, QueryParameter()]

_FILTERS: Mapping[str, Mapping[str, tuple[str, Node | None]]] = {
    "type": {
        "": ("Any type", None),
        "identified": ("Identified", Derived("Type", Equals("identified"))),
        "anonymous": ("Anonymous", Derived("Type", Equals("anonymous"))),
    },
    "state": {
        "": ("Any state", None),
        "enabled": ("Enabled", Not(Disabled())),
        "disabled": ("Disabled", Disabled()),
    },
    "test": {
        "": ("With test users", None),
        "no": ("Without test users", Not(TestUser())),
        "only": ("Test users only", TestUser()),
    },
}
"""What a list may leave out: by the name in the address, the values there with their labels."""

_LABELS = {
    "type": "Type",
    "state": "Enabled or disabled",
    "test": "Test users",
}
_COLUMNS = {
    SortBy.NAME: "Name",
    SortBy.ID: "Ids",
    SortBy.LAST_SEEN: "Last seen",
    SortBy.FIRST_SEEN: "First seen",
}
_DESCENDS_FIRST = (SortBy.LAST_SEEN, SortBy.FIRST_SEEN)


class Person(msgspec.Struct, frozen=True):
    """A person as the list of everyone shows one; `cells` are values of the chosen properties."""

    row: Row
    first_at: int
    is_disabled: bool
    is_test: bool
    cells: Sequence[Value | None]


class Asked(msgspec.Struct, frozen=True):
    """Which people a list is to have, and in which order."""

    order: Order
    chosen: Mapping[str, str]

    @property
    def tree(self) -> Node:
        """Who is meant."""
        nodes = [_FILTERS[name][value][1] for name, value in self.chosen.items()]
        return All(tuple(each for each in nodes if each is not None))

    @property
    def is_filtered(self) -> bool:
        """Is somebody left out?"""
        return any(self.chosen.values())

    @property
    def filters(self) -> list[tuple[str, str, list[tuple[str, str]], str]]:
        """The fields of the form: name, label, options, and which is chosen."""
        return [
            (
                name,
                _LABELS[name],
                [(value, label) for value, (label, _) in options.items()],
                self.chosen[name],
            )
            for name, options in _FILTERS.items()
        ]

    @property
    def tree_json(self) -> str:
        """Who is meant, as JSON."""
        return msgspec.json.encode(to_json(self.tree)).decode()

    @property
    def fields(self) -> list[tuple[str, str]]:
        """All of it as fields of a form."""
        direction = "desc" if self.order.is_descending else "asc"
        return [*self.chosen.items(), ("sort", str(self.order.by)), ("dir", direction)]

    def query(self, order: Order | None = None, **more: str) -> str:
        """Write it, or the same in another order, as the query of an address; a blank is left out."""
        order = order or self.order
        parts = {name: value for name, value in self.chosen.items() if value}
        if order != Order():
            parts |= {"sort": str(order.by), "dir": "desc" if order.is_descending else "asc"}
        query = urlencode(parts | {name: value for name, value in more.items() if value})
        return f"?{query}" if query else ""

    def head(self, by: str) -> tuple[str, str, str]:
        """Give the head of a column: its label, how it is sorted, and the query that sorts by it."""
        sort, is_mine = SortBy(by), self.order.by == by
        descends = not self.order.is_descending if is_mine else sort in _DESCENDS_FIRST
        state = ("descending" if self.order.is_descending else "ascending") if is_mine else ""
        return _COLUMNS[sort], state, self.query(Order(sort, descends))


@page("/people")
async def people(
    visit: Visit, request: Request[Any, Any, Any], sought: Sought = "", after: After = None
) -> Response[bytes]:
    """Show who is sought, or everyone."""
    if sought.strip():
        return await _found(visit, sought, after)
    asked = _asked(request.query_params)
    start = None if after is None else visit.unseal(f"{_PLACE} {asked.query()}", after, Place)
    listed, problem = await visit.ask(lambda: _list(visit, asked, start))
    columns = await visit.run(lambda: _columns(visit))
    rest = "" if listed.rest is None else visit.seal(f"{_PLACE} {asked.query()}", listed.rest)
    return visit.page(
        "people/page.html",
        block="results",
        sought="",
        asked=asked,
        columns=[(name, write_text(name)) for name in columns],
        people=[_person(each, columns) for each in listed.people],
        as_of=listed.as_of,
        problem=problem,
        is_first=start is None,
        next=f"{visit.url('people')}{asked.query(after=rest)}" if rest else None,
    )


@page("/people/count")
async def count_people(visit: Visit, request: Request[Any, Any, Any]) -> Response[bytes]:
    """Say how many the list has."""
    asked = _asked(request.query_params)
    counted = await counts.count(visit, asked.tree)
    return visit.page("people/count.html", counted=counted, is_filtered=asked.is_filtered)


@act("/people/columns", needs=Role.EDITOR)
async def change_columns(visit: Visit) -> Response[Any]:
    """Make a property a column of the list, or take it out; for all members."""
    form = await visit.form()
    asked, is_shown = _asked(form), form.get("is_shown") == "yes"
    back = f"{visit.url('people')}{asked.query()}"
    here, store = visit.environment_id, visit.dashboard.store
    done = Act.COLUMN_SHOWN if is_shown else Act.COLUMN_HIDDEN
    try:
        named = Named(DefinitionKind.PROPERTY, read_name(form.get(_COLUMN, "")))
        changed = await visit.do(
            lambda: definitions.change_definition(store, here, named, in_table=is_shown),
            lambda changed: Note(done, f"property:{changed.id}"),
        )
    except NotFoundError as error:
        return visit.back(back, str(error), kind="danger")
    except (UnclearError, InvalidInputError) as error:
        return visit.back(back, f"Nothing was changed: {error.problem}.", kind="danger")
    said = "is a column now" if is_shown else "is no column any more"
    return visit.back(back, f"{changed.name} {said}.")


PEOPLE_HANDLERS: list[HTTPRouteHandler] = [people, count_people, change_columns]


def _asked(given: Mapping[str, str]) -> Asked:
    """Read what a list is to have, or raise `InvalidInputError`."""
    chosen = {name: _one_of(name, given, options) for name, options in _FILTERS.items()}
    by = _one_of("sort", given, ["", *SortBy])
    direction = _one_of("dir", given, ["", "asc", "desc"])
    sort = SortBy(by) if by else SortBy.LAST_SEEN
    descends = direction == "desc" if direction else sort in _DESCENDS_FIRST
    return Asked(Order(sort, descends), chosen)


def _one_of(name: str, given: Mapping[str, str], known: Sequence[str] | Mapping[str, Any]) -> str:
    value = given.get(name, "")
    if value not in known:
        choices = ", ".join(each for each in known if each)
        raise InvalidInputError(path=name, problem=f"'{value[:40]}' is none of {choices}")
    return value


def _list(visit: Visit, asked: Asked, start: Place | None) -> tuple[Listed, str]:
    """Give a page of everyone; without the copy, those who were met last, and why."""
    dashboard = visit.dashboard
    reader = dashboard.reader(visit.environment_id)
    try:
        found = dashboard.people.page(
            reader, asked.tree, asked.order, after=start, count=_PEOPLE, zone=visit.zone
        )
    except (AnalyticsUnavailableError, QueryTimeoutError) as error:
        today = clock.today(visit.zone)
        newest = newest_people(dashboard.store, reader, before=None, today=today, count=_PEOPLE)
        return Listed(newest.people), str(error)
    return found, ""


async def _found(visit: Visit, sought: str, after: str | None) -> Response[bytes]:
    """Show who has a text as an id or an address, then those whose name begins so."""
    start = None if after is None else visit.unseal(_NAMES, after, Place)
    exact, named, problem = await visit.ask(lambda: _find(visit, sought, start))
    known = {each.object_id for each in exact.people}
    rest = None if named.rest is None else visit.seal(_NAMES, named.rest)
    return visit.page(
        "people/found.html",
        block="more" if after else "results",
        sought=sought,
        rows=[
            row_of(each)
            for each in (
                *exact.people,
                *(one for one in named.people if one.object_id not in known),
            )
        ],
        has_more=exact.rest is not None,
        as_of=named.as_of,
        problem=problem,
        next=None
        if rest is None
        else f"{visit.url('people')}?{urlencode({'q': sought, 'after': rest})}",
    )


def _find(visit: Visit, sought: str, start: Place | None) -> tuple[PeoplePage, Listed, str]:
    dashboard, today = visit.dashboard, clock.today(visit.zone)
    reader = dashboard.reader(visit.environment_id)
    exact = PeoplePage(())
    if start is None:
        exact = find_people(dashboard.store, reader, sought, today=today, count=_PEOPLE)
    try:
        named = dashboard.people.named(reader, sought, after=start, count=_PEOPLE, zone=visit.zone)
    except (AnalyticsUnavailableError, QueryTimeoutError) as error:
        return exact, Listed(()), str(error)
    return exact, named, ""


def _columns(visit: Visit) -> list[str]:
    here = visit.environment_id
    return definitions.list_columns(visit.dashboard.store, here)


def _person(view: ProfileView, columns: Sequence[str]) -> Person:
    properties = view.properties
    return Person(
        row_of(view),
        first_seen(view) * 1_000,
        is_disabled(properties),
        properties.get(TEST_MARK) == IS_TEST,
        [properties.get(name) for name in columns],
    )
