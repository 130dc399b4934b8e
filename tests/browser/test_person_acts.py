"""What members do on the page of a person, in a real browser (D-04, D-07, B-04, P-11)."""

import re

import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")

NASTY = "<img src=x onerror=alert(1)>\u202egnp.exe"
VALUE = "[name=value]:enabled"


@pytest.fixture
def ana(office: Office) -> str:
    """Give the objectId of Ana."""
    properties = {"Name": "Ana", "plan": "gold", "tags": ["a", "b"], "evil": NASTY, "visits": 1}
    office.send({"type": "profile", "distinct_id": "ana", "properties": properties})
    return office.object_id("ana")


# D-04, D-07, B-04: by keyboard alone
async def test_a_property_is_edited_in_its_row_and_tells_its_history(
    sign_in: OpenScreen, ana: str
) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(f"/live/people/{ana}")
    await page.get_by_label("Edit plan").press("Enter")
    value = page.locator(VALUE)
    await expect(value).to_be_focused()
    await value.fill("silver")
    await value.press("Enter")
    row = page.locator(".property", has_text="plan").first
    await expect(row).to_contain_text("silver")
    await expect(row).to_contain_text("was saved")
    await expect(page.get_by_label("Edit plan")).to_be_focused()
    await page.get_by_label("History of plan").press("Enter")
    await expect(row.locator(".values li")).to_have_count(2)
    await expect(row.locator(".values li").first).to_contain_text(
        re.compile(r"silver.*by Editor", re.DOTALL)
    )
    await page.get_by_label("Edit tags").press("Enter")
    await expect(page.locator(VALUE)).to_have_value("a\nb")
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Edit tags")).to_be_focused()


# D-04
async def test_a_property_is_added_with_a_control_for_its_type(
    sign_in: OpenScreen, ana: str
) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(f"/live/people/{ana}")
    await page.locator('[hx-target="#adding"]').click()
    await page.get_by_label("Name", exact=True).fill("joined")
    await page.get_by_label("Type").select_option("Date")
    await page.locator("input[type=date]").fill("2026-01-31")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("'joined' was saved.")
    await expect(page.locator(".property", has_text="joined")).to_contain_text("31 Jan 2026")
    await page.locator('[hx-target="#adding"]').click()
    await page.get_by_label("Name", exact=True).fill("x")
    await page.get_by_role("link", name="Cancel").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_count(0)


# D-04: two members at once
async def test_the_later_of_two_editors_is_told_in_the_row(sign_in: OpenScreen, ana: str) -> None:
    early, late = await sign_in(Role.EDITOR), await sign_in(Role.ADMIN)
    for screen in (early, late):
        await screen.open(f"/live/people/{ana}")
        await screen.page.get_by_label("Edit plan").click()
    for screen, value in ((early, "silver"), (late, "bronze")):
        await screen.page.locator(VALUE).fill(value)
        await screen.page.get_by_role("button", name="Save").click()
    alert = late.page.get_by_role("alert")
    await expect(alert).to_contain_text("Somebody changed this meanwhile. It is silver now.")
    assert await late.faults() == ["Failed to load resource: the server responded with a status of 409 (Conflict)"]  # fmt: skip
    late.problems.clear()
    await late.page.get_by_role("button", name="Save").click()
    await expect(late.page.locator(".property", has_text="bronze")).to_contain_text("was saved")


# D-04
async def test_removing_a_property_asks_once(sign_in: OpenScreen, ana: str) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(f"/live/people/{ana}")
    await page.get_by_label("Edit evil").click()
    await page.get_by_role("button", name="Remove", exact=True).click()
    dialog = page.get_by_role("dialog", name="Remove this property?")
    await expect(dialog).to_contain_text("Its history stays")
    await dialog.get_by_role("button", name="Remove it").click()
    await expect(page.get_by_role("status")).to_contain_text("'evil' was removed.")
    await expect(page.get_by_label("Edit evil")).to_have_count(0)


# D-07
async def test_nothing_is_wrong_with_how_editing_looks(sign_in: OpenScreen, ana: str) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(f"/live/people/{ana}")
    for name in ("evil", "tags", "visits"):
        await page.get_by_label(f"Edit {name}").click()
        await expect(page.get_by_label(f"Edit {name}")).to_have_count(0)
    await page.get_by_label("History of plan").click()
    await page.locator('[hx-target="#adding"]').click()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    assert await screen.faults() == []


# P-11
async def test_a_person_is_marked_as_a_test_profile(sign_in: OpenScreen, ana: str) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(f"/live/people/{ana}")
    await page.get_by_role("button", name="Mark as test").click()
    await expect(page.get_by_text("Test profile", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Unmark as test").click()
    await expect(page.get_by_text("Test profile", exact=True)).to_have_count(0)


# D-04
async def test_what_a_person_agreed_to_is_changed(
    sign_in: OpenScreen, office: Office, ana: str
) -> None:
    office.send({"type": "profile", "distinct_id": "ana", "properties": {"Email": "ana@a.org"}})
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(f"/live/people/{ana}/messages")
    channels = page.get_by_role("region", name="Channels")
    await channels.get_by_role("button", name="No", exact=True).first.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("'MSG-email' was saved")
    await expect(channels).to_contain_text("opted out")
    addresses = page.get_by_role("region", name="Addresses")
    await addresses.get_by_role("button", name="Block", exact=True).click()
    asked = page.get_by_role("dialog", name="Block this address for everybody?")
    await expect(asked).to_contain_text("ana@a.org")
    await asked.get_by_role("button", name="Block it").click()
    await expect(page.get_by_role("status")).to_contain_text("'MSG-dndEmail' was saved")
    await expect(addresses).to_contain_text("Blocked")
    assert await screen.faults() == []
