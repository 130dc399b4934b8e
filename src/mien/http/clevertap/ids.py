"""Whom a call of the compatible API is about: lists of identities, or of ids of devices."""

from mien.domain.errors import InvalidInputError, LimitExceededError
from mien.domain.identities import Identity, IdentityKind, object_identity, person_identity
from mien.domain.rejects import Rejected

IDS_PER_CALL = 100
_OF_DEVICES = "guid"


def read_ids(raw: dict[str, object], name: str) -> list[Identity]:
    """Read one id or a list of up to 100 from a body; those under `guid` are of devices.

    Raises `InvalidInputError` naming the place of a wrong one, `LimitExceededError` for more.
    """
    given = raw.get(name)
    ids = given if isinstance(given, list) else [given]
    if len(ids) > IDS_PER_CALL:
        what = "ids"
        raise LimitExceededError(what, limit=IDS_PER_CALL, size=len(ids))
    if not ids:
        raise InvalidInputError(path=name, problem="it names nobody")
    return [_identity(name, each, position) for position, each in enumerate(ids)]


def _identity(name: str, value: object, position: int) -> Identity:
    try:
        if name == _OF_DEVICES:
            return object_identity(value)
        return person_identity(IdentityKind.IDENTITY, value)
    except Rejected as rejected:
        raise InvalidInputError(path=f"{name}[{position}]", problem=rejected.reason) from rejected
