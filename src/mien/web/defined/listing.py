"""Lists of definitions: by name, a page at a time, with the share of people that comes later."""

from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlencode

import msgspec
from litestar import Response
from litestar.params import QueryParameter

from mien.domain.errors import AnalyticsUnavailableError, QueryTimeoutError
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.schema import Definition, DefinitionKind
from mien.services.definitions import DefinitionPage, page_definitions
from mien.services.history import name_sources
from mien.services.insights import Insight, Shares
from mien.web.charts import share_of
from mien.web.visit import Visit

ROWS = 50
_PLACE = "definitions"

Sought = Annotated[str, QueryParameter(name="q", max_length=1_024)]
After = Annotated[str | None, QueryParameter()]
Filled = Annotated[bool, QueryParameter()]

CountShares: TypeAlias = Callable[..., Insight[Shares]]
"""Counts who has each of these names in an environment: a method of `Insights`, not bound."""


class Row(msgspec.Struct, frozen=True):
    """A definition as a list shows it; `people` and `share` are empty until they are counted."""

    known: Definition
    source: str
    people: str = ""
    share: str = ""
    is_standard: bool = False


class Listing(msgspec.Struct, frozen=True):
    """A page of definitions; `filled` is where the same is with shares, `late` why there are none."""

    rows: Sequence[Row]
    sought: str
    next: str | None
    filled: str | None
    as_of: int | None = None
    late: str = ""


class Catalogue(msgspec.Struct, frozen=True):
    """What is listed at a path: its kind, what heads the columns, how people who have it are counted."""

    kind: DefinitionKind
    path: str
    heads: Sequence[str]
    count_shares: CountShares


async def show_list(
    visit: Visit,
    catalogue: Catalogue,
    *,
    sought: str = "",
    after: str | None = None,
    filled: bool = False,
    status: int = HTTPStatus.OK,
    **context: Any,
) -> Response[bytes]:
    """Show a page of definitions; with `filled` who has them is counted too."""
    listing = await _list(visit, catalogue, sought=sought, after=after, filled=filled)
    return visit.page(
        "defined/list.html",
        block="filled" if filled else "more" if after else "results",
        status=status,
        base=catalogue.path,
        heads=catalogue.heads,
        is_typed=catalogue.kind is DefinitionKind.PROPERTY,
        listing=listing,
        **context,
    )


async def _list(
    visit: Visit, catalogue: Catalogue, *, sought: str, after: str | None, filled: bool
) -> Listing:
    """Give a page of definitions of one kind; with `filled` who has them is counted too."""
    start = "" if after is None else visit.unseal(_PLACE, after, str)
    found, sources = await visit.run(lambda: _read(visit, catalogue.kind, sought, start))
    rest = None if found.rest is None else visit.seal(_PLACE, found.rest)
    rows = [_row(each, sources.get(each.source, each.source)) for each in found.definitions]
    listing = Listing(
        rows,
        sought,
        next=None if rest is None else _address(visit, catalogue.path, q=sought, after=rest),
        filled=_address(visit, catalogue.path, q=sought, after=after or "", filled="1")
        if rows
        else None,
    )
    return (
        await _with_shares(visit, listing, catalogue.count_shares) if filled and rows else listing
    )


async def _with_shares(visit: Visit, listing: Listing, count_shares: CountShares) -> Listing:
    names = [each.known.name for each in listing.rows]
    try:
        found = await visit.ask(
            partial(
                count_shares,
                visit.dashboard.insights,
                visit.environment_id,
                names,
                now=visit.now_ms // 1_000,
                zone=visit.zone,
            )
        )
    except (AnalyticsUnavailableError, QueryTimeoutError) as error:
        return msgspec.structs.replace(listing, filled=None, late=str(error))
    rows = [_with_share(each, found.value) for each in listing.rows]
    return msgspec.structs.replace(listing, rows=rows, filled=None, as_of=found.as_of)


def _with_share(row: Row, shares: Shares) -> Row:
    people = shares.people[row.known.name]
    share = share_of(people, shares.everybody)
    return msgspec.structs.replace(row, people=f"{people:,}", share=share)


def _row(known: Definition, source: str) -> Row:
    is_standard = known.kind is DefinitionKind.PROPERTY and known.name in STANDARD_FIELDS
    return Row(known, source, is_standard=is_standard)


def _read(
    visit: Visit, kind: DefinitionKind, sought: str, after: str
) -> tuple[DefinitionPage, dict[str, str]]:
    store, here = visit.dashboard.store, visit.environment_id
    found = page_definitions(store, here, kind, sought=sought, after=after, count=ROWS)
    return found, name_sources(store, here, {each.source for each in found.definitions})


def _address(visit: Visit, path: str, **query: str) -> str:
    return f"{visit.url(path)}?{urlencode({name: value for name, value in query.items() if value})}"
