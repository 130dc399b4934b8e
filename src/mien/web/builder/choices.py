"""Names that a field offers as one types: what the environment knows, and what every one has."""

from collections.abc import Mapping

from mien.domain.events import STANDARD_EVENTS, event_key
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.ids import EnvironmentId
from mien.domain.schema import DefinitionKind
from mien.services.definitions import Named, search_names
from mien.store.engine import Store
from mien.web.builder.fields import UnclearError, read_name, write_text

_COUNT = 30
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
