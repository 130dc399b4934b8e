"""The list of everyone in a real browser: sorted, filtered, paged and found by name (D-02, D-03, D-07)."""

import re

import httpx
import pytest
from playwright.async_api import Page, expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")

NASTY = "<img src=x onerror=alert(1)>\u202egnp.exe"
FIRST, LAST = ("Ana", "Bo", "Chloé", "Dev"), ("Silva", "O'Hara", "Nguyễn", "Smith-Jones")


@pytest.fixture
def people(office: Office) -> Office:
    """Give an account with thirty people."""
    office.send(
        *(
            {"type": "profile", "distinct_id": f"user-{n:02}", "properties": {
                "Name": f"{FIRST[n % 4]} {LAST[n // 4 % 4]}", "plan": ("free", "gold")[n % 2],
                "Email": f"user{n}@example.com", "tags": ["new", "b" * 60], "note": "long " * 60}}
            for n in range(29)
        ),
        {"type": "profile", "object_id": "dev-1", "properties": {"Name": NASTY}},
        {"type": "profile", "distinct_id": "user-03", "properties": {"MSG-disabled": True}},
        {"type": "profile", "distinct_id": "user-05", "properties": {"ct_is_test_user": "Yes"}},
        *({"type": "event", "distinct_id": f"user-{n:02}", "name": "Seen", "at": 1_764_000_000 + n * 9_000}
          for n in range(29)),
    )  # fmt: skip
    for name in ("plan", "tags", "note"):
        httpx.patch(
            f"{office.server.url}/v1/definitions/properties",
            params={"name": name},
            json={"in_table": True},
            headers=office.live.headers,
        ).raise_for_status()
    return office


async def names(page: Page) -> list[str]:
    """Give the names that are listed."""
    return await page.locator("tbody td:first-child").all_inner_texts()


# D-03
async def test_everyone_is_sorted_filtered_and_paged_and_the_way_back_shows_the_same(
    sign_in: OpenScreen, people: Office
) -> None:
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open("/live/people")
    await expect(page.locator(".list-count")).to_have_text("30")
    await page.get_by_role("link", name="Name", exact=True).click()
    await expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Name")
    first = await names(page)
    assert len(first) == 25
    assert first[1:] == sorted(first[1:], key=str.lower)
    await page.get_by_role("link", name="Next page").click()
    await expect(page.locator("tbody tr")).to_have_count(5)
    await page.go_back()
    await expect(page.locator("tbody tr")).to_have_count(25)
    assert await names(page) == first
    await page.get_by_label("Enabled or disabled").select_option("Disabled")
    await page.get_by_role("button", name="Filter").press("Enter")
    await expect(page.locator("tbody tr")).to_have_count(1)
    await expect(page.locator(".list-count")).to_have_text("1 of 30")
    await expect(page).to_have_url(re.compile("state=disabled.*sort=name"))
    await page.get_by_role("link", name="Show all").click()
    await expect(page.locator("tbody tr")).to_have_count(25)


# D-02
async def test_names_are_found_as_one_types_by_keyboard_alone(
    sign_in: OpenScreen, people: Office
) -> None:
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open("/live/people")
    await page.keyboard.type("chloe ng")
    await expect(page.get_by_role("heading", name="Found")).to_be_visible()
    await expect(page.locator("tbody tr")).to_have_count(2)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Chloé Nguyễn", exact=True)).to_be_visible()


# D-03, D-07
@pytest.mark.parametrize(
    "path",
    ["/live/people", "/live/people?q=ana", "/live/people?type=anonymous&state=disabled"],
)
async def test_nothing_is_wrong_with_how_lists_look(
    sign_in: OpenScreen, people: Office, path: str
) -> None:
    screen = await sign_in()
    await screen.open(path)
    assert await screen.shift() < 0.1
    assert await screen.faults() == []


# D-03
async def test_editors_choose_columns_in_a_dialog(sign_in: OpenScreen, people: Office) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open("/live/people")
    head = page.locator("thead")
    await expect(head).to_contain_text("plan")
    await page.get_by_role("button", name="Columns").press("Enter")
    await page.get_by_role("button", name="Take out plan").click()
    await expect(page.get_by_text("plan is no column any more.")).to_be_visible()
    await expect(head).not_to_contain_text("plan")
    await page.get_by_role("button", name="Columns").click()
    await page.get_by_label("A property to add").fill("plan")
    await expect(page.locator("#columns-list option").first).to_have_attribute("value", "plan")
    assert await screen.faults() == []
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(head).to_contain_text("plan")
