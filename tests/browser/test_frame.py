"""The frame of the dashboard in a real browser: signing in, the two environments, themes (D-01, D-07)."""

import re

import pytest
from playwright.async_api import Browser, expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import PASSWORD, Office

pytestmark = pytest.mark.asyncio(loop_scope="session")


# D-01
async def test_a_newcomer_signs_in_by_keyboard_alone(chrome: Browser, office: Office) -> None:
    member = office.add(Role.EDITOR, is_once=True)
    context = await chrome.new_context()
    page = await context.new_page()
    await page.goto(office.server.url)
    await page.keyboard.type(member.email)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Choose your password")).to_be_visible()
    for _ in range(2):
        await page.keyboard.type("kettle harbour violet")
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    await expect(page.get_by_role("status")).to_contain_text("Your password is set.")
    await page.reload()
    await expect(page.get_by_role("status")).to_have_count(0)
    await context.close()


# D-01
async def test_the_tabs_lead_to_the_other_environment(sign_in: OpenScreen, office: Office) -> None:
    office.send({"type": "event", "distinct_id": "ana", "name": "Hat bought"})
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open("/live")
    assert "Hat bought" in await screen.text()
    await page.get_by_role("link", name="Test", exact=True).click()
    await expect(page).to_have_url(re.compile("/test$"))
    await expect(page.get_by_text("Test environment: nothing here is live")).to_be_visible()
    assert "Hat bought" not in await screen.text()
    await page.go_back()
    await expect(page.get_by_text("Hat bought")).to_be_visible()


async def test_an_ended_session_leads_back_to_where_one_was(
    sign_in: OpenScreen, office: Office
) -> None:
    screen = await sign_in()
    await screen.open("/test")
    office.end_session(screen.token)
    await screen.page.get_by_role("button", name="Sign out").click()
    await expect(screen.page.get_by_text("Your session has ended.")).to_be_visible()
    member = office.add(Role.VIEWER)
    await screen.page.get_by_label("E-mail").fill(member.email)
    await screen.page.get_by_label("Password").fill(PASSWORD)
    await screen.page.get_by_role("button", name="Sign in").click()
    await expect(screen.page).to_have_url(re.compile("/test$"))


# D-07
async def test_the_theme_follows_the_system_until_one_chooses(sign_in: OpenScreen) -> None:
    screen = await sign_in(color_scheme="dark")
    await screen.open("/live")
    root = screen.page.locator("html")
    await expect(root).to_have_attribute("data-bs-theme", "dark")
    await screen.page.get_by_role("button", name="Light or dark").click()
    await expect(root).to_have_attribute("data-bs-theme", "light")
    await screen.open("/test")
    await expect(root).to_have_attribute("data-bs-theme", "light")


# D-07
async def test_the_navigation_opens_on_a_narrow_screen(sign_in: OpenScreen) -> None:
    screen = await sign_in(viewport={"width": 360, "height": 700})
    await screen.open("/live")
    home = screen.page.get_by_role("link", name="Home")
    await expect(home).to_be_hidden()
    await screen.page.get_by_role("button", name="Navigation").click()
    await expect(home).to_be_visible()


# D-07
@pytest.mark.parametrize("path", ["/live", "/test", "/password"])
async def test_nothing_is_wrong_with_how_it_looks(
    sign_in: OpenScreen, office: Office, path: str
) -> None:
    office.send(
        {"type": "event", "distinct_id": "ana", "name": "Hat bought"},
    )
    screen = await sign_in()
    await screen.open(path)
    assert await screen.shift() < 0.1
    assert await screen.faults() == []


# D-07
async def test_nothing_is_wrong_with_the_page_of_signing_in(
    sign_in: OpenScreen, office: Office
) -> None:
    screen = await sign_in()
    office.end_session(screen.token)
    await screen.open("/live")
    assert await screen.faults() == []


# D-07
async def test_a_page_works_without_scripts(sign_in: OpenScreen, office: Office) -> None:
    office.send({"type": "event", "distinct_id": "ana", "name": "Hat bought"})
    screen = await sign_in(java_script_enabled=False)
    await screen.open("/live")
    assert "Hat bought" in await screen.text()
    await screen.page.get_by_role("button", name="Sign out").click()
    await expect(screen.page.get_by_role("heading", name="Sign in")).to_be_visible()
