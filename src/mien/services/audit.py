"""The audit log of an account: what its members did, and when (D-01).

People are named by the numbers of their profiles, which mean nobody once a person is erased.
"""

from collections.abc import Mapping, Sequence

import msgspec

from mien import clock
from mien.domain.members import Act
from mien.store import members
from mien.store.engine import Store, Transaction
from mien.store.members import AuditEntry, Member

COMMAND = 0
"""The member that stands for whoever ran a command on the machine of the server."""

_NEWEST = 2**62


class Entry(msgspec.Struct, frozen=True):
    """An entry as it is shown: who did what, to what, where (0: the account) and when (epoch ms)."""

    entry_id: int
    at: int
    name: str
    environment_id: int
    act: str
    subject: str
    details: Mapping[str, str]


def note(
    tx: Transaction,
    account: int,
    act: Act,
    *,
    by: Member | None,
    subject: str = "",
    environment: int = 0,
    details: Mapping[str, str] = {},
) -> None:
    """Keep what a member did, in the transaction that does it; None is whoever ran a command.

    `subject` is what it was done to, as `profile:31` or `member:2`; `details` hold no data of
    the people in profiles.
    """
    members.append_audit(
        tx,
        AuditEntry(
            account,
            0,
            clock.now_ms(),
            COMMAND if by is None else by.member_id,
            environment,
            act,
            subject,
            msgspec.json.encode(details),
        ),
    )


def audit_page(
    store: Store, account: int, *, before: int | None = None, count: int
) -> Sequence[Entry]:
    """Give what was done in an account before an entry, newest first."""
    with store.read() as tx:
        found = members.audit_page(tx, account, before=before or _NEWEST, count=count)
        names = members.names(tx, sorted({each.member_id for each in found}))
    return [
        Entry(
            each.entry_id,
            each.at,
            names.get(each.member_id, "command line"),
            each.environment_id,
            each.act,
            each.subject,
            msgspec.json.decode(each.details, type=dict[str, str]),
        )
        for each in found
    ]
