"""What the endpoints share that read the history of one person, a page at a time."""

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Request, Response

from mien.http.auth import caller_of, services_of
from mien.http.native.calls import answer, identity_of, next_cursor, nobody, start_of
from mien.http.state import Services
from mien.services import history
from mien.services.accounts import Caller
from mien.services.cursors import InvalidCursorError
from mien.services.history import Person
from mien.services.trails import Trail


class Place(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor holds: a profile, and a place in its history."""

    profile: int
    trail: Trail


async def page_of(
    request: Request[Any, Any, Any],
    distinct_id: str | None,
    object_id: str | None,
    purpose: str,
    cursor: str | None,
    read: Callable[[Services, Caller, Person, Place | None], bytes | None],
) -> Response[bytes]:
    """Answer with the page of a person that `read` gives, as it is written.

    Writing takes as long as reading does, so both are off the event loop. Raises
    `NotFoundError` when nobody has the id, or `read` gives None: the person is gone since.
    """
    services, caller = services_of(request), caller_of(request)
    identity = identity_of(distinct_id, object_id)
    start = start_of(services, caller, purpose, cursor, Place)

    def work() -> bytes | None:
        person = history.find_person(services.store, caller.environment, identity)
        return None if person is None else read(services, caller, person, start)

    async with services.limits.place(caller.environment, "v1/profile"):
        page = await services.run_long(work)
    if page is None:
        raise nobody(distinct_id, object_id)
    return answer(page)


def trail_of(person: Person, start: Place | None, newest: Trail) -> Trail:
    """Give the place at which a page begins; a cursor is bound to its profile."""
    if start is None:
        return newest
    if start.profile != person.profile:
        raise InvalidCursorError(problem="it belongs to another profile")
    return start.trail


def trail_cursor(
    services: Services, caller: Caller, purpose: str, person: Person, rest: Trail
) -> str | None:
    """Seal a place in the history of a profile; None at its end."""
    return next_cursor(services, caller, purpose, Place(person.profile, rest) if rest else None)
