"""Saved segments in a real browser: sizes come as one looks, members page by page (D-06, D-07)."""

import httpx
import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def gold(office: Office) -> str:
    """Give the id of a segment with thirty people in it, of forty."""
    office.send(
        *(
            {"type": "profile", "distinct_id": f"p{n:02}", "properties": {"Name": f"Person {n}",
             "plan": "gold" if n < 30 else "free"}}
            for n in range(40)
        )
    )  # fmt: skip
    answer = httpx.post(
        f"{office.server.url}/v1/segments",
        json={
            "name": "Gold members",
            "description": "Who pays for the best plan.",
            "tree": {"property": "plan", "op": "equals", "value": "gold"},
        },
        headers=office.live.headers,
    ).raise_for_status()
    made: str = answer.json()["id"]
    return made


# D-06, D-07
async def test_a_segment_is_opened_from_the_list_and_paged(sign_in: OpenScreen, gold: str) -> None:
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open("/live/segments")
    row = page.get_by_role("row", name="Gold members")
    await expect(row).to_contain_text("30")
    await expect(row).to_contain_text("75.0 %")
    assert await screen.faults() == []
    await row.get_by_role("link").click()
    await expect(page.get_by_text('People whose plan is "gold".')).to_be_visible()
    await expect(page.get_by_role("row")).to_have_count(1 + 25 + 1)
    await page.get_by_role("link", name="Show more").click()
    await expect(page.get_by_role("row")).to_have_count(1 + 30)
    assert await screen.faults() == []
    await page.get_by_role("link", name="Person 29").click()
    await expect(page.get_by_role("heading", name="Person 29", exact=True)).to_be_visible()
