"""`/v1/definitions`: which properties and events there are, and what people say of them (P-14)."""

from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, patch
from litestar.params import QueryParameter
from msgspec import UNSET

from mien.domain.schema import Definition, DefinitionKind, DefinitionState
from mien.http.auth import caller_of, services_of
from mien.http.body import read_body
from mien.http.native.answers import (
    EventDefinition,
    EventDefinitions,
    PropertyDefinition,
    PropertyDefinitions,
)
from mien.http.native.bodies import (
    EventDefinitionChange,
    PropertyDefinitionChange,
    State,
    UserPropertyChange,
)
from mien.http.native.calls import answer, decode_body, instant, on_store
from mien.http.native.documents import asking, described
from mien.services import definitions
from mien.services.definitions import Named, change_definition

_TAG = "Definitions"
_STATES: dict[State, DefinitionState] = {
    "active": DefinitionState.ACTIVE,
    "inactive": DefinitionState.INACTIVE,
    "discarded": DefinitionState.DISCARDED,
}
_WORDS: dict[DefinitionState, State] = {state: word for word, state in _STATES.items()}

Name = Annotated[str, QueryParameter(min_length=1, max_length=1_024, description="Its name.")]
EventName = Annotated[
    str,
    QueryParameter(min_length=1, max_length=1_024, description="Its name, under any spelling."),
]
OfEvent = Annotated[
    str, QueryParameter(min_length=1, max_length=1_024, description="The event that it is of.")
]

_user_property_change = partial(decode_body, msgspec.json.Decoder(UserPropertyChange))
_property_change = partial(decode_body, msgspec.json.Decoder(PropertyDefinitionChange))
_event_change = partial(decode_body, msgspec.json.Decoder(EventDefinitionChange))

_PLAN = {
    "name": "plan",
    "type": "String",
    "first_seen_at": "2026-11-24T16:00:00Z",
    "last_seen_at": "2026-11-29T09:30:00Z",
    "source": "api:1",
    "state": "active",
    "description": "What they pay for.",
    "count": 41,
    "conflicts": 0,
    "in_table": True,
}
_AMOUNT = {**_PLAN, "name": "Amount", "type": "Float", "in_table": False}
_CHARGED = {
    "name": "Charged",
    "first_seen_at": "2026-11-24T16:00:00Z",
    "last_seen_at": "2026-11-29T09:30:00Z",
    "source": "api:1",
    "state": "active",
    "description": "",
    "count": 812,
    "properties": [_AMOUNT],
}
_ASKED = {"description": "What they pay for.", "state": "active"}


@get(
    "/definitions/properties",
    **described(
        "listPropertyDefinitions",
        "List the user properties",
        tag=_TAG,
        gives=PropertyDefinitions,
        example={"properties": [_PLAN]},
    ),
)
async def list_properties(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give every user property with its type, since when it is known and how often it came."""
    known = await on_store(request, "v1/definitions", definitions.list_properties)
    return answer(PropertyDefinitions(properties=[_property(each) for each in known]))


@get(
    "/definitions/events",
    **described(
        "listEventDefinitions",
        "List the events",
        tag=_TAG,
        gives=EventDefinitions,
        example={"events": [_CHARGED]},
    ),
)
async def list_events(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give every event with its properties."""
    known = await on_store(request, "v1/definitions", definitions.list_events)
    return answer(EventDefinitions(events=[_event(each.event, each.properties) for each in known]))


@patch(
    "/definitions/properties",
    **described(
        "changePropertyDefinition",
        "Describe a user property, set its state, or make it a column",
        tag=_TAG,
        gives=PropertyDefinition,
        example=_PLAN,
        errors=(HTTPStatus.NOT_FOUND,),
        asks=asking(UserPropertyChange, {**_ASKED, "in_table": True}),
    ),
)
async def change_property(request: Request[Any, Any, Any], name: Name) -> Response[bytes]:
    """Change what is said of a user property; it can be active or inactive.

    Those that are `in_table`, up to 20, are columns of the table of people in the dashboard.
    """
    named = Named(DefinitionKind.PROPERTY, name)
    changed = await _change(request, named, _user_property_change)
    return answer(_property(changed))


@patch(
    "/definitions/events",
    **described(
        "changeEventDefinition",
        "Describe an event, or set its state",
        tag=_TAG,
        gives=EventDefinition,
        example=_CHARGED,
        errors=(HTTPStatus.NOT_FOUND,),
        asks=asking(EventDefinitionChange, _ASKED),
    ),
)
async def change_event(request: Request[Any, Any, Any], name: EventName) -> Response[bytes]:
    """Change what is said of an event. Once it is discarded, records of it are rejected (528)."""
    await _change(request, Named(DefinitionKind.EVENT, name), _event_change)
    services, caller = services_of(request), caller_of(request)
    event = await services.run_long(
        partial(definitions.get_event, services.store, caller.environment, name)
    )
    return answer(_event(event.event, event.properties))


@patch(
    "/definitions/events/properties",
    **described(
        "changeEventPropertyDefinition",
        "Describe a property of an event, or set its state",
        tag=_TAG,
        gives=PropertyDefinition,
        example=_AMOUNT,
        errors=(HTTPStatus.NOT_FOUND,),
        asks=asking(PropertyDefinitionChange, _ASKED),
    ),
)
async def change_event_property(
    request: Request[Any, Any, Any], event: OfEvent, name: Name
) -> Response[bytes]:
    """Change what is said of a property of an event; it can be active or inactive."""
    named = Named(DefinitionKind.EVENT_PROPERTY, name, event=event)
    return answer(_property(await _change(request, named, _property_change)))


async def _change(
    request: Request[Any, Any, Any],
    named: Named,
    decode: Callable[[bytes], PropertyDefinitionChange | EventDefinitionChange],
) -> Definition:
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, "v1/definitions"):
        body = await read_body(request, services.settings)
        wanted = decode(body)
        return await services.run_long(
            partial(
                change_definition,
                services.store,
                caller.environment,
                named,
                description=None if wanted.description is UNSET else wanted.description,
                state=None if wanted.state is UNSET else _STATES[wanted.state],
                in_table=_in_table(wanted),
            )
        )


def _in_table(wanted: PropertyDefinitionChange | EventDefinitionChange) -> bool | None:
    if not isinstance(wanted, UserPropertyChange) or wanted.in_table is UNSET:
        return None
    return wanted.in_table


def _property(known: Definition) -> PropertyDefinition:
    return PropertyDefinition(
        name=known.name,
        type=known.type,
        first_seen_at=instant(known.first_seen_at),
        last_seen_at=None if known.last_seen_at is None else instant(known.last_seen_at),
        source=known.source,
        state=_WORDS[known.state],
        description=known.description,
        count=known.count,
        conflicts=known.conflicts,
        in_table=known.in_table,
    )


def _event(known: Definition, properties: Sequence[Definition]) -> EventDefinition:
    return EventDefinition(
        name=known.name,
        first_seen_at=instant(known.first_seen_at),
        last_seen_at=None if known.last_seen_at is None else instant(known.last_seen_at),
        source=known.source,
        state=_WORDS[known.state],
        description=known.description,
        count=known.count,
        properties=[_property(each) for each in properties],
    )
