"""Merging two people and taking them apart, in a real browser (B-01, D-04, D-07)."""

import httpx
import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")

NASTY = "<img src=x onerror=alert(1)>\u202egnp.exe"


@pytest.fixture
def ana(office: Office) -> str:
    """Give the objectId of Ana, who may be Bo, since a record named both."""
    office.send(
        {"type": "profile", "distinct_id": "ana", "properties": {"Name": "Ana", "plan": "gold"}},
        {"type": "profile", "distinct_id": "bo", "facebook_id": "fb" * 60,
         "properties": {"Name": "Bo", "plan": NASTY, "tags": ["x" * 300]}},
        {"type": "profile", "distinct_id": "ana", "facebook_id": "fb" * 60, "properties": {"x": 1}},
    )  # fmt: skip
    return office.object_id("ana")


def merge(office: Office, one: str, other: str) -> None:
    """Merge two people by the API."""
    body = {"one": {"distinct_id": one}, "other": {"distinct_id": other}}
    url = f"{office.server.url}/v1/merges"
    httpx.post(url, json=body, headers=office.live.headers).raise_for_status()


# B-01, D-04: by keyboard alone
async def test_two_people_are_merged_by_a_preview_and_taken_apart(
    sign_in: OpenScreen, office: Office, ana: str
) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(f"/live/people/{ana}")
    await page.get_by_role("link", name="See why").press("Enter")
    await page.get_by_role("searchbox").fill("bo")
    await page.locator("#candidates").get_by_role("link", name="Preview").press("Enter")
    await expect(page.locator("main")).to_contain_text("Ana stays and takes in Bo")
    assert await screen.faults() == []
    await page.get_by_role("button", name="Merge them").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("They are one person now.")
    assert office.object_id("bo") == ana
    await page.get_by_role("link", name="Merges", exact=True).last.press("Enter")
    await page.get_by_role("button", name="Undo").press("Enter")
    await page.get_by_role("dialog").get_by_role("button", name="Undo it").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("was undone")
    assert office.object_id("bo") != ana


# D-07
async def test_nothing_is_wrong_with_how_merges_look(
    sign_in: OpenScreen, office: Office, ana: str
) -> None:
    screen = await sign_in()
    office.send({"type": "profile", "distinct_id": "cy", "properties": {}})
    merge(office, "ana", "cy")
    for path in (f"people/{ana}/merges?q=bo", f"people/{ana}", "merges", "merges/made"):
        await screen.open(f"/live/{path}")
        await expect(screen.page.locator("h1")).to_be_visible()
        assert await screen.shift() < 0.1
        assert await screen.faults() == [], path


# D-04
async def test_a_suggestion_is_dismissed(sign_in: OpenScreen, ana: str) -> None:
    screen = await sign_in(Role.EDITOR)
    await screen.open("/live/merges")
    await screen.page.get_by_role("button", name="Two people").click()
    await expect(screen.page.get_by_text("No merge is suggested")).to_be_visible()
    await screen.open("/test/merges")
    assert await screen.faults() == []
