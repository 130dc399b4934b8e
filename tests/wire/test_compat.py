"""`docs/compat.md` is true: its cases exist, and it has a row for everything that is served."""

import re
from pathlib import Path

from mien.http.clevertap.routes import CLEVERTAP_HANDLERS
from mien.http.sdk.web_routes import WEB_SDK_HANDLERS

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "compat.md").read_text()
STATES = {"same", "different", "not yet"}

_ROW = re.compile(r"^\| `([A-Z]+) (/\S+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\((\.\./tests/[^)]+)\)")

ROWS = {(method, path): (state, cases) for method, path, state, cases in _ROW.findall(TEXT)}
SERVED = {
    (method, path)
    for each in (*CLEVERTAP_HANDLERS, *WEB_SDK_HANDLERS)
    for method in each.http_methods
    if method != "OPTIONS"  # what browsers ask before they call one
    for path in each.paths
}


def test_every_case_that_is_named_exists() -> None:
    links = _LINK.findall(TEXT)
    missing = [target for _, target in links if not (DOCS / target).exists()]
    assert links
    assert missing == []
    assert [name for name, target in links if not target.endswith(name)] == []


def test_every_row_has_a_state_and_a_case() -> None:
    assert {state for state, _ in ROWS.values()} == STATES
    assert [row for row, (_, cases) in ROWS.items() if not _LINK.findall(cases)] == []


def test_everything_that_is_served_has_a_row_and_nothing_else_claims_to_be() -> None:
    claimed = {row for row, (state, _) in ROWS.items() if state != "not yet"}
    assert claimed == SERVED


def test_a_row_points_at_a_case_that_calls_its_endpoint() -> None:
    for (method, path), (_, cases) in ROWS.items():
        targets = [DOCS / target / "request.http" for _, target in _LINK.findall(cases)]
        calls = "\n".join(target.read_text() for target in targets)
        assert re.search(rf"^{method} {re.escape(path)}(\?| |$)", calls, re.MULTILINE), path
