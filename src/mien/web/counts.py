"""Who is meant by a tree, as pages show it: how many, which share, and some of them by id."""

from collections.abc import Mapping

import msgspec

from mien.domain.errors import (
    AnalyticsUnavailableError,
    InvalidInputError,
    InvalidSegmentError,
    QueryTimeoutError,
)
from mien.domain.ids import ProfileId
from mien.domain.segment_json import parse_segment
from mien.domain.segments import Node
from mien.services.counting import show_members
from mien.web.charts import share_of
from mien.web.people import Row, row_of
from mien.web.visit import Visit

NOBODY = ProfileId(0)

COULD_NOT = (AnalyticsUnavailableError, QueryTimeoutError, InvalidSegmentError)
"""Why a question about many people has no answer; the rest of a page has one."""


class Counted(msgspec.Struct, frozen=True):
    """How many are meant, of how many people; or `problem`, why that is not known.

    `as_of` is epoch milliseconds, None when nothing is missing.
    """

    size: int = 0
    everybody: int = 0
    as_of: int | None = None
    problem: str = ""

    @property
    def share(self) -> str:
        """The share of all people, in percent."""
        return share_of(self.size, self.everybody)


async def count(visit: Visit, tree: Node) -> Counted:
    """Count whom a tree means in the environment of a visit."""
    here, counting = visit.environment_id, visit.dashboard.counting
    try:
        found = await visit.ask(lambda: counting.count(here, tree, visit.zone))
    except COULD_NOT as error:
        return Counted(problem=str(error))
    return Counted(found.size, found.everybody, found.as_of)


def people_in(
    visit: Visit, tree: Node, *, after: ProfileId = NOBODY, count: int
) -> tuple[list[Row], ProfileId | None]:
    """Give the next of those whom a tree means, and after whom there are more (None: all)."""
    dashboard, here = visit.dashboard, visit.environment_id
    found = dashboard.counting.members(here, tree, visit.zone, after=after, count=count)
    reader = dashboard.reader(here)
    views = show_members(dashboard.projection, reader, found.profiles, visit.zone)
    return [row_of(each) for each in views], found.after


def tree_of(form: Mapping[str, str]) -> Node:
    """Read the tree that a form has as JSON, or raise `InvalidInputError`."""
    try:
        return parse_segment(msgspec.json.decode(form.get("tree", "")))
    except (msgspec.DecodeError, RecursionError):
        raise InvalidInputError(path="tree", problem="is no JSON of a segment") from None
