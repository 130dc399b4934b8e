"""What the documentation names exists: files, headings, commands, settings, endpoints."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import click
import pytest
from litestar import Litestar

from mien.cli.commands import cli
from mien.config import Settings, variable_of
from mien.http.app import make_routes
from mien.services.erase import PLACES, RARE_PLACES

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "sdk/python/README.md",
    ROOT / "sdk/js/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

import_module("mien.main")  # puts `serve` into the tree of commands

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)">')
_VARIABLE = re.compile(r"\bMIEN_[A-Z_]+\b")
_PATH = re.compile(r"(?<![\w.])/(?:1|v1|docs|healthz|readyz|metrics)\b[\w/.-]*")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = [link for link in _links(page) if not _leads_somewhere(page, link)]
    assert broken == []


def test_every_command_in_the_docs_exists_with_its_options() -> None:
    unknown = [
        f"{page.name}: {line}"
        for page in PAGES
        for line in _commands(page.read_text())
        if not _is_command(line)
    ]
    assert unknown == []


def test_every_setting_in_the_docs_exists() -> None:
    known = {variable_of(each) for each in fields(Settings)}
    unknown = [
        f"{page.name}: {name}"
        for page in PAGES
        for name in _VARIABLE.findall(page.read_text())
        if name not in known
    ]
    assert unknown == []


def test_every_endpoint_in_the_readme_and_the_guide_exists(routes: set[str]) -> None:
    unknown = [
        f"{page.name}: {path}"
        for page in [ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.md"))]
        for path in _paths(page.read_text())
        if path not in routes
    ]
    assert unknown == []


# B-07
def test_every_place_of_a_receipt_is_told_in_the_guide() -> None:
    text = (ROOT / "docs/guide/operating.md").read_text()
    section = text[text.index("## Erasure") : text.index("## Upgrading")]
    assert [place for place in (*PLACES, *RARE_PLACES) if f"`{place}`" not in section] == []


def test_every_decision_stands_in_the_list() -> None:
    folder = ROOT / "docs/adr"
    listed = set(_links(folder / "README.md"))
    assert listed == {page.name for page in folder.glob("0*.md")}


def test_no_page_names_a_folder_of_the_machine_it_was_written_on() -> None:
    named = [page.name for page in PAGES if re.search(r"/(?:work|home|root)/", page.read_text())]
    assert named == []


@pytest.fixture
def routes() -> set[str]:
    """Give the paths of the application."""
    app: Litestar = make_routes(_Parts())  # type: ignore[arg-type]  # routes need no more
    return {path.rstrip("/") or "/" for path in app.route_handler_method_map} | {"/docs"}


class _Parts:
    """As much of a server as its routes are made from."""

    settings = Settings()


def _links(page: Path) -> list[str]:
    """Give the links of a page that stay within the repository."""
    text = _CODE.sub("", _FENCE.sub("", page.read_text()))
    return [link for link in _LINK.findall(text) if "://" not in link]


def _leads_somewhere(page: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(page: Path) -> set[str]:
    """Give what can follow the `#` of a link to a page, as GitHub makes it from headings."""
    text = _FENCE.sub("", page.read_text())
    made = (re.sub(r"[^\w\- ]", "", each.lower()) for each in _HEADING.findall(text))
    return {each.strip().replace(" ", "-") for each in made} | set(_ANCHOR.findall(text))


def _commands(text: str) -> Iterator[str]:
    """Give the `mien …` commands of the shell blocks and of the code within sentences."""
    shell = [line for kind, block in _FENCE.findall(text) if kind == "sh" for line in _lines(block)]
    inline = _CODE.findall(_FENCE.sub("", text))
    for line in (*shell, *inline):
        if re.match(r"(?:\.venv/bin/)?mien(?: |$)", line):
            yield line


def _lines(block: str) -> list[str]:
    return [line.strip() for line in block.replace("\\\n", " ").splitlines()]


def _is_command(line: str) -> bool:
    """Walk the command tree by the words of a line; its options must be known at the end."""
    command: click.Command = cli
    words = line.split()[1:]
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.commands.get(words.pop(0))
        if found is None:
            return False
        command = found
    return {word for word in words if word.startswith("--")} <= _options(command)


def _options(command: click.Command) -> set[str]:
    return {"--help", "--version"}.union(*(each.opts for each in command.params))


def _paths(text: str) -> Iterable[str]:
    """Give the endpoints that a page names, without their queries."""
    return {path.rstrip("/.") for path in _PATH.findall(_without_links(text))} - {"/1", "/v1"}


def _without_links(text: str) -> str:
    return _LINK.sub("", text)
