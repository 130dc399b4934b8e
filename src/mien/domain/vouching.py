"""What a browser or an app may say, and which ids of people it may name: those with a signature.

Anybody can read a page's script and send in its name, so an environment may ask that
the customer's own server vouches for the person (K-03). A device needs no voucher: its
objectId is a secret of that device.
"""

import msgspec

from mien.domain.fields import normalise_email
from mien.domain.identities import (
    WIRE_NAMES,
    Identity,
    profile_of_server_object_id,
)
from mien.domain.preferences import DISABLED
from mien.domain.records import ProfileRecord, Record
from mien.domain.rejects import Reject, RejectCode


class Vouched(msgspec.Struct, frozen=True):
    """The ids of a person that a caller has a signature for, and no others.

    `email` is case-folded; it counts where the environment joins people by it
    (`joins_by_email`). `problem` says why nothing is vouched for.
    """

    identities: frozenset[Identity] = frozenset()
    email: str = ""
    problem: str = ""
    joins_by_email: bool = False


def check_own(record: Record | Reject) -> Record | Reject:
    """Give a record of a page or an app back, or its `Reject` if it is for others to say.

    Whether a person is disabled is decided by those who write to them.
    """
    if not isinstance(record, ProfileRecord) or DISABLED not in record.changes:
        return record
    reason = f"{DISABLED} is for your server and for members to set, not for pages and apps"
    return Reject(record.position, RejectCode.PREFERENCE, reason, record.raw)


def check_vouched(record: Record | Reject, vouched: Vouched) -> Record | Reject:
    """Give a record back, or its `Reject` if it names a person who is not vouched for."""
    if isinstance(record, Reject):
        return record
    name = _unvouched(record, vouched)
    if name is None:
        return record
    reason = f"{name} is taken in this environment only when it is signed: {_why(vouched)}"
    return Reject(record.position, RejectCode.IDENTITY_UNSIGNED, reason, record.raw)


def _unvouched(record: Record, vouched: Vouched) -> str | None:
    """Name the first id of a record that nobody vouches for; None if there is none."""
    if record.device is not None and profile_of_server_object_id(record.device.value) is not None:
        # It is counted up, so it can be guessed; and no device has it.
        return f"objectId '{record.device.value}'"
    for identity in getattr(record, "person", ()):
        if identity not in vouched.identities:
            return f"{WIRE_NAMES[identity.kind]} '{identity.value}'"
    return _unvouched_email(record, vouched)


def _unvouched_email(record: Record, vouched: Vouched) -> str | None:
    if not vouched.joins_by_email or not isinstance(record, ProfileRecord):
        return None
    email = record.changes.get("Email")
    if not isinstance(email, str) or normalise_email(email) == vouched.email:
        return None
    return f"Email '{email}'"


def _why(vouched: Vouched) -> str:
    if vouched.problem:
        return vouched.problem
    return "identity_token is for another id"
