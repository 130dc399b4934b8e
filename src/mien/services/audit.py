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

COMMAND_NAME = "command line"

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
    store: Store,
    account: int,
    *,
    before: int | None = None,
    count: int,
    member: int | None = None,
    act: Act | None = None,
) -> Sequence[Entry]:
    """Give what was done in an account before an entry, newest first.

    With `member` what one member did (`COMMAND`: who ran commands), with `act` what is of a kind.
    """
    with store.read() as tx:
        found = members.audit_page(
            tx, account, before=before or _NEWEST, count=count, member=member, act=act
        )
        names = members.names(tx, sorted({each.member_id for each in found}))
    return [
        Entry(
            each.entry_id,
            each.at,
            names.get(each.member_id, COMMAND_NAME),
            each.environment_id,
            each.act,
            each.subject,
            msgspec.json.decode(each.details, type=dict[str, str]),
        )
        for each in found
    ]


def people_of(store: Store, account: int) -> dict[int, str]:
    """Give the names of all who may be in an audit log: present members and former ones."""
    with store.read() as tx:
        known = {each.member_id: each.name for each in members.list_all(tx, account)}
    return known | {COMMAND: COMMAND_NAME}
