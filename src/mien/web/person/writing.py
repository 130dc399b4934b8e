"""Writing to a person as members do: records of our own API, through the one way in."""

from collections.abc import Mapping

from mien import clock
from mien.domain.ids import ProfileId
from mien.domain.members import Act
from mien.domain.rejects import Reject
from mien.services.changing import change_profile
from mien.services.receipts import Result
from mien.services.wires import native_reason
from mien.web.visit import Note, Says, Visit


async def change_person(
    visit: Visit,
    object_id: str,
    data: Mapping[str, object],
    *,
    is_dry_run: bool = False,
    says: Says | None = None,
) -> Result:
    """Change properties of a profile in the name of the member, as `change_profile` does.

    `says` is what the audit log keeps of it.
    """
    receipt = await change_profile(
        visit.dashboard.ingest,
        visit.environment_id,
        object_id,
        data,
        now_ms=clock.now_ms(),
        source=visit.source,
        is_dry_run=is_dry_run,
        also=None if says is None else visit.noting(says),
    )
    return receipt.results[0]


def told(act: Act, **details: str) -> Says:
    """Give what says of an act that it changed a person; nothing if they were like this before."""

    def says(result: Result) -> Note | None:
        if isinstance(result, Reject) or not result.is_changed:
            return None
        return Note(act, subject_of(result.profile), details)

    return says


def reason_of(reject: Reject) -> str:
    """Say why a record was rejected, in the names that members know."""
    return native_reason(reject.code, reject.reason)


def subject_of(profile: ProfileId) -> str:
    """Name a person in the audit log: by number, which means nobody once they are erased."""
    return f"profile:{profile}"
