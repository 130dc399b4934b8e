"""A condition on items in a real browser: chosen, filled in and removed by keyboard, on each screen."""

import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office
from tests.web.test_builder import NEW, save
from tests.web.test_items import DEAR, SHOES, send_purchases

pytestmark = pytest.mark.asyncio(loop_scope="session")


# D-02, D-07
async def test_who_bought_what_is_asked_by_keyboard(sign_in: OpenScreen, office: Office) -> None:
    send_purchases(office)
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(NEW)
    await page.locator("#p-add").click()
    await page.locator("#p-0-kind").select_option("did")
    await page.locator("#p-0-name").fill("Charged")
    await page.locator("#p-0-filter").click()
    await expect(page.locator("#p-0-0-name")).to_be_focused()
    await page.locator("#p-0-0-told").select_option("items")
    await page.get_by_label("List of items").fill("Items")
    await page.get_by_label("Property of the item").fill("Category")
    await page.locator("#p-0-0-0-value").fill("Shoes")
    await page.get_by_role("button", name="And of the same item…").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#p-0-0-1-name")).to_be_focused()
    await page.keyboard.type("Price")
    await page.locator("#p-0-0-1-op").select_option("more_than")
    await page.locator("#p-0-0-1-value").fill("50")
    preview = page.get_by_label("Preview")
    said = '(Category is "Shoes" and Price is more than 50)'
    await expect(preview).to_contain_text(f"Items has one where {said}")
    await expect(preview).to_contain_text("1 of 2 people")
    assert await screen.faults() == []
    await page.locator("#p-0-0-0-remove").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#p-0-0-0-name")).to_have_value("Price")
    await expect(page.locator("#p-0-0-0-remove")).to_be_focused()
    await expect(preview).to_contain_text("2 of 2 people")


# S-06, B-08
async def test_the_item_that_decided_is_told(sign_in: OpenScreen, office: Office) -> None:
    send_purchases(office)
    made = save(office, {"did": "Charged", "where": [{"items": "Items", "has": [SHOES, DEAR]}]})
    screen = await sign_in(Role.VIEWER)
    await screen.open(f"/live/segments/{made}/why?who=ana")
    told = screen.page.get_by_text("Items has Category: Shoes, Price: 60")
    await expect(told).to_be_visible()
    assert await screen.faults() == []
