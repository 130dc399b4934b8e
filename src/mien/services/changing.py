"""Changing one known profile by hand, as a record would: its history shows it like any other change."""

from collections.abc import Mapping

from mien.domain.documents import NATIVE
from mien.domain.ids import EnvironmentId
from mien.services.ingest import Ingest
from mien.services.receipts import Batch, Receipt
from mien.services.retrying import Also


async def change_profile(
    ingest: Ingest,
    environment: EnvironmentId,
    object_id: str,
    data: Mapping[str, object],
    *,
    now_ms: int,
    source: str,
    is_dry_run: bool = False,
    also: Also | None = None,
) -> Receipt:
    """Change properties of the profile that has this objectId; gives what became of the one record.

    The id is the one that Mien made: a record with another would make a new profile, should this
    one be erased just now. The result is a `Reject` for a bad value, or if the profile is gone;
    `also` writes something of it in the same transaction.
    """
    record = {"type": "profile", "objectId": object_id, "profileData": data}
    batch = Batch(
        environment,
        [record],
        now_ms,
        source,
        NATIVE,
        is_dry_run=is_dry_run,
        also=None if also is None else lambda tx, receipt: also(tx, receipt.results[0]),
    )
    return await ingest.submit(batch)
