"""Accounts with members for tests of the dashboard, made in the store of a running server."""

import re
from collections.abc import Mapping
from functools import cache
from types import TracebackType
from typing import Self

import httpx

from mien import clock
from mien.domain.members import Role
from mien.services.accounts import NewAccount, create_account
from mien.services.members import hash_password
from mien.services.signing_in import digest_of
from mien.store import members
from mien.store.engine import Store
from mien.store.members import Member, Session
from mien.store.setup import prepare
from tests.support.servers import Key, Server, key_of

PASSWORD = "violet harbour kettle"
_TOKEN = re.compile(r'name="_token" value="(\w+)"')


class Office:
    """A new account on a running server, and its members: one of each role as they are asked for."""

    def __init__(self, server: Server, *, name: str = "Shop", time_zone: str = "UTC") -> None:
        self.server = server
        self.store: Store = prepare(server.store_url, may_migrate=False)
        self.account: NewAccount = create_account(self.store, name=name, time_zone=time_zone)

    @property
    def live(self) -> Key:
        """The key of the live environment."""
        return key_of(self.account.live)

    @property
    def test(self) -> Key:
        """The key of the test environment."""
        return key_of(self.account.test)

    def send(self, *records: Mapping[str, object], key: Key | None = None) -> None:
        """Send records that are all taken, to the live environment or with another key."""
        answer = httpx.post(
            f"{self.server.url}/v1/batch",
            json={"records": records},
            headers=(key or self.live).headers,
        ).raise_for_status()
        results = answer.json()["results"]
        assert {each["status"] for each in results} == {"applied"}, results

    def object_id(self, distinct_id: str) -> str:
        """Give the objectId that the server made for a person of the live environment."""
        found = httpx.get(
            f"{self.server.url}/v1/profile",
            params={"distinct_id": distinct_id},
            headers=self.live.headers,
        ).raise_for_status()
        object_id: str = found.json()["object_id"]
        return object_id

    def add(self, role: Role, *, name: str = "", is_once: bool = False) -> Member:
        """Make a member whose password is `PASSWORD`."""
        with self.store.write() as tx:
            number = members.reserve_id(tx)
            member = Member(
                number,
                self.account.account.account_id,
                f"member{number}@example.com",
                name or f"{role.capitalize()} {number}",
                role,
                hashed(),
                is_once=is_once,
                created_at=clock.now_ms(),
            )
            members.add(tx, member)
        return member

    def sign_in(self, member: Member) -> str:
        """Give the token of a new session of a member."""
        token, now_ms = clock.new_session_token(), clock.now_ms()
        with self.store.write() as tx:
            members.open_session(tx, Session(digest_of(token), member.member_id, now_ms, now_ms))
        return token

    def end_session(self, token: str) -> None:
        """End a session, as time does."""
        with self.store.write() as tx:
            members.end_session(tx, digest_of(token))

    def browser(self, role: Role = Role.ADMIN, *, is_once: bool = False) -> "Browser":
        """Give a browser, without scripts, in which a new member of a role is signed in."""
        return Browser(self.server, self.sign_in(self.add(role, is_once=is_once)))

    def __enter__(self) -> Self:
        """Give it."""
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Close the store."""
        self.store.close()


class Browser(httpx.Client):
    """What a browser does without scripts: pages, links, forms."""

    def __init__(self, server: Server, token: str = "") -> None:
        super().__init__(base_url=server.url, follow_redirects=True, timeout=30)
        self.token = token
        if token:
            self.cookies.set("mien_session", token, domain="127.0.0.1")

    def part(self, path: str, **query: str) -> str:
        """Give a part of a page, as the page asks for it that is there."""
        asked = {"HX-Request": "true"}
        return self.get(path, params=query or None, headers=asked).raise_for_status().text

    def send_form(self, path: str, *, seen_on: str = "/password", **fields: str) -> httpx.Response:
        """Send a form as the page does on which it is, which has its token."""
        found = _TOKEN.search(self.get(seen_on).text)
        token = {"_token": found[1]} if found else {}
        return self.post(path, data=token | fields)


@cache
def hashed() -> str:
    """Give the hash of `PASSWORD`, which takes a while to make."""
    return hash_password(PASSWORD)
