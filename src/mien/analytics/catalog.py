"""What the analytics tables of an environment have: the columns of each property, the tables of events.

The projection tells it as it adds columns, and SQL is compiled against it. What it does not
have is NULL. Identifiers are made of ids here and nowhere else, never of names (S-07).
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from mien.domain.ids import EnvironmentId


class Kind(StrEnum):
    """A type of column; the values end the names of columns.

    A value sits in exactly one of them, but for a date: it has its day, and its moment too
    if it is one. A date so far off that it has no day has a moment alone.
    """

    TEXT = "s"
    """A text that is no date."""

    BOOLEAN = "b"
    INTEGER = "i"
    """An integer of 64 bits."""

    FLOAT = "f"
    MOMENT = "m"
    """A date given in epoch seconds, as such."""

    DAY = "d"
    """The calendar day of a date; of a moment by UTC."""

    LIST = "l"
    """A list of texts, of a profile."""

    JSON = "j"
    """A list or an object, of an event, as JSON text."""


class Columns(msgspec.Struct, frozen=True):
    """Where the values of one property are: in a column a kind, the kinds that were seen.

    With `in_rest` they have no column: they are in `rest`, the JSON object of all properties, by name.
    """

    definition: int
    kinds: frozenset[Kind] = frozenset()
    in_rest: bool = False

    def name(self, kind: Kind) -> str:
        """Give the name of the column of a kind."""
        return f"p{self.definition}_{kind}"


class EventTable(msgspec.Struct, frozen=True):
    """The table of one event, with its properties by exact name."""

    definition: int
    properties: Mapping[str, Columns] = {}

    @property
    def name(self) -> str:
        """The name of the table."""
        return f"events_{self.definition}"


class Catalog(msgspec.Struct, frozen=True):
    """What there is of one environment: properties by exact name, events by `event_key`.

    `within` is what the name of its schema begins with. `has_merged` and `has_blocks` tell whether these tables have rows, so that nobody pays
    for a join with an empty one.
    """

    environment: EnvironmentId
    properties: Mapping[str, Columns] = {}
    events: Mapping[str, EventTable] = {}
    has_merged: bool = False
    has_blocks: bool = False
    within: str = ""

    @property
    def schema(self) -> str:
        """The name of the schema, or database, that holds the tables of the environment."""
        return f"{self.within}e{self.environment}"
