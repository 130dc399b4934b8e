"""Marks of a profile, which are set and taken away whole: test profile (P-11), disabled (R12)."""

from enum import Enum

from mien.domain.documents import IS_TEST, TEST_MARK
from mien.domain.identities import server_object_id
from mien.domain.ids import EnvironmentId, ProfileId
from mien.domain.preferences import DISABLED
from mien.domain.values import Value
from mien.services.changing import change_profile
from mien.services.ingest import Ingest
from mien.services.receipts import Receipt
from mien.services.retrying import Also


class Mark(Enum):
    """What may be marked: the property that says so."""

    TEST = TEST_MARK
    DISABLED = DISABLED


_SET: dict[Mark, Value] = {Mark.TEST: IS_TEST, Mark.DISABLED: True}


async def change_mark(
    ingest: Ingest,
    environment: EnvironmentId,
    profile: ProfileId,
    mark: Mark,
    *,
    is_set: bool,
    now_ms: int,
    source: str,
    also: Also | None = None,
) -> Receipt:
    """Set a mark of a profile or take it away, as `change_profile` does; gives what became of it.

    The only result is a `Reject` if the profile is not there any more; `also` is as there.
    """
    return await change_profile(
        ingest,
        environment,
        server_object_id(profile),
        {mark.value: _SET[mark] if is_set else {"$delete": 1}},
        now_ms=now_ms,
        source=source,
        also=also,
    )
