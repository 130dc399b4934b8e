"""What a field offers as one types: names that the environment knows, values that people have."""

from collections.abc import Mapping

from mien.domain.events import STANDARD_EVENTS, check_event_name, event_key
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.ids import EnvironmentId
from mien.domain.rejects import Rejected
from mien.domain.schema import DefinitionKind
from mien.domain.segments import Did
from mien.services.definitions import Named, search_names
from mien.services.reports import UnknownRankedError
from mien.store.engine import Store
from mien.web.builder.fields import UnclearError, read_name, write_text
from mien.web.counts import COULD_NOT
from mien.web.visit import Visit

_COUNT = 30
_VALUES = 200
"""Among how many of the values that come most often is looked for what is typed."""

_STANDARD: Mapping[DefinitionKind, list[str]] = {
    DefinitionKind.PROPERTY: list(STANDARD_FIELDS),
    DefinitionKind.EVENT: list(STANDARD_EVENTS),
}


def names_like(
    store: Store, environment: EnvironmentId, kind: DefinitionKind, typed: str, event: str
) -> list[tuple[str, str]]:
    """Give names as a field has them, each with what it is; `event` is the one they are of."""
    try:
        wanted = read_name(typed)
    except UnclearError:
        wanted = ""
    found = search_names(store, environment, Named(kind, wanted, event), count=_COUNT)
    known = [(write_text(each.name), str(each.type or "").lower()) for each in found]
    names = {event_key(each.name) for each in found}
    standard = [
        (name, "standard")
        for name in _STANDARD.get(kind, [])
        if wanted.casefold() in name.casefold() and event_key(name) not in names
    ]
    return (known + standard)[:_COUNT]


def values_like(visit: Visit, name: str, event: str, typed: str) -> list[tuple[str, str]]:
    """Give the values of a property, of people or of an event, that come most often."""
    here, insights = visit.environment_id, visit.dashboard.insights
    now = visit.now_ms // 1_000
    try:
        if event:
            did = Did(check_event_name(event, is_system=True))
            found = insights.event_values(
                here, did, name, count=_VALUES, now=now, zone=visit.zone
            ).value
        else:
            found = insights.values(here, name, count=_VALUES, now=now, zone=visit.zone).value
    except (*COULD_NOT, UnknownRankedError, Rejected):
        return []
    wanted = typed.strip().casefold()
    return [
        (write_text(each.text), f"{each.count:,}")
        for each in found
        if wanted in each.text.casefold()
    ][:_COUNT]
