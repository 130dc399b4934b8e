"""An export from the builder in a real browser, until its file is there (D-02, G-07)."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from mien.domain.members import Role
from tests.browser.conftest import OpenScreen
from tests.support.offices import Office

pytestmark = pytest.mark.asyncio(loop_scope="session")


def people_in(path: Path) -> set[str]:
    """Give who is in a downloaded file."""
    return {json.loads(line)["distinct_id"] for line in path.read_text().splitlines()}


# D-02, D-07, G-07
async def test_people_who_were_just_built_are_exported_and_downloaded(
    sign_in: OpenScreen, office: Office
) -> None:
    office.send(*({"type": "profile", "distinct_id": f"p{n}", "properties": {}} for n in range(4)))
    screen = await sign_in(Role.EDITOR)
    page = screen.page
    await screen.open("/live/exports")
    assert await screen.faults() == []
    await page.get_by_role("link", name="build one").click()
    await expect(page.get_by_label("Preview")).to_contain_text("4 of 4 people")
    await page.get_by_role("button", name="Export").click()
    await page.get_by_label("JSON Lines, a person a line").check()
    assert await screen.faults() == []
    await page.get_by_role("dialog").get_by_role("button", name="Export").click()
    await expect(page.get_by_role("status")).to_contain_text("The export has begun.")
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="Download").click()
    assert people_in(await (await waiting.value).path()) == {"p0", "p1", "p2", "p3"}
    assert await screen.faults() == []
