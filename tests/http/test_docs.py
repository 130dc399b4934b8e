"""The API described: its OpenAPI document, its pages, and the pages of `docs/` made from code."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mien.domain.rejects import REJECT_CODES
from mien.http.codes import error_codes, reject_codes
from mien.reference import PAGES
from tests.support.servers import Server

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def openapi(server: Server) -> Any:
    return httpx.get(f"{server.url}/docs/openapi.json").json()


def operations(openapi: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in openapi["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


# U-25
@pytest.mark.parametrize("name", list(PAGES))
def test_the_page_in_docs_is_the_one_that_the_code_gives(name: str) -> None:
    message = f"docs/{name} is old: run scripts/docs"
    assert (DOCS / name).read_text() == PAGES[name](), message


# U-25
def test_every_code_is_on_the_page_of_errors(server: Server) -> None:
    page = httpx.get(f"{server.url}/docs/errors")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    shown = set(re.findall(r'<tr id="([^"]+)">', page.text))
    assert shown == {entry.code for entry in [*error_codes(), *reject_codes()]}
    assert {str(int(code)) for code in REJECT_CODES} <= shown


def test_every_endpoint_is_described(openapi: Any) -> None:
    assert openapi["openapi"].startswith("3.1")
    known = {(path, method) for path, method, _ in operations(openapi)}
    assert {
        ("/1/upload", "post"),
        ("/1/profiles.json", "get"),
        ("/1/profiles.json", "post"),
        ("/1/profile.json", "get"),
        ("/1/events.json", "get"),
        ("/1/events.json", "post"),
        ("/1/delete/profiles.json", "post"),
        ("/v1/batch", "post"),
        ("/v1/profile", "get"),
    } <= known
    assert {path.split("/")[1] for path, _ in known} == {"1", "v1", "sdk"}


def test_every_operation_has_a_summary_examples_and_its_refusals(openapi: Any) -> None:
    for path, method, operation in operations(openapi):
        assert operation["summary"], path
        answers = operation["responses"]
        assert {"400", "401", "429", "503"} <= set(answers), path
        [(media_type, content)] = answers["202" if "202" in answers else "200"]["content"].items()
        assert content["examples"], (path, media_type)
        # Undoing needs to be told nothing.
        if method in ("post", "patch") and not path.endswith("/undo"):
            [body] = operation["requestBody"]["content"].values()
            assert body["example"], path


def test_the_security_of_an_operation_is_one_that_is_described(openapi: Any) -> None:
    schemes = set(openapi["components"]["securitySchemes"])
    assert schemes == {"basic", "account", "passcode", "profileToken"}
    for path, _, operation in operations(openapi):
        for choice in operation.get("security", openapi["security"]):
            assert set(choice) <= schemes, path


@pytest.mark.parametrize("path", ["/docs", "/docs/errors", "/docs/fields"])
def test_a_page_takes_everything_from_this_server_and_runs_no_script_of_its_own(
    server: Server, path: str
) -> None:
    page = httpx.get(f"{server.url}{path}")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "<script>" not in page.text
    assert " on" not in re.sub(r">[^<]*<", "><", page.text)
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert link.startswith("/docs"), link
        found = httpx.get(f"{server.url}{link}")
        assert found.status_code == 200, link
        assert found.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["swagger-ui-bundle.js.map", "..%2Fdocs.py", "nothing"])
def test_no_other_file_is_given(server: Server, name: str) -> None:
    assert httpx.get(f"{server.url}/docs/assets/{name}").status_code == 404
