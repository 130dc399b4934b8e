"""Which columns the values of a property have, by its type, and how DuckDB reads them out of JSON.

A property has a column for each type that its definition says was seen; the first
`WITH_COLUMNS` properties of a table have columns, what comes later stays in `rest`. A
value that has not the type of a column is NULL there.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from mien.analytics.catalog import Catalog, Columns, EventTable, Kind
from mien.domain.ids import EnvironmentId
from mien.domain.names import JOINTS
from mien.domain.schema import Definition, DefinitionKind
from mien.domain.values import ValueType

WITH_COLUMNS = 500
"""How many properties of one table have columns of their own, those first defined."""

_NUMBERS = (Kind.INTEGER, Kind.FLOAT)
_DATES = (Kind.MOMENT, Kind.DAY)
_SCALARS = (Kind.TEXT, Kind.BOOLEAN, *_NUMBERS, *_DATES)
_OF_PROFILE: Mapping[ValueType, tuple[Kind, ...]] = {
    ValueType.STRING: (Kind.TEXT,),
    ValueType.INTEGER: (Kind.INTEGER,),
    ValueType.FLOAT: _NUMBERS,
    ValueType.BOOLEAN: (Kind.BOOLEAN,),
    ValueType.DATE: _DATES,
    ValueType.LIST: (Kind.LIST,),
    ValueType.OBJECT: (Kind.JSON,),
    ValueType.MIXED: (*_SCALARS, Kind.LIST),
}
_OF_EVENT: Mapping[ValueType, tuple[Kind, ...]] = {
    **_OF_PROFILE,
    ValueType.LIST: (Kind.JSON,),
    ValueType.MIXED: (*_SCALARS, Kind.JSON),
}

TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "VARCHAR",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.INTEGER: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.MOMENT: "BIGINT",
    Kind.DAY: "DATE",
    Kind.LIST: "VARCHAR[]",
    Kind.JSON: "VARCHAR",
}
"""The types of DuckDB."""

_JOINTS = JOINTS.replace("'", "''")
MACROS: Mapping[str, str] = {
    # `v` is a value as JSON text, or NULL. Texts that are dates start with $D_ and digits.
    "is_date(v)": "starts_with(v, '\"$D_')",
    "read_s(v)": "CASE WHEN v[1] = '\"' AND NOT is_date(v) THEN json_extract_string(v, '$') END",
    "read_b(v)": "CASE v WHEN 'true' THEN true WHEN 'false' THEN false END",
    "is_number(v)": "(v[1] BETWEEN '0' AND '9' OR v[1] = '-')",
    "is_whole(v)": "NOT (contains(v, '.') OR contains(v, 'e') OR contains(v, 'E'))",
    "read_i(v)": "CASE WHEN is_number(v) AND is_whole(v) THEN TRY_CAST(v AS BIGINT) END",
    "read_f(v)": "CASE WHEN is_number(v) AND NOT is_whole(v) THEN TRY_CAST(v AS DOUBLE) END",
    "digits(v)": "substr(v, 5, length(v) - 5)",
    # Eight digits that form a day are that day (`domain.values.day_of`).
    "calendar_day(t)": "CASE WHEN length(t) = 8 AND t[1] <> '-' AND t[1:4] <> '0000'"
    " THEN CAST(try_strptime(t, '%Y%m%d') AS DATE) END",
    # From the year 1 to the year 9999, as days of Python go.
    "day_at(s)": "CASE WHEN s BETWEEN -62135596800 AND 253402300799"
    " THEN DATE '1970-01-01' + CAST(floor(s / 86400.0) AS INTEGER) END",
    "read_m(v)": "CASE WHEN is_date(v) AND calendar_day(digits(v)) IS NULL"
    " THEN TRY_CAST(digits(v) AS BIGINT) END",
    "read_d(v)": "CASE WHEN is_date(v)"
    " THEN coalesce(calendar_day(digits(v)), day_at(TRY_CAST(digits(v) AS BIGINT))) END",
    # As `domain.names.key_of_name` does.
    "name_key(t)": "' ' || nullif(trim(translate(lower(strip_accents(replace(t, chr(0), ''))), "
    f"'{_JOINTS}', '{' ' * len(JOINTS)}'), ' '), '')",
    "read_l(v)": "CASE WHEN v[1] = '[' THEN from_json(v, '[\"VARCHAR\"]') END",
    "read_j(v)": "CASE WHEN v[1] IN ('[', '{') THEN v END",
}
"""How each kind is read; made in the file when it is opened."""


def pointer(*names: str) -> str:
    """Give the JSON Pointer (RFC 6901) to a value by the names on the way."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def with_kinds(
    columns: Iterable[Columns], types: Mapping[Kind, str] = TYPES
) -> list[tuple[str, str]]:
    """Give the columns of properties with their types."""
    return [(each.name(kind), types[kind]) for each in columns for kind in sorted(each.kinds)]


def taken(columns: Sequence[Columns], values: str, *, first: int) -> list[str]:
    """Give an expression for the JSON of each property, in the list `values` from a place on.

    Named apart, a value is looked up once, however often the reader of its kind speaks of it.
    """
    return [f"{values}[{first + place}] AS v{place}" for place in range(len(columns))]


def readers(columns: Sequence[Columns]) -> list[str]:
    """Give an expression for each column, of what `taken` named."""
    return [
        f"read_{kind}(v{place})"
        for place, each in enumerate(columns)
        for kind in sorted(each.kinds)
    ]


def make_catalog(environment: EnvironmentId, definitions: Iterable[Definition]) -> Catalog:
    """Give the tables and columns that an environment with these definitions needs."""
    properties: list[Definition] = []
    of_events: dict[int, list[Definition]] = {}
    events: list[Definition] = []
    for each in sorted(definitions, key=lambda definition: definition.id):
        if each.kind is DefinitionKind.PROPERTY:
            properties.append(each)
        elif each.kind is DefinitionKind.EVENT:
            events.append(each)
        else:
            of_events.setdefault(each.parent, []).append(each)
    return Catalog(
        environment,
        _columns(properties, _OF_PROFILE),
        {
            each.key: EventTable(each.id, _columns(of_events.get(each.id, ()), _OF_EVENT))
            for each in events
        },
    )


def trim(catalog: Catalog, present: Mapping[str, Collection[str]]) -> Catalog:
    """Give the part of a catalog whose tables and columns are present, columns told by table."""
    return msgspec.structs.replace(
        catalog,
        properties=_trimmed(catalog.properties, present.get("profiles", ())),
        events={
            key: msgspec.structs.replace(
                table, properties=_trimmed(table.properties, present[table.name])
            )
            for key, table in catalog.events.items()
            if table.name in present
        },
    )


def _trimmed(properties: Mapping[str, Columns], present: Collection[str]) -> Mapping[str, Columns]:
    return {
        name: msgspec.structs.replace(
            each, kinds=frozenset(kind for kind in each.kinds if each.name(kind) in present)
        )
        for name, each in properties.items()
    }


def _columns(
    definitions: Sequence[Definition], by_type: Mapping[ValueType, tuple[Kind, ...]]
) -> dict[str, Columns]:
    return {
        each.key: Columns(each.id, frozenset(by_type[each.type]))
        if place < WITH_COLUMNS
        else Columns(each.id, in_rest=True)
        for place, each in enumerate(definitions)
        if each.type is not None
    }
