"""Taking a person along and away, in a real browser (P-15, P-16, B-07, D-04, D-07)."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def ana(office: Office) -> str:
    """Give the objectId of Ana."""
    office.send(
        {"type": "profile", "distinct_id": "ana", "properties": {"Name": "Ana"}},
        {"type": "event", "distinct_id": "ana", "name": "Hat bought"},
    )
    return office.object_id("ana")


# P-15, P-16, B-07, D-07
async def test_a_person_is_downloaded_and_erased_with_a_receipt(
    sign_in: OpenScreen, ana: str, tmp_path: Path
) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(f"/live/people/{ana}")
    async with page.expect_download() as started:
        await page.get_by_role("button", name="Download").click()
    file = tmp_path / "ana.json"
    await (await started.value).save_as(file)
    assert json.loads(file.read_text())["profile"]["distinct_id"] == "ana"
    await page.get_by_role("link", name="Erase…").press("Enter")
    assert await screen.faults() == []
    typed = page.get_by_label("to confirm")
    await typed.fill("ana")
    await typed.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("The person was erased")
    await expect(page.get_by_role("region", name="What was removed")).to_contain_text("Events.")
    assert await screen.faults() == []
    await page.get_by_role("link", name="All erasures").click()
    await expect(page.get_by_role("region", name="Erasures")).to_contain_text(ana)
    assert await screen.faults() == []


# P-15
async def test_an_erasure_that_waits_is_cancelled(sign_in: OpenScreen, ana: str) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(f"/live/people/{ana}/erase")
    await page.get_by_label("When").select_option("After 7 days")
    await page.get_by_label("to confirm").fill(ana)
    await page.get_by_role("button", name="Erase for ever").click()
    await page.get_by_role("button", name="Cancel the erasure").click()
    await page.get_by_role("button", name="Keep the person").click()
    await expect(page.get_by_role("status")).to_contain_text("this person stays")
    await expect(page.get_by_role("heading", name="Ana", exact=True)).to_be_visible()
