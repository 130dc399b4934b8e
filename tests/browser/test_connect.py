"""Connecting in a real browser: ways in, a key on the spot, and the event that arrives (I-27, D-07)."""

import asyncio

import httpx
import pytest
from playwright.async_api import Browser, expect

from mien.domain.members import Role
from mien.web.snippets import Place, snippets
from tests.browser.conftest import OpenScreen
from tests.support.browsers import HOST, SDK
from tests.support.offices import Office
from tests.support.tls import open_doors

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def open_with(chrome: Browser, way: str, office: Office) -> str:
    """Open a page of a shop that has the lines of a way in; give the name that arrives."""
    with open_doors() as opened:
        server = f"https://127.0.0.1:{opened.relay_to(office.server.port)}"
        place = Place(server, office.live.account_id)
        [code] = [each.lines for each in snippets(place) if each.key == way]
        body = f'<!doctype html><html><head><link rel="icon" href="data:,">{code}</head></html>'
        site = opened.site(
            {
                "/": ("text/html", body.encode()),
                "/js/clevertap.min.js": ("text/javascript", SDK.read_bytes()),
            }
        )
        context = await chrome.new_context(ignore_https_errors=True)
        page = await context.new_page()
        await page.goto(f"https://{HOST}:{site}/")
        name = await name_of(office, "ana")
        await context.close()
        return name


async def name_of(office: Office, distinct_id: str) -> str:
    """Give the name of a person, once there is one."""
    url, asked = f"{office.server.url}/v1/profile", {"distinct_id": distinct_id}
    async with httpx.AsyncClient(headers=office.live.headers) as http:
        for _ in range(100):
            answer = await http.get(url, params=asked)
            if answer.status_code == 200 and "Connected" in answer.text:
                name: str = answer.json()["properties"]["Name"]
                return name
            await asyncio.sleep(0.1)
    msg = f"{distinct_id} did not arrive"
    raise AssertionError(msg)


# I-27, D-07
async def test_one_chooses_a_way_makes_a_key_and_sees_the_event_arrive(
    sign_in: OpenScreen, office: Office
) -> None:
    screen = await sign_in()
    page = screen.page
    await screen.open("/live/connect")
    assert await screen.shift() < 0.1
    assert await screen.faults() == []
    await page.get_by_role("radio", name="curl").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_text("from mien_client import")).to_be_visible()
    await expect(page.get_by_text("curl -u")).to_be_hidden()
    await page.get_by_role("region", name="Python").get_by_role("button", name="Make a key").click()
    lines = page.get_by_role("region", name="Python").locator("pre")
    await expect(lines).not_to_contain_text("YOUR_PASSCODE")
    await expect(page.get_by_text("Waiting for your first event")).to_be_visible()
    office.send({"type": "event", "distinct_id": "ana", "name": "<b>Hat</b> bought"})
    await expect(page.get_by_text("It arrived.")).to_be_visible()
    await expect(page.get_by_text("<b>Hat</b> bought of ana")).to_be_visible()
    assert await screen.faults() == []
    await page.get_by_role("link", name="ana", exact=True).click()
    await expect(page.get_by_role("heading", name="ana", exact=True)).to_be_visible()


# I-27
@pytest.mark.parametrize("way", ["web", "clevertap-web"])
async def test_the_lines_of_the_web_sdks_work_in_a_page(
    chrome: Browser, office: Office, way: str
) -> None:
    assert await open_with(chrome, way, office) == "Ana Silva"


# D-07
async def test_a_viewer_is_told_who_makes_keys(sign_in: OpenScreen) -> None:
    screen = await sign_in(Role.VIEWER)
    await screen.open("/test/connect?with=clevertap-api")
    await expect(
        screen.page.get_by_text("an admin of the account can make one").first
    ).to_have_count(1)
    await expect(screen.page.get_by_role("button", name="Make a key")).to_have_count(0)
    assert await screen.faults() == []


# I-27, W-09, D-07
async def test_help_is_a_click_away_and_has_no_fault(sign_in: OpenScreen) -> None:
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open("/live/connect")
    await page.get_by_role("link", name="Help: curl").click()
    await expect(page.locator("#api")).to_be_in_viewport()
    await page.get_by_text("Lines to copy").first.click()
    await expect(page.get_by_text("curl -u").first).to_be_visible()
    assert await screen.faults() == []
    await page.goto(f"{screen.office.server.url}/live/help#field-Phone")
    await expect(page.locator("#field-Phone")).to_be_in_viewport()
