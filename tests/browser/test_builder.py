"""The segment builder in a real browser: a segment from nothing by keyboard alone, and what may go wrong."""

import asyncio

import pytest
from playwright.async_api import Dialog, Page, Route, expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office
from tests.web.test_builder import EVERYTHING, GOLD, save, stored

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEW = "/live/segments/new"


@pytest.fixture
def shop(office: Office) -> Office:
    """Give an office with forty people, of whom thirty have the gold plan."""
    office.send(
        *(
            {"type": "profile", "distinct_id": f"p{n:02}", "properties": {
                "Name": f"Person {n}", "plan": "gold" if n < 30 else "free", "points": n}}
            for n in range(40)
        )
    )  # fmt: skip
    return office


async def focused(page: Page) -> str:
    found: str = await page.evaluate("document.activeElement.id")
    return found


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def add(page: Page, name: str, value: str, *, known_by: str) -> None:
    """Add a condition on a property by keyboard; `known_by` is the field that tells its type."""
    place = await page.locator(".part").count()
    await page.locator("#p-add").focus()
    await press(page, "Enter")
    await expect(page.locator(f"#p-{place}-kind")).to_be_focused()
    await press(page, "Tab")
    await page.keyboard.type(name)
    await press(page, "Tab")
    await expect(page.locator(f"#p-{place}-op")).to_have_value(known_by)
    await expect(page.locator(f"select#p-{place}-type")).to_have_count(0)
    await expect(page.locator(f"#p-{place}-op")).to_be_focused()
    await press(page, "Tab")
    await page.keyboard.type(value)


# D-02, D-07
async def test_a_segment_is_built_and_saved_by_keyboard_alone(
    sign_in: OpenScreen, shop: Office
) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open("/live/segments")
    await page.get_by_role("link", name="Build a segment").focus()
    await press(page, "Enter")
    preview = page.get_by_label("Preview")
    await expect(preview).to_contain_text("40 of 40 people")
    await add(page, "plan", "gold", known_by="equals")
    await expect(preview).to_contain_text('People whose plan is "gold".')
    await expect(preview).to_contain_text("30 of 40 people, 75.0 %")
    await expect(page.locator("#p-0-value")).to_be_focused()
    await expect(page.get_by_role("link", name="Person 4")).to_be_visible()
    await page.locator("#p-0-nots").focus()
    await press(page, "Space")
    await expect(preview).to_contain_text("10 of 40 people")
    assert await focused(page) == "p-0-nots"
    assert await screen.faults() == []
    await page.get_by_label("Name", exact=True).fill("No gold")
    await press(page, "Tab", "Tab", "Enter")
    await expect(page.get_by_role("status")).to_contain_text("The segment No gold is saved.")
    await expect(page.locator(".count")).to_contain_text("10 of 40 people")
    assert stored(shop, page.url.rpartition("/")[2])["tree"] == {"not": GOLD}
    await page.go_back()
    await expect(page.get_by_role("heading", name="New segment")).to_be_visible()


# D-02, D-07
async def test_parts_are_moved_grouped_and_removed_and_the_keyboard_stays(
    sign_in: OpenScreen, shop: Office
) -> None:
    made = save(shop, {"all": [GOLD, {"property": "points", "op": "at_least", "value": 20}]})
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(f"/live/segments/{made}/edit")
    preview = page.get_by_label("Preview")
    await expect(preview).to_contain_text("10 of 40 people, 25.0 %")
    await page.locator("#p-0-nots").check()
    await expect(preview).to_contain_text("(other than people whose plan is")
    await page.locator("#p-1-more").focus()
    await press(page, "Enter", "Tab", "Enter")
    await expect(page.locator("#p-0-name")).to_have_value("points")
    await expect(page.locator("#p-1-name")).to_have_value("plan")
    await expect(page.locator("#p-1-op")).to_have_value("equals")
    await expect(page.locator("#p-1-nots")).to_be_checked()
    await expect(page.locator("#p-0-nots")).not_to_be_checked()
    assert await focused(page) == "p-0-more"
    await page.locator("#p-1-more").click()
    await page.locator("#p-1-wrap").click()
    await expect(page.locator("#p-1-0-name")).to_have_value("plan")
    assert await focused(page) == "p-1-kind"
    await page.locator("#p-0-remove").focus()
    await press(page, "Enter")
    await expect(page.locator("#p-0-0-name")).to_have_value("plan")
    await expect(page.locator("#p-1")).to_have_count(0)
    assert await focused(page) == "p-0-remove"
    await expect(preview).to_contain_text("10 of 40 people")


# D-02, D-07
async def test_a_tree_with_everything_fits_each_screen_and_is_told_as_json(
    sign_in: OpenScreen, shop: Office
) -> None:
    made = save(shop, EVERYTHING)
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(f"/live/segments/{made}/edit")
    await expect(page.get_by_label("Preview")).to_contain_text("40 of 40 people")
    assert await screen.faults() == []
    await page.get_by_role("button", name="JSON", exact=True).click()
    shown = page.get_by_label("The tree, as the API takes it")
    await expect(shown).to_be_focused()
    await shown.fill('{"property": "plan", "op": "like"}')
    await expect(page.get_by_label("Preview")).to_contain_text("'like' is none")
    assert await screen.faults() == []
    await page.get_by_role("button", name="Conditions").click()
    await expect(shown).to_be_visible()
    await shown.fill('{"property": "plan", "op": "equals", "value": "free"}')
    await page.get_by_role("button", name="Conditions").click()
    await expect(page.locator("#p-0-value")).to_have_value("free")
    await page.get_by_role("button", name="Save the segment").click()
    await expect(page.get_by_role("alert")).to_contain_text("40 people before, 10 after.")
    await page.get_by_role("button", name="Save the change").click()
    await expect(page.get_by_role("status")).to_contain_text("is changed")
    assert stored(shop, made)["tree"] == {**GOLD, "value": "free"}
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("button", name="Delete the segment").click()
    await expect(page.get_by_role("status")).to_contain_text("is deleted")


# D-02
async def test_on_a_slow_network_no_letter_is_lost_and_the_newest_answer_stays(
    sign_in: OpenScreen,
    shop: Office,
) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(NEW)
    await page.locator("#p-add").click()
    await page.locator("#p-0-name").fill("plan")
    await expect(page.get_by_label("Preview")).to_contain_text("stands for the empty text")
    delays = iter([1.5, 0.3])

    async def slow(route: Route) -> None:
        await asyncio.sleep(next(delays, 0.3))
        await route.continue_()

    await page.route("**/segments/new", slow)
    await page.locator("#p-0-value").focus()
    await page.keyboard.type("fr")
    await page.wait_for_timeout(600)
    await page.keyboard.type("ee")
    await page.wait_for_timeout(500)
    await page.keyboard.type("!")
    await press(page, "Backspace")
    preview = page.get_by_label("Preview")
    await expect(preview).to_contain_text('People whose plan is "free".')
    await expect(preview).to_contain_text("10 of 40 people")
    await page.wait_for_timeout(1_200)
    await expect(preview).to_contain_text('People whose plan is "free".')
    await expect(page.locator("#p-0-value")).to_have_value("free")
    await page.unroute("**/segments/new")


# D-02, D-07
async def test_a_slow_count_shows_that_it_goes_on_and_gives_way_to_a_newer_one(
    sign_in: OpenScreen, shop: Office
) -> None:
    made = save(shop, GOLD)
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    delays = iter([2.0])
    dropped: list[str] = []
    page.on("requestfailed", lambda request: dropped.append(request.post_data or ""))

    async def slow(route: Route) -> None:
        await asyncio.sleep(next(delays, 0.0))
        await route.continue_()

    await page.route("**/segments/count", slow)
    await screen.open(f"/live/segments/{made}/edit")
    preview = page.get_by_label("Preview")
    await expect(preview).to_contain_text("Counting…")
    await expect(page.get_by_role("link", name="Person 4")).to_be_visible()
    await page.locator("#p-0-nots").check()
    await expect(preview).to_contain_text("10 of 40 people")
    # What was asked first is waited for no longer.
    assert [(each.count("gold"), each.count("not")) for each in dropped] == [(1, 0)]
    await page.wait_for_timeout(2_200)
    await expect(preview).to_contain_text("10 of 40 people")
    await page.unroute("**/segments/count")


# D-02
async def test_a_change_that_is_not_saved_is_not_left_by_mistake(
    sign_in: OpenScreen, shop: Office
) -> None:
    made = save(shop, GOLD)
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await screen.open(f"/live/segments/{made}/edit")
    preview = page.get_by_label("Preview")
    await page.get_by_label("Name", exact=True).click()
    await page.get_by_role("link", name="Home").click()
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    await screen.open(f"/live/segments/{made}/edit")
    await page.locator("#p-0-nots").check()
    await expect(preview).to_contain_text("10 of 40 people")
    await page.get_by_role("link", name="Home").click(no_wait_after=True)
    await expect(page.locator("#p-0-nots")).to_be_checked()
    assert asked == ["beforeunload"]
    await page.get_by_role("button", name="Save the segment").click()
    await page.get_by_role("button", name="Save the change").click()
    await expect(page.get_by_role("status")).to_contain_text("is changed")
    await page.get_by_role("link", name="Edit", exact=True).click()
    await page.get_by_label("Name", exact=True).fill("Other")
    await page.get_by_role("link", name="Leave without saving").click()
    await expect(page.get_by_role("link", name="Edit", exact=True)).to_be_visible()
    assert asked == ["beforeunload"]


# D-01, D-02
async def test_a_session_that_ends_in_mid_edit_leads_back_and_says_that_nothing_was_saved(
    sign_in: OpenScreen, office: Office
) -> None:
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open(NEW)
    await page.locator("#p-add").click()
    await expect(page.locator("#p-0-kind")).to_be_focused()
    office.end_session(screen.token)
    await page.locator("#p-add").click()
    await expect(page.get_by_text("What you sent last was not saved.")).to_be_visible()
    assert "next=/live/segments/new" in page.url


# S-06, B-08, D-07
async def test_why_somebody_is_in_a_segment_is_told_on_its_page(
    sign_in: OpenScreen, shop: Office
) -> None:
    made = save(shop, GOLD)
    screen = await sign_in(Role.VIEWER)
    page = screen.page
    await screen.open(f"/live/segments/{made}")
    await page.get_by_role("searchbox").fill("p35")
    await page.get_by_role("button", name="Why in, or not?").click()
    await expect(page.get_by_text("Person 35 is not in this segment.")).to_be_visible()
    await expect(page.get_by_text("The value is free.")).to_be_visible()
    assert await screen.faults() == []


# D-02
async def test_without_scripts_the_same_buttons_build_and_save(
    sign_in: OpenScreen, shop: Office
) -> None:
    screen = await sign_in(Role.EDITOR, java_script_enabled=False)
    page = screen.page
    await screen.open(NEW)
    await page.get_by_role("button", name="Add condition").click()
    await page.get_by_label("Property", exact=True).fill("plan")
    await page.get_by_label("Value", exact=True).fill("gold")
    await page.get_by_role("button", name="Update").click()
    await expect(page.get_by_label("Preview")).to_contain_text("30 of 40 people, 75.0 %")
    await page.get_by_label("Name", exact=True).fill("Gold")
    await page.get_by_role("button", name="Save the segment").click()
    await expect(page.get_by_role("status")).to_contain_text("The segment Gold is saved.")
    assert stored(shop, page.url.rpartition("/")[2])["tree"] == GOLD
    await expect(page.get_by_text("Counting…")).to_be_hidden()
    await page.get_by_role("link", name="Count").click()
    await expect(page.locator(".count")).to_contain_text("30 of 40 people")
    await page.go_back()
    await page.get_by_role("link", name="Show who is in it").click()
    await expect(page.get_by_role("link", name="Person 4")).to_be_visible()
