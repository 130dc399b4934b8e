"""The live view in a real browser: rows come by themselves, and wait while it is paused (D-06, D-07)."""

import httpx
import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from mien.services.arriving import SHOWN_AT_ONCE
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")

NASTY = "<img src=x onerror=alert(1)>"


def done(person: str, name: str) -> dict[str, object]:
    return {"type": "event", "distinct_id": person, "name": name}


def send_refused(office: Office, count: int) -> None:
    """Send events that nobody did."""
    records = [{"type": "event", "name": "Hat bought"}] * count
    url, headers = f"{office.server.url}/v1/batch", office.live.headers
    httpx.post(url, json={"records": records}, headers=headers).raise_for_status()


# D-06, D-07
async def test_what_arrives_appears_by_itself_and_waits_while_paused(
    sign_in: OpenScreen, office: Office
) -> None:
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open("/live/live")
    await expect(page.get_by_role("status")).to_contain_text("appears by itself")
    await expect(page.get_by_text("Nothing came yet")).to_be_visible()
    named = {"type": "profile", "distinct_id": "ana", "properties": {"Name": NASTY}}
    office.send(named, done("ana", "Hat bought"))
    rows = page.get_by_role("list", name="What arrived").get_by_role("listitem")
    await expect(rows.filter(has_text="Hat bought")).to_contain_text(NASTY)
    assert await screen.faults() == []
    before = await rows.count()
    await page.get_by_role("button", name="Pause").click()
    office.send(done("ana", "Shoe bought"))
    await expect(page.get_by_role("status")).to_contain_text("Paused: 1 new")
    await expect(rows).to_have_count(before)
    await page.get_by_role("button", name="Go on").click()
    await expect(rows.first).to_contain_text("Shoe bought")
    await expect(rows).to_have_count(before + 1)
    await page.get_by_role("searchbox").fill("hat")
    await page.get_by_role("button", name="Show").click()
    await expect(rows).to_have_count(1)
    await rows.first.get_by_role("link").click()
    await expect(page.get_by_role("heading", name=NASTY)).to_be_visible()


# D-06
async def test_what_a_stream_tells_first_leaves_the_newest_on_top(
    sign_in: OpenScreen, office: Office
) -> None:
    send_refused(office, SHOWN_AT_ONCE)
    office.send(*(done(f"person {nth}", "Hat bought") for nth in range(SHOWN_AT_ONCE)))
    screen = await sign_in(Role.VIEWER)
    await screen.open("/live/live")
    await expect(screen.page.get_by_role("status")).to_contain_text("appears by itself")
    office.send(done("ana", "Shoe bought"))
    rows = screen.page.locator(".live-list > li")
    await expect(rows.filter(has_text="Shoe bought")).to_be_visible()
    kinds = await rows.evaluate_all("all => all.map((each) => each.className.split('is-')[1])")
    assert len(kinds) == 3 * SHOWN_AT_ONCE + 2, "with somebody who came to be, and what they did"
    assert set(kinds[-SHOWN_AT_ONCE:]) == {"reject"}, "what came first is the last of all"
    assert "reject" not in kinds[:-SHOWN_AT_ONCE]


# D-01, D-06
async def test_a_view_whose_session_ends_says_so(sign_in: OpenScreen, office: Office) -> None:
    screen = await sign_in(Role.VIEWER)
    await screen.open("/live/live")
    await expect(screen.page.get_by_role("status")).to_contain_text("appears by itself")
    office.end_session(screen.token)
    await expect(screen.page.get_by_role("status")).to_contain_text(
        "Your session has ended", timeout=15_000
    )
    assert screen.problems == []
