"""Settings in a real browser: forms, confirmations, secrets that are shown once (D-01, D-06, D-07)."""

import re

import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")

TABS = ("", "/members", "/keys", "/identities", "/mappings", "/sdks", "/limits", "/audit")


# D-06, D-07
async def test_nothing_is_wrong_with_how_the_tabs_look(sign_in: OpenScreen, office: Office) -> None:
    office.add(Role.EDITOR, name="Zoë \u202egnitekram <b>bold</b>")
    screen = await sign_in()
    for tab in TABS:
        await screen.open(f"/live/settings{tab}")
        assert await screen.faults() == [], tab


# D-07
async def test_what_a_viewer_sees_of_the_settings_has_no_fault(sign_in: OpenScreen) -> None:
    screen = await sign_in(Role.VIEWER)
    await screen.open("/test/settings/identities")
    await expect(screen.page.get_by_role("button", name=re.compile("Save"))).to_have_count(0)
    await expect(screen.page.get_by_label("Merges in one call")).to_be_disabled()
    assert await screen.faults() == []


# D-01
async def test_a_member_is_added_and_removed(sign_in: OpenScreen, office: Office) -> None:
    screen = await sign_in(permissions=["clipboard-read", "clipboard-write"])
    page = screen.page
    await screen.open("/live/settings/members")
    await page.get_by_label("Name").fill("Zoë")
    await page.get_by_label("E-mail").fill(f"zoe{office.account.account.account_id}@example.com")
    await page.get_by_label("Role", exact=True).select_option("editor")
    await page.get_by_role("button", name="Add").click()
    shown = page.get_by_role("status").filter(has_text="A first password for Zoë")
    await shown.get_by_role("button", name="Copy the password").click()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied in await shown.inner_text()
    assert await screen.faults() == []
    row = page.get_by_role("row", name="Zoë")
    await row.get_by_label("Role of Zoë").select_option("viewer")
    await row.get_by_role("button", name="Change").click()
    await expect(page.get_by_text("Zoë is now a viewer")).to_be_visible()
    await row.get_by_role("button", name="Remove").click()
    dialog = page.get_by_role("dialog", name="Remove this member?")
    await expect(dialog).to_contain_text("can no longer sign in")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(row).to_have_count(1)
    await row.get_by_role("button", name="Remove").click()
    await dialog.get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("Zoë is no longer a member")).to_be_visible()
    await expect(row).to_have_count(0)


# D-06
async def test_a_key_is_made_and_revoked(sign_in: OpenScreen) -> None:
    screen = await sign_in()
    page = screen.page
    await screen.open("/test/settings/keys")
    await page.get_by_label("What the new key is for").fill("shop backend")
    await page.get_by_role("button", name="Make a key").click()
    await expect(page.get_by_text("It is shown this once")).to_be_visible()
    row = page.get_by_role("row", name="shop backend")
    await row.get_by_role("button", name="Revoke").click()
    dialog = page.get_by_role("dialog", name="Revoke this key?")
    await expect(dialog).to_contain_text("in the test environment is refused within a second")
    await dialog.get_by_role("button", name="Revoke").click()
    await expect(row).to_contain_text("Revoked just now")


# D-06
async def test_a_session_that_ends_while_one_edits_saves_nothing_and_says_so(
    sign_in: OpenScreen, office: Office
) -> None:
    screen = await sign_in()
    page = screen.page
    await screen.open("/live/settings/identities")
    await page.get_by_label("Merges in one call").fill("7")
    office.end_session(screen.token)
    await page.get_by_role("button", name="Save the rules").click()
    await expect(page.get_by_text("What you sent last was not saved.")).to_be_visible()
    assert "next=/live/settings/identities" in page.url
