"""One request of a signed-in member: who, where, and what pages are made with."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from litestar import MediaType, Request, Response

from mien import clock
from mien.domain.errors import InvalidInputError
from mien.domain.ids import EnvironmentId
from mien.domain.members import Act, Role
from mien.domain.moments import day_at
from mien.services import audit
from mien.services.cursors import open_cursor, seal
from mien.services.retrying import Also, write_retried, write_together
from mien.services.signing_in import SignedIn
from mien.store.accounts import Environment
from mien.store.engine import Transaction
from mien.store.members import Member
from mien.web import cookies, frame
from mien.web.frame import HELP, LINKS, Link, lead_to
from mien.web.state import Dashboard
from mien.web.texts import Zone

T = TypeVar("T")

_BELOW = {"erasures": "people"}
"""Pages that have no link of their own, and those that lead to them."""


class Flash(msgspec.Struct, frozen=True, array_like=True):
    """A word about what was done, shown once on the next page."""

    kind: str
    text: str


class Note(msgspec.Struct, frozen=True):
    """What the audit log keeps of an act: what it was done to, and more of it."""

    act: Act
    subject: str = ""
    details: Mapping[str, str] = {}


Says: TypeAlias = Callable[[Any], Note | None]
"""Says what to note of an act, from what its transaction gave; None for nothing."""


class Visit:
    """A request whose member is known and may be here; made by `web.gate`."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        dashboard: Dashboard,
        signed_in: SignedIn,
        environment: Environment,
    ) -> None:
        self.request, self.dashboard, self.environment = request, dashboard, environment
        self.signed_in = signed_in
        self.now_ms = clock.now_ms()
        self.zone = ZoneInfo(environment.time_zone)
        self.times = Zone(self.zone, now_ms=self.now_ms)
        self.flash = self._read_flash()

    @property
    def member(self) -> Member:
        """Who is here."""
        return self.signed_in.member

    @property
    def account_name(self) -> str:
        """What people call the account."""
        return self.signed_in.account.name

    @property
    def kind(self) -> str:
        """`live` or `test`."""
        return self.environment.kind

    @property
    def environment_id(self) -> EnvironmentId:
        """The number of the environment that is looked at."""
        return self.environment.environment_id

    @property
    def source(self) -> str:
        """How changes name who made them."""
        return self.member.source

    @property
    def address(self) -> str:
        """Where the member's browser found this server, for lines to copy."""
        scheme = "https" if cookies.is_secure(self.request) else "http"
        return f"{scheme}://{self.request.base_url.netloc}"

    @property
    def token(self) -> str:
        """What a form has to send along: no other site can know it."""
        key = self.dashboard.signing_key
        return hmac.digest(key, b"form\n" + self.signed_in.session, hashlib.sha256).hex()[:32]

    @property
    def is_fragment(self) -> bool:
        """Does the page that is there already ask for a part of itself?"""
        return "hx-request" in self.request.headers

    @property
    def links(self) -> list[Link]:
        """The navigation, as far as the member may go."""
        return [each for each in LINKS if self.member.role.includes(each.needs)]

    @property
    def section(self) -> str:
        """Which link of the navigation this page is below."""
        parts = self.request.scope["path"].split("/", 3)
        here = parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - /live/people: the second part
        here = _BELOW.get(here, here)
        return here if here == HELP or any(each.path == here for each in LINKS) else ""

    def may(self, role: str) -> bool:
        """Tell whether the member may do what needs a role."""
        return self.member.role.includes(Role(role))

    @property
    def here(self) -> str:
        """The address of what is asked for, to ask for it again."""
        query = self.request.scope["query_string"].decode("latin-1")
        path: str = self.request.scope["path"]
        return f"{path}?{query}" if query else path

    def last_days(self, count: int) -> list[date]:
        """Give the last days in the account's time zone, of which today is the last."""
        today = day_at(self.now_ms // 1_000, self.zone)
        return [today - timedelta(days=each) for each in reversed(range(count))]

    def url(self, path: str = "", *, kind: str = "") -> str:
        """Give the address of a page of this environment, or of the one that is named."""
        return f"/{kind or self.kind}/{path}".rstrip("/")

    async def run(self, work: Callable[[], T]) -> T:
        """Run work on the store that takes milliseconds, off the event loop."""
        return await self.dashboard.run_long(work)

    async def ask(self, work: Callable[[], T]) -> T:
        """Run questions about many people; they are stopped when the browser drops the request."""
        return await self.dashboard.run_awaited(work, self.request.receive)

    async def do(self, work: Callable[[], T], says: Says) -> T:
        """Run an act, and keep in the audit log what it did, in the transaction that does it.

        `says` is given what that transaction gave; it says nothing of what changed nothing.
        """
        return await self.run(lambda: write_together(work, self.noting(says)))

    def noting(self, says: Says) -> Also:
        """Give what keeps in the audit log what the member did here, in the transaction of the act."""

        def also(tx: Transaction, done: object) -> bool:
            if (said := says(done)) is None:
                return False
            self._keep(tx, said)
            return True

        return also

    async def note(self, act: Act, *, subject: str = "", details: Mapping[str, str] = {}) -> None:
        """Keep in the audit log what the member did here, when that is no one transaction."""
        said = Note(act, subject, details)
        await self.run(lambda: write_retried(self.dashboard.store, lambda tx: self._keep(tx, said)))

    async def form(self) -> dict[str, str]:
        """Give the fields of the form that was sent; of several with one name the last."""
        found = await self.request.form()
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def page(
        self, template: str, *, block: str | None = None, status: int = 200, **context: Any
    ) -> Response[bytes]:
        """Draw a page, or `block` of it when the page that is there asks for a part.

        A part that is asked for by itself, since nothing runs scripts, stands in a frame.
        """
        context |= {"visit": self, "assets": self.dashboard.assets}
        if self.is_fragment:
            body = frame.draw(template, block, **context)
        elif frame.is_part(template):
            body = frame.draw("part.html", None, part=template, **context)
        else:
            body = frame.draw(template, None, **context)
        response = Response(body, status_code=status, media_type=MediaType.HTML)
        if cookies.FLASH in self.request.cookies:
            cookies.drop_flash(self.request, response)
        return response

    def back(self, path: str, said: str, *, kind: str = "success") -> Response[Any]:
        """End an act: lead to a page, which says what became of it."""
        response: Response[Any] = lead_to(path)
        if self.is_fragment:
            # A part of a page cannot become another page by itself.
            response = Response(b"", headers={"HX-Redirect": path})
        cookies.keep_flash(self.request, response, self.seal(self._flash, Flash(kind, said)))
        return response

    def seal(self, purpose: str, payload: object) -> str:
        """Write where a next page begins so that nobody can change it."""
        return seal(self.dashboard.signing_key, self.environment_id, purpose, payload)

    def unseal(self, purpose: str, text: str, kind: type[T]) -> T:
        """Read what `seal` wrote, or raise `InvalidCursorError`."""
        return open_cursor(self.dashboard.signing_key, self.environment_id, purpose, text, kind)

    @property
    def _flash(self) -> str:
        return f"flash {self.signed_in.session.hex()}"

    def _keep(self, tx: Transaction, said: Note) -> None:
        audit.note(
            tx,
            self.member.account_id,
            said.act,
            by=self.member,
            subject=said.subject,
            environment=self.environment_id,
            details=said.details,
        )

    def _read_flash(self) -> Flash | None:
        text = self.request.cookies.get(cookies.FLASH, "")
        try:
            return self.unseal(self._flash, text, Flash) if text else None
        except InvalidInputError:
            return None
