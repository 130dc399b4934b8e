"""The one guard: roles, forms that were meant, and what every answer says to the browser (D-01)."""

import re

import httpx
import pytest

from mien.domain.members import Role
from mien.services import audit
from mien.web import app, signing_in
from mien.web.gate import NEEDS
from tests.support.offices import Browser, Office
from tests.support.servers import Server


# D-01
def test_live_and_test_never_mix_and_say_which_is_on(office: Office) -> None:
    for key, name in ((office.live, "alive"), (office.test, "tested")):
        record = {"type": "event", "distinct_id": "ana", "name": name}
        office.send(record, key=key)
    with office.browser(Role.VIEWER) as browser:
        live, test = browser.get("/live/events").text, browser.get("/test/events").text
    assert ("alive" in live, "tested" in live) == (True, False)
    assert ("alive" in test, "tested" in test) == (False, True)
    current = re.compile(r'href="/(live|test)/events" aria-current="true"')
    assert (current.findall(live), current.findall(test)) == (["live"], ["test"])
    assert "Test environment" in test
    assert "Test environment" not in live


def test_an_account_sees_nothing_of_another(office: Office, server: Server) -> None:
    record = {"type": "event", "distinct_id": "ana", "name": "Secret event"}
    office.send(record)
    with Office(server, name="Other") as other, other.browser(Role.ADMIN) as browser:
        assert "Secret event" not in browser.get("/live/events").text
    with office.browser() as browser:
        assert "Secret event" in browser.get("/live/events").text


@pytest.mark.parametrize("path", ["/", "/live", "/test", "/password"])
def test_nobody_sees_anything_without_signing_in(stranger: Browser, path: str) -> None:
    assert stranger.get(path).url.path == "/sign-in"
    stranger.cookies.set("mien_session", "made up", domain="127.0.0.1")
    assert stranger.get(path).url.path == "/sign-in"


def test_a_form_without_the_token_of_the_session_does_nothing(office: Office) -> None:
    with office.browser() as browser, office.browser() as other:
        for data in ({}, {"_token": "0" * 32}, {"_token": "é"}):
            refused = browser.post("/sign-out", data=data)
            assert refused.status_code == 403
            assert "belongs to another site" in refused.text
        found = re.search(r'name="_token" value="(\w+)"', other.get("/live").text)
        assert found
        assert browser.post("/sign-out", data={"_token": found[1]}).status_code == 403
        assert browser.get("/live").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_what_another_site_sent_is_refused(
    office: Office, stranger: Browser, headers: dict[str, str]
) -> None:
    with office.browser() as browser:
        found = re.search(r'name="_token" value="(\w+)"', browser.get("/live").text)
        assert found
        sent = {"data": {"_token": found[1]}, "headers": headers}
        assert browser.post("/sign-out", **sent).status_code == 403  # type: ignore[arg-type]
    assert stranger.post("/sign-in", data={}, headers=headers).status_code == 403


def test_what_a_page_of_the_dashboard_sent_is_taken(office: Office) -> None:
    with office.browser() as browser:
        browser.headers["Origin"] = office.server.url
        assert browser.send_form("/sign-out").url.path == "/sign-in"


def test_signing_out_is_in_the_audit_log(office: Office) -> None:
    with office.browser(Role.VIEWER) as browser:
        browser.send_form("/sign-out")
    account = office.account.account.account_id
    [entry] = audit.audit_page(office.store, account, count=10)
    assert (entry.act, entry.name.partition(" ")[0]) == ("signed_out", "Viewer")


def test_every_route_says_which_role_it_needs() -> None:
    handlers = [*signing_in.PASSWORD_HANDLERS, *app.PAGES]
    assert all(isinstance(each.opt[NEEDS], Role) for each in handlers)


# D-01
def test_what_viewers_may_send_changes_nothing_of_an_environment() -> None:
    """Counts and samples are asked for by POST since a segment fits no address."""
    sent = [each for each in app.PAGES if "POST" in each.http_methods]
    assert len(sent) > 40
    for_viewers = {
        path for each in sent if not each.opt[NEEDS].includes(Role.EDITOR) for path in each.paths
    }
    assert for_viewers == {
        "/people/{object_id:str}/download",
        "/segments/new",
        "/segments/count",
        "/segments/sample",
    }


@pytest.mark.parametrize("path", ["/sign-in", "/live", "/live/nothing", "/password"])
def test_every_page_has_the_headers_that_keep_it_safe(office: Office, path: str) -> None:
    with office.browser() as browser:
        page = browser.get(path)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"
    # What the policy forbids is not there either.
    assert not re.search(r"<script(?![^>]* src=)|<style|<[^>]+ (?:style|on\w+)=", page.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)


def test_what_is_not_there_says_so_within_the_frame(office: Office) -> None:
    with office.browser() as browser:
        missing = browser.get("/live/nothing")
        assert missing.status_code == 404
        assert "There is nothing here" in missing.text
        assert browser.get("/sign-out").status_code == 405


def test_no_refusal_is_without_a_word(office: Office) -> None:
    with office.browser() as browser:
        unclear = browser.get("/live?days=x")
        assert (unclear.status_code, "Not understood" in unclear.text) == (400, True)
        large = browser.post("/live/people/columns", data={"name": "x" * 5_000_000})
        assert (large.status_code, "A form may have 4.2 MB" in large.text) == (413, True)
        for page in (unclear, large):
            assert "<p></p>" not in page.text
            assert "<span></span>" not in page.text


def test_a_refused_part_of_a_page_is_said_at_one_place_above_it(office: Office) -> None:
    with office.browser() as browser:
        assert browser.get("/live").text.count('id="refusal"') == 1
        part = browser.get("/live/home/new?days=31", headers={"HX-Request": "true"})
    assert part.headers["hx-retarget"] == "#refusal"
    assert part.headers["hx-reswap"].startswith("innerHTML")
    assert part.text.startswith('<div class="alert')


# D-01
@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/live/connect/key", "/live/connect"),
        ("/test/settings/account", "/test/settings"),
    ],
)
def test_an_address_for_forms_alone_leads_to_the_page_above(
    office: Office, path: str, above: str
) -> None:
    with office.browser() as browser:
        led = browser.get(path, follow_redirects=False)
        assert (led.status_code, led.headers["location"]) == (303, above)


def test_the_api_is_where_it_was(server: Server) -> None:
    assert httpx.get(f"{server.url}/1/nothing").json()["status"] == "fail"
    assert httpx.get(f"{server.url}/v2").json()["code"] == "unknown_route"
    assert httpx.get(f"{server.url}/docs").status_code == 200


def test_files_are_compressed_and_kept_for_ever(stranger: Browser) -> None:
    page = stranger.get("/sign-in").text
    links = re.findall(r'(?:src|href)="(/assets/[^"#]+)"', page)
    assert len(links) == 3
    sizes = 0
    for link in links:
        packed = stranger.get(link, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "immutable" in packed.headers["cache-control"]
        sizes += int(packed.headers["content-length"])
        plain = stranger.get(link, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.text == packed.text
    assert sizes + len(page) < 200_000
    assert stranger.get("/assets/manifest.json").status_code == 404
