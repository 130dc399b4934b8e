"""`python -m demo.screenshots`: look at every page of the dashboard, with the demo in it.

It fills a small demo of its own, signs in, and takes each page on a narrow and a wide screen, light
and dark. Pages are found as people find them: from the navigation to a list, to the first that is
listed there, to its tabs. The README's pictures are some of them.
"""

import asyncio
import re
import subprocess
from itertools import product
from pathlib import Path

import click
from playwright.async_api import Browser, Page, StorageState, async_playwright
from playwright.async_api import TimeoutError as PageTimeoutError

from demo import screen
from demo.__main__ import fill, prepare
from demo.folder import DemoError, DemoFolder, Finished, Started
from demo.office import EMAIL, SEGMENTS, invite, new_password, save_segments
from demo.server import Server, free_port
from mien.domain.identities import SERVER_OBJECT_ID_PREFIX

ROOT = Path(__file__).parents[1]
HOST = "127.0.0.1"
CHOSEN = "kettle harbour violet"
WIDTHS, THEMES = (360, 1440), ("light", "dark")
HEIGHT, TALLEST = 900, 4_000
"""The height of a window, and how much of a long page is taken, in pixels."""

QUIET_MS = 4_000
"""How long a page may take until it asks for nothing more; a live one never stops asking."""

_FILES = "[download], [href*='.csv'], [href$='/file'], [href*='/download']"
"""Links that lead to a file and not to a page."""

_LINKS = """(at) => [...document.querySelectorAll(at)].map((link) => link.getAttribute("href"))"""


@click.command(context_settings={"show_default": True})
@click.option("--people", type=click.IntRange(min=1), default=2_000, help="How many people.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / "build" / "screenshots",
    help="Where the pictures go.",
)
@click.option(
    "--readme",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / "docs" / "images",
    help="Where the pictures of the README go.",
)
def main(*, people: int, output: Path, readme: Path) -> None:
    """Take every page of the dashboard."""
    output.mkdir(parents=True, exist_ok=True)
    readme.mkdir(parents=True, exist_ok=True)
    folder = DemoFolder(ROOT / "build" / f"screenshots-{people}")
    ready = prepare(folder, people=people)
    try:
        with Server(folder, host=HOST, port=free_port(HOST, 0)) as server:
            if isinstance(ready, Started):
                ready = fill(folder, ready, server.url)
            save_segments(server.url, ready.keys)
            password = invite(folder, ready.keys) or new_password(folder)
            chromium = subprocess.check_output([ROOT / "scripts" / "chromium"], text=True).strip()
            asyncio.run(take_all(server.url, ready, password, chromium, output, readme))
    except DemoError as error:
        raise click.ClickException(str(error)) from error


async def take_all(
    url: str, ready: Finished, password: str, chromium: str, output: Path, readme: Path
) -> None:
    """Sign in, and take every page in all four ways, then the pictures of the README."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        state = await sign_in(browser, url, password)
        for width, theme in product(WIDTHS, THEMES):
            context = await browser.new_context(
                base_url=url,
                storage_state=state,
                color_scheme=theme,  # type: ignore[arg-type]  # one of two words
                viewport={"width": width, "height": HEIGHT},
                reduced_motion="reduce",
            )
            page = await context.new_page()
            for path in await find_pages(page, ready.summary.distinct_id):
                await open_page(page, path)
                await take(page, output / f"{name_of(path)}-{width}-{theme}.png", TALLEST)
            if (width, theme) == (WIDTHS[-1], THEMES[0]):
                await take_readme(page, ready.summary.distinct_id, readme)
            await context.close()
            screen.say(f"Taken at {width} pixels, {theme}.")
        await browser.close()
    screen.say(f"The pictures are in {output}.")


async def sign_in(browser: Browser, url: str, password: str) -> StorageState:
    """Sign in for the first time, and give what the browser keeps of it."""
    context = await browser.new_context(base_url=url)
    page = await context.new_page()
    await page.goto("/sign-in")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("New password").fill(CHOSEN)
    await page.get_by_label("The new one again").fill(CHOSEN)
    await page.get_by_role("button", name="Set the password").click()
    await page.wait_for_url(re.compile("/live"))
    state = await context.storage_state()
    await context.close()
    return state


async def find_pages(page: Page, distinct_id: str) -> list[str]:
    """Give the paths of all pages: those of the navigation, what they list first, and all tabs."""
    await open_page(page, "/live")
    found = ["/sign-in", "/password", "/live", "/test", f"/live/people?q={distinct_id}"]
    for path in await links(page, ".side nav.pages a[href^='/live']"):
        await open_page(page, path)
        inside = await links(page, f"main a[href^='{path}/']:not({_FILES})")
        found += [path, *await links(page, "main nav a[href^='/live']")]
        # The first of each sort: of people who are listed one is enough.
        for each in {name_of(each): each for each in reversed(inside)}.values():
            await open_page(page, each)
            found += [each, *await links(page, "main nav.tabs a[href^='/live']")]
    named = {name_of(each): each.partition("#")[0] for each in reversed(found)}
    return list(reversed(named.values()))


async def links(page: Page, at: str) -> list[str]:
    """Give where links lead."""
    return list(await page.evaluate(_LINKS, at))


async def open_page(page: Page, path: str) -> None:
    """Open a page, and wait until its parts are there."""
    answer = await page.goto(path)
    if answer is None or not answer.ok:
        message = f"{path} answers {answer.status if answer else 'nothing'}."
        raise DemoError(message)
    try:
        await page.wait_for_load_state("networkidle", timeout=QUIET_MS)
    except PageTimeoutError:
        screen.say(f"{path} goes on asking; it is taken as it is.")


async def take(page: Page, file: Path, tallest: int) -> None:
    """Take the page that is open, from its top."""
    size = page.viewport_size
    assert size is not None
    height = await page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": size["width"], "height": min(height, tallest)}
    await page.screenshot(path=file, full_page=True, clip=clip)  # type: ignore[arg-type]  # numbers


async def take_readme(page: Page, distinct_id: str, folder: Path) -> None:
    """Take the pictures of the README: everyone, one person, a segment as it is built."""
    await open_page(page, "/live/people")
    await take(page, folder / "people.png", HEIGHT)
    await open_page(page, f"/live/people?q={distinct_id}")
    person = await links(page, f"main a[href^='/live/people/{SERVER_OBJECT_ID_PREFIX}']")
    await open_page(page, person[0])
    await take(page, folder / "person.png", HEIGHT)
    await open_page(page, "/live/segments")
    await page.get_by_role("link", name=next(iter(SEGMENTS))).click()
    await page.get_by_role("link", name="Edit").click()
    await page.wait_for_load_state("networkidle")
    await take(page, folder / "segment.png", HEIGHT)


def name_of(path: str) -> str:
    """Give a name for the picture of a page; ids in it are the same for all."""
    known = re.sub(r"/(mien_\w+|\d+)(?=/|$)", "/one", path.partition("?")[0])
    asked = "-found" if "?q=" in path else ""
    return (re.sub(r"[^\w-]+", "-", known).strip("-") or "home") + asked


if __name__ == "__main__":
    main(prog_name="python -m demo.screenshots")
