"""A member of the benchmark's account, who looks at pages of the dashboard."""

import re
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.connections import Connection, ask
from bench.corpus import identity
from bench.jobs import Target
from bench.wire import get
from mien import clock
from mien.domain.members import Role
from mien.services import members as member_service
from mien.services.accounts import get_environment
from mien.services.signing_in import digest_of
from mien.store import members
from mien.store.members import Session
from mien.store.setup import prepare


class _Shown(Struct, frozen=True):
    object_id: str


def sign_in(data: Path, account_id: str) -> str:
    """Open a session of a new admin in the store of a running server; gives its token."""
    token, now_ms = clock.new_session_token(), clock.now_ms()
    with closing(prepare(f"sqlite:///{data / 'mien.db'}", may_migrate=False)) as store:
        account = get_environment(store, account_id).account_id
        made = member_service.add_member(
            store, account, email="bench@example.com", name="Bench", role=Role.ADMIN, by=None
        )
        session = digest_of(token)
        member_service.choose_password(store, made.member, clock.new_password(), session=session)
        with store.write() as tx:
            members.open_session(tx, Session(session, made.member.member_id, now_ms, now_ms))
    return token


def object_id_of(target: Target, number: int) -> str:
    """Give the objectId that the server made for a person."""
    request = get(target, f"/v1/profile?distinct_id={identity(number)}")
    found = ask(
        Connection(target), msgspec.structs.replace(request, sign=re.compile(rb'"object_id"'))
    )
    return msgspec.json.decode(found, type=_Shown).object_id
