"""Writing to a person as members do: records of our own API, through the one way in."""

from collections.abc import Mapping

from mien import clock
from mien.domain.documents import NATIVE
from mien.domain.ids import ProfileId
from mien.domain.rejects import Reject
from mien.services.receipts import Batch, Result
from mien.services.wires import native_reason
from mien.web.visit import Visit


async def change_person(
    visit: Visit, object_id: str, data: Mapping[str, object], *, is_dry_run: bool = False
) -> Result:
    """Change properties of the profile that has this objectId; a bad value is a `Reject`.

    The id is the one that Mien made: a record with another would make a new profile, should
    this one be erased just now.
    """
    record = {"type": "profile", "objectId": object_id, "profileData": data}
    receipt = await visit.dashboard.ingest.submit(
        Batch(
            visit.environment_id,
            [record],
            clock.now_ms(),
            visit.source,
            NATIVE,
            is_dry_run=is_dry_run,
        )
    )
    return receipt.results[0]


def reason_of(reject: Reject) -> str:
    """Say why a record was rejected, in the names that members know."""
    return native_reason(reject.code, reject.reason)


def subject_of(profile: ProfileId) -> str:
    """Name a person in the audit log: by number, which means nobody once they are erased."""
    return f"profile:{profile}"
