"""What the web SDK sends, without a browser: for tests of the server alone."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.support.lz import compress
from tests.support.servers import Key

Json = dict[str, Any]

_CALL = re.compile(r"^(?:\$WZRK_WR\.tr\((?P<keep>.*)\);)?\$WZRK_WR\.s\((?P<said>[^)]*)\);")


@dataclass(frozen=True)
class Said:
    """What the server told the browser."""

    guid: str
    session: int
    takes_over: bool
    number: int
    opted_out: bool | None
    keep: Json
    rejected: tuple[int, ...] = ()


@dataclass
class Browser:
    """A browser that keeps its guid and session as the SDK does, and sends by script tag."""

    http: httpx.Client
    account: str
    guid: str | None = None
    session: int | None = None
    number: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, kind: str, payload: Json, **query: object) -> httpx.Response:
        """Send a payload as it is."""
        params = {"t": 96, "type": kind, "d": compress(json.dumps(payload)), **query}
        return self.http.get(f"/a?{urlencode(params)}", headers=self.headers)

    def ask(self, kind: str, payload: Json, **query: object) -> Said:
        """Send as the SDK does, and keep what it would keep."""
        self.number += 1
        head: Json = {"id": self.account, "af": {"lib": "web-sdk-v2.5.2", "protocol": "https"}}
        if self.guid is not None:
            head["g"] = self.guid
        if self.session is not None:
            head["s"] = self.session
        answer = self.send(kind, {**payload, **head}, rn=self.number, **query)
        assert answer.status_code == 200, answer.text
        said = read_script(answer.text)
        assert said.number == self.number
        if self.guid is None or said.takes_over or said.opted_out is not None:
            self.guid = said.guid
        self.session = said.session
        return said

    def page(self, url: str = "https://shop.example/", **payload: object) -> Said:
        """Open a page."""
        return self.ask("page", {"cpg": url, "pg": 1, **payload})

    def event(self, name: str, **properties: object) -> Said:
        """Push an event."""
        return self.ask("push", {"type": "event", "evtName": name, "evtData": properties})

    def profile(self, profile: Json, **payload: object) -> Said:
        """Push a profile."""
        return self.ask("push", {"type": "profile", "profile": profile, **payload})

    def log_in_anew(self, profile: Json) -> Said:
        """Log in as somebody whom this browser has not seen: the SDK forgets its guid first."""
        self.guid = self.session = None
        return self.profile(profile, isOUL=True, rc=True)

    def ping(self) -> Said:
        """Say that the page is still there."""
        return self.ask("ping", {})


def read_script(text: str) -> Said:
    """Read a script that answers a script tag."""
    found = _CALL.match(text)
    assert found is not None, text
    guid, session, takes_over, number, *rest = json.loads(f"[{found['said']}]")
    rejected = re.search(r"/\* rejected: \[(.*)\] \*/$", text)
    return Said(
        guid,
        session,
        takes_over,
        number,
        rest[0] if rest else None,
        json.loads(found["keep"] or "{}"),
        tuple(map(int, rejected[1].split(","))) if rejected else (),
    )


class Shop:
    """An environment that browsers send to, read back with its key."""

    def __init__(self, http: httpx.Client, key: Key) -> None:
        self.http, self.key = http, key

    def browser(self) -> Browser:
        """Give a browser that was never here."""
        return Browser(self.http, self.key.account_id)

    def profile(self, **by: str) -> Json:
        """Read a profile by one id."""
        answer = self.http.get("/1/profile.json", params=by, headers=self.key.headers)
        assert answer.status_code == 200, answer.text
        record: Json = answer.json()["record"]
        return record

    def native(self, path: str, **by: str) -> Json:
        """Read over our own API."""
        answer = self.http.get(f"/v1/{path}", params=by, headers=self.key.headers)
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def events(self, **by: str) -> list[Json]:
        """Read the events of a profile, oldest first."""
        found: list[Json] = self.native("profile/events", **by)["events"]
        return found[::-1]

    def names(self, **by: str) -> list[str]:
        """Read the names of the events of a profile, oldest first."""
        return [each["name"] for each in self.events(**by)]

    def rejects(self) -> list[Json]:
        """Read what was rejected."""
        found: list[Json] = self.native("rejects")["rejects"]
        return found

    def set(self, **settings: object) -> None:
        """Change settings of the environment; servers know them a second later at most."""
        answer = self.http.patch(
            "/v1/environment/settings", json=settings, headers=self.key.headers
        )
        assert answer.status_code == 200, answer.text

    def require_signatures(self) -> str:
        """Take signed identities alone from now on, and give the secret that signs them."""
        self.set(requires_signed_identities=True)
        made = self.http.post("/v1/signing-keys", json={"label": "shop"}, headers=self.key.headers)
        assert made.status_code == 200, made.text
        secret: str = made.json()["secret"]
        return secret
