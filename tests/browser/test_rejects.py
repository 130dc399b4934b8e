"""Refused records in a real browser: looked at, mended, replayed (U-23, D-06, D-07)."""

import httpx
import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")

NASTY = "<img src=x onerror=alert(1)>"


def refuse(office: Office, count: int = 3) -> None:
    """Send profiles that are refused."""
    records = [
        {"type": "profile", "distinct_id": f"p{n}", "properties": {"Email": NASTY}}
        for n in range(count)
    ]
    httpx.post(
        f"{office.server.url}/v1/batch", json={"records": records}, headers=office.live.headers
    ).raise_for_status()


# U-23, D-06, D-07
async def test_a_refused_record_is_found_mended_and_replayed(
    sign_in: OpenScreen, office: Office
) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open("/live/rejects")
    await expect(page.get_by_text("Nothing was refused")).to_be_visible()
    assert await screen.faults() == []
    refuse(office)
    await screen.open("/live/rejects")
    await expect(page.get_by_role("img", name="Refused, last 30 days")).to_be_visible()
    await page.get_by_text("The record").first.click()
    await expect(page.get_by_text(NASTY).first).to_be_visible()
    assert await screen.faults() == []
    await page.get_by_role("link", name="515: Email is not an address.").click()
    await expect(page.get_by_role("row")).to_have_count(1 + 3)
    await page.get_by_role("row").nth(1).get_by_role("link").first.click()
    assert await screen.faults() == []
    box = page.get_by_label("As it came")
    await box.fill((await box.input_value()).replace(NASTY, "ana@example.com"))
    await page.get_by_role("button", name="Replay").click()
    await expect(page.get_by_role("status")).to_contain_text("The record is applied")
    await screen.open("/live/rejects?code=515")
    await expect(page.get_by_text("Applied", exact=True)).to_have_count(1)
    refuse(office, 199)
    await page.get_by_role("button", name="Replay all").click()
    await page.get_by_role("button", name="Replay", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("0 applied; 201 refused again.")
    assert page.url.endswith("/live/rejects?code=515")
