"""Properties and events in a real browser: found as one types, described, discarded (D-05, D-07)."""

import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")

NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture
def shop_full(office: Office) -> Office:
    office.send(
        *(
            {"type": "profile", "distinct_id": f"p{n:02}", "properties": {
                "plan": "gold" if n < 3 else NASTY, f"trait {n:02}": n, "Email": f"p{n}@example.com"}}
            for n in range(60)
        ),
        *({"type": "event", "distinct_id": f"p{n:02}", "name": "Bought",
           "properties": {"item": NASTY}} for n in range(15)),
    )  # fmt: skip
    return office


# D-05, D-07
async def test_a_property_is_found_described_and_marked(
    sign_in: OpenScreen, shop_full: Office
) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open("/live/properties")
    await expect(page.get_by_role("row")).to_have_count(1 + 50 + 1)
    await page.get_by_role("link", name="Show more").click()
    await expect(page.get_by_role("row")).to_have_count(1 + 62)
    await page.get_by_role("searchbox").fill("PLA")
    row = page.get_by_role("row", name="plan")
    await expect(page.get_by_role("row")).to_have_count(2)
    await expect(row).to_contain_text("60 100.0 %")
    assert await screen.faults() == []
    await row.get_by_role("link").click()
    await expect(page.get_by_text("60 of 60 people have it")).to_be_visible()
    await expect(page.get_by_role("row", name=NASTY)).to_contain_text("95.0 %")
    assert await screen.faults() == []
    await page.get_by_label("Description").fill("What they pay for.")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("The description is saved")
    await page.get_by_role("button", name="Mark inactive").click()
    await expect(page.get_by_role("button", name="Make active")).to_be_visible()
    await screen.open("/live/properties")
    await page.get_by_text("Add a property").click()
    await page.get_by_label("Name", exact=True).fill("tier")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("Not known yet")).to_be_visible()
    assert await screen.faults() == []


# D-05, D-07
async def test_an_event_shows_its_days_and_is_discarded_once_asked(
    sign_in: OpenScreen, shop_full: Office
) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open("/live/events")
    await expect(page.get_by_role("row", name="Bought")).to_contain_text("15 25.0 %")
    assert await screen.faults() == []
    await page.get_by_role("link", name="Bought").click()
    chart = page.get_by_role("img", name="Times done, last 30 days")
    await expect(chart).to_be_visible()
    await page.get_by_role("link", name="90 days").click()
    await expect(page.get_by_role("img", name="Times done, last 90 days")).to_be_visible()
    await page.get_by_text("Numbers", exact=True).click()
    assert await screen.faults() == []
    await page.get_by_role("button", name="Discard").click()
    await expect(page.get_by_role("dialog")).to_contain_text("rejected with code 528")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.get_by_role("button", name="Discard").click()
    await page.get_by_role("button", name="Discard it").click()
    await expect(page.get_by_role("status")).to_contain_text("rejected with code 528")
    await page.get_by_role("link", name="item").click()
    await expect(page.get_by_role("row", name=NASTY)).to_contain_text("100.0 %")
    assert await screen.faults() == []
