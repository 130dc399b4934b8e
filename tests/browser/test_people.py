"""Finding people, and the page of one person, in a real browser (D-02, D-04, D-07)."""

import re

import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")

NASTY = "<img src=x onerror=alert(1)>\u202egnp.exe"


@pytest.fixture
def ana(office: Office) -> str:
    """Give the objectId of Ana, of whom much is known."""
    device = {"platform": "Web", "browser": "Firefox", "time_zone": "Asia/Tokyo", "country": "JP"}
    records: list[dict[str, object]] = [
        {"type": "profile", "distinct_id": "ana", "properties": {"plan": "gold"}},
        {"type": "event", "object_id": "dev-1", "name": "Looked around", "device": device},
        {"type": "profile", "distinct_id": "ana", "object_id": "dev-1", "properties": {
            "Name": "Ana", "Email": "ana@example.com", "Phone": "+14155551234", "evil": NASTY,
            "tags": ["a", "b" * 300], "long": "x" * 500, "joined": "$D_20260102"}},
        *({"type": "event", "distinct_id": "ana", "name": f"Step {number}", "at": 1_764_000_000,
           "properties": {"n": number, "evil": NASTY, "list": [{"deep": "x" * 300}]}}
          for number in range(60)),
    ]  # fmt: skip
    office.send(*records)
    return office.object_id("ana")


# D-02
async def test_people_are_found_as_one_types(sign_in: OpenScreen, ana: str) -> None:
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open("/live/people")
    await page.keyboard.type("ana@example.com")
    found = page.get_by_role("link", name="Ana")
    await expect(page.get_by_role("heading", name="Found")).to_be_visible()
    await expect(found).to_have_count(1)
    # What was typed at first is answered too.
    await expect(page).to_have_url(re.compile("q=ana(@|%40)example.com$"))
    await found.click()
    await expect(page.get_by_role("heading", name="Ana", exact=True)).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("searchbox")).to_have_value("ana@example.com")
    await expect(found).to_have_count(1)


# D-07
async def test_a_refusal_is_said_once_and_goes_once_the_same_is_taken(sign_in: OpenScreen) -> None:
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open("/live/people")
    await page.evaluate("document.querySelector('[name=q]').removeAttribute('maxlength')")
    finder, refusal = page.get_by_role("searchbox"), page.locator("#refusal .alert")
    for text in ("x" * 5_000, "y" * 5_000):
        async with page.expect_response(lambda answer: answer.status == 400):
            await finder.fill(text)
        await expect(refusal).to_have_count(1)
    await finder.fill("nobody")
    await expect(page.get_by_text("Nobody has this")).to_be_visible()
    await expect(refusal).to_have_count(0)
    assert len(screen.problems) == 2
    assert all("400" in each for each in screen.problems)
    screen.problems.clear()


async def test_nobody_is_said_and_the_other_environment_offered(
    sign_in: OpenScreen, ana: str
) -> None:
    screen = await sign_in(Role.VIEWER)
    await screen.open("/live/people")
    await screen.page.keyboard.type("nobody&co")
    await expect(screen.page.get_by_text("Nobody has this")).to_be_visible()
    # What was typed at first is answered too, on a slow machine before the rest is.
    other = screen.page.get_by_role("link", name="the test environment")
    await expect(other).to_have_attribute("href", re.compile(r"q=nobody%26co$"))
    await other.click()
    await expect(screen.page.get_by_role("searchbox")).to_have_value("nobody&co")


async def test_finding_works_on_a_slow_network_and_shows_the_last_answer(
    sign_in: OpenScreen, ana: str
) -> None:
    screen = await sign_in(Role.VIEWER)
    await screen.open("/live/people")
    session = await screen.page.context.new_cdp_session(screen.page)
    await session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 400, "downloadThroughput": -1, "uploadThroughput": -1},
    )
    await screen.page.keyboard.type("nobody", delay=100)
    for _ in "nobody":
        await screen.page.keyboard.press("Backspace")
    await screen.page.keyboard.type("ana")
    await expect(screen.page.get_by_role("heading", name="Found")).to_be_visible()
    await expect(screen.page.get_by_role("link", name="Ana")).to_have_count(1)


# D-04
async def test_the_page_of_a_person_shows_what_is_known(sign_in: OpenScreen, ana: str) -> None:
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open(f"/live/people/{ana}")
    text = await screen.text()
    for part in ("Identified", "ana@example.com", "2 Jan 2026", "JP", "Their time", "U+202E"):
        assert part in text, part
    await page.get_by_role("link", name="Activity", exact=True).click()
    await expect(page.locator(".entry")).to_have_count(50)
    await page.get_by_role("link", name="Show more").click()
    await expect(page.get_by_text("Looked around")).to_be_visible()
    await expect(page.get_by_text("before they were known", exact=True).last).to_be_visible()
    await expect(page.get_by_role("img", name="Events a day")).to_be_visible()
    await page.get_by_label("Event", exact=True).select_option("Step 7")
    await page.get_by_role("button", name="Filter").click()
    await expect(page.locator(".entry")).to_have_count(1)
    await page.go_back()
    await expect(page.locator(".entry")).to_have_count(50)
    await page.get_by_role("link", name="Changes", exact=True).click()
    await expect(page.get_by_text("Profile made")).to_be_visible()
    await page.get_by_role("link", name="Devices", exact=True).click()
    await expect(page.get_by_text("Firefox")).to_be_visible()


# D-07
@pytest.mark.parametrize("tab", ["", "/activity", "/sessions", "/changes", "/devices", "/messages"])
async def test_nothing_is_wrong_with_how_a_person_looks(
    sign_in: OpenScreen, ana: str, tab: str
) -> None:
    screen = await sign_in()
    await screen.open(f"/live/people/{ana}{tab}")
    assert await screen.shift() < 0.1
    await screen.page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
    assert await screen.faults() == []


# D-07
@pytest.mark.parametrize(
    "path", ["/live/people", "/live/people?q=ana", "/live/people?q=nobody", "/test/people"]
)
async def test_nothing_is_wrong_with_how_people_look(
    sign_in: OpenScreen, ana: str, path: str
) -> None:
    screen = await sign_in()
    await screen.open(path)
    assert await screen.shift() < 0.1
    assert await screen.faults() == []
