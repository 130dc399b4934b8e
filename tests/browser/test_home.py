"""The start in a real browser: numbers come by themselves, at every width (D-06, D-07)."""

import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")


# D-06, D-07
async def test_home_fills_itself_and_changes_its_range(sign_in: OpenScreen, office: Office) -> None:
    office.send(
        *({"type": "event", "distinct_id": f"p{n}", "name": "Bought"} for n in range(3)),
        {"type": "event", "object_id": "device-1", "name": "Seen"},
    )  # fmt: skip
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open("/live")
    await expect(page.get_by_text("people in all")).to_contain_text("4")
    await expect(page.get_by_role("img", name="New people, last 30 days")).to_be_visible()
    await expect(page.get_by_role("row", name="Bought")).to_contain_text("75.0 %")
    await expect(page.get_by_text("Up to date")).to_be_visible()
    assert await screen.faults() == []
    await page.get_by_role("link", name="7 days").click()
    await expect(page.get_by_role("img", name="New people, last 7 days")).to_be_visible()
    await page.get_by_role("link", name="Bought").click()
    await expect(page.get_by_role("heading", name="Bought", exact=True)).to_be_visible()
