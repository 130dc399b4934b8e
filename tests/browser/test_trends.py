"""Trends in a real browser: asked by a form, drawn, split (D-06, D-07)."""

import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")


# D-06, D-07
async def test_a_trend_is_asked_for_split_and_mended(sign_in: OpenScreen, office: Office) -> None:
    events = [("Bought", "tea"), ("Bought", "milk"), ("Seen", "tea")]
    office.send(
        *(
            {"type": "event", "distinct_id": "ana", "name": name, "properties": {"item": item}}
            for name, item in events
        )
    )
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open("/live/trends")
    chart = page.get_by_role("img", name="Times done, last 30 days")
    await expect(chart).to_be_visible()
    await page.get_by_label("Event 2").fill("Seen")
    await page.locator("[name=measure]").select_option("People")
    await page.locator("[name=step]").select_option("Weeks")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("img", name="People, last 30 days")).to_be_visible()
    assert await screen.faults() == []
    await page.get_by_label("Event 2").fill("")
    await page.get_by_label("Split by a property").fill("item")
    await page.get_by_role("button", name="Show").click()
    await page.get_by_text("Numbers", exact=True).click()
    await expect(page.get_by_role("columnheader", name="milk")).to_be_visible()
    assert await screen.faults() == []
    async with page.expect_download() as started:
        await page.get_by_role("link", name="CSV").click()
    assert (await started.value).suggested_filename == "trend-weekly.csv"
