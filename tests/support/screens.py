"""Pages of the dashboard in a real browser: opened as a member, and looked at for what is wrong."""

from typing import Any

from playwright.async_api import BrowserContext, Page

from mien.domain.members import Role
from tests.support.browsers import ROOT
from tests.support.offices import Office

_AXE = ROOT / "tests/clients/node_modules/axe-core/axe.min.js"
_LOOK = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
  .filter((found) => ['serious', 'critical'].includes(found.impact))
  .flatMap((found) => found.nodes.map((node) => `${found.id}: ${node.html.slice(0, 200)}`))"""
_SHIFTS = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    if (!entry.hadRecentInput) sum += entry.value;
  })).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(sum), 100);
})"""

_TABLES = """() => [...document.querySelectorAll('.table-responsive:not(.chart-numbers *)')]
  .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.ariaLabel)"""

WIDTHS = (360, 768, 1440)
_STACKED = 768
"""Up to this width rows are blocks."""

_LOOKED_AT = (360, 1440)
"""A look takes a third of a second, and what is shown between these is shown at one of them."""


class Screen:
    """A tab in which a member of an account is signed in; what goes wrong in it is kept."""

    def __init__(self, office: Office, page: Page, token: str) -> None:
        self.office, self.page, self.token = office, page, token
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._note)

    async def open(self, path: str) -> None:
        """Open a page, and wait until it is there."""
        await self.page.goto(f"{self.office.server.url}{path}")

    async def text(self, what: str = "main") -> str:
        """Give the text that people see."""
        return await self.page.inner_text(what)

    async def faults(self) -> list[str]:
        """Look at the page that is open, light and dark, narrow and wide; give what is wrong (D-07)."""
        await self.page.evaluate(_AXE.read_text())
        found: list[str] = []
        for theme in ("light", "dark"):
            await self.page.evaluate(
                "(theme) => { document.documentElement.dataset.bsTheme = theme; }", theme
            )
            for width in WIDTHS:
                await self.page.set_viewport_size({"width": width, "height": 800})
                where = f"{theme} {width}"
                if width in _LOOKED_AT:
                    found += [f"{where} {each}" for each in await self.page.evaluate(_LOOK)]
                wide: int = await self.page.evaluate("document.documentElement.scrollWidth")
                if wide > width:
                    found.append(f"{where} scrolls sideways: {wide}")
                if width <= _STACKED:
                    cut = await self.page.evaluate(_TABLES)
                    found += [f"{where} a table scrolls sideways: {each}" for each in cut]
        return [*found, *self.problems]

    async def shift(self) -> float:
        """Give how much the page moved while it was loading."""
        moved: float = await self.page.evaluate(_SHIFTS)
        return moved

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)


async def open_screen(context: BrowserContext, office: Office, role: Role) -> Screen:
    """Open a tab in which a new member of a role is signed in."""
    token = office.sign_in(office.add(role))
    await context.add_cookies(
        [{"name": "mien_session", "value": token, "url": office.server.url, "httpOnly": True}]
    )
    return Screen(office, await context.new_page(), token)
