"""The pages of refused records, as far as the server answers (U-23, D-06)."""

import json
import re

import httpx
import pytest

from mien.domain.members import Role
from mien.services import audit
from mien.services.cursors import seal
from mien.services.reject_lists import Wanted, page_rejects
from mien.store import accounts
from mien.web.replaying import Reached
from tests.support.offices import Browser, Office

FROM = re.compile(r'name="from" value="([^"]+)"')
NASTY = "<script>alert(1)</script>\u202e"


def refuse(office: Office, count: int = 1, **properties: object) -> None:
    """Send profiles that are all refused for their e-mail address, or for another property."""
    given = properties or {"Email": "nope@"}
    records = [
        {"type": "profile", "distinct_id": f"p{n}", "properties": {**given, "note": NASTY}}
        for n in range(count)
    ]
    answer = httpx.post(
        f"{office.server.url}/v1/batch", json={"records": records}, headers=office.live.headers
    ).raise_for_status()
    assert answer.json()["processed"] == 0


def first_path(browser: Browser) -> str:
    found = re.search(r'href="(/live/rejects/\d+)"', browser.get("/live/rejects").text)
    assert found
    return found[1]


def discard(browser: Browser, state: str) -> None:
    found = re.search(r'href="(/live/events/\d+)"', browser.get("/live/events").text)
    assert found
    browser.send_form(f"{found[1]}/state", state=state)


# D-06
def test_rejects_are_listed_by_page_with_code_sentence_and_record(office: Office) -> None:
    refuse(office, 30)
    with office.browser(Role.VIEWER) as browser:
        page = browser.get("/live/rejects").text
        assert "<script>alert" not in page
        assert page.count("Email is not valid") == 25
        assert "nope@" in page
        found = re.search(r'<a class="btn" href="([^"]+after=[^"]+)"', page)
        assert found
        assert browser.get(found[1].replace("&amp;", "&")).text.count("Email is not valid") == 5
        assert "Nothing was refused" in browser.get("/test/rejects").text
        assert browser.get("/live/rejects/999999").status_code == 404
        assert browser.get(first_path(browser).replace("live", "test")).status_code == 404


# D-06
def test_rejects_are_filtered_by_code_and_source_and_counted_by_reason(office: Office) -> None:
    refuse(office, 3)
    refuse(office, 2, Phone="12")
    old = {"type": "profile", "identity": "a", "profileData": {"Email": "nope@"}}
    httpx.post(f"{office.server.url}/1/upload", json={"d": [old]}, headers=office.live.headers)
    with office.browser(Role.VIEWER) as browser:
        reasons = browser.get("/live/rejects/reasons").text
        words = " ".join(re.sub(r"<[^>]+>", " ", reasons).split())
        assert "515: Email is not an address. 4 66.7 %" in words
        assert "516: Phone is not +, country code and number. 2 33.3 %" in words
        sources = re.findall(r'href="(/live/rejects\?source=[^"]+)"', reasons)
        assert len(sources) == 2
        assert browser.get("/live/rejects?code=516").text.count("<summary") == 2
        assert browser.get(sources[0]).text.count("<summary") == 5
        both = browser.get(f"{sources[1]}&code=515").text
        assert both.count("<summary") == 1
        assert "Nothing was refused so" in browser.get("/live/rejects?code=528").text
        assert "Nothing was refused so" in browser.get("/live/rejects?source=member:999").text
        assert browser.get("/live/rejects", params={"source": NASTY}).status_code == 200
        assert browser.get("/live/rejects?code=x").status_code == 400


# D-06
def test_a_filtered_list_is_paged_without_a_gap(office: Office) -> None:
    refuse(office, 60)
    refuse(office, 3, Phone="12")
    with office.browser(Role.VIEWER) as browser:
        seen: list[str] = []
        path = "/live/rejects?code=515"
        while True:
            page = browser.get(path).text
            seen += re.findall(r'href="/live/rejects/(\d+)"', page)
            found = re.search(r'<a class="btn" href="([^"]+after=[^"]+)"', page)
            if not found:
                break
            path = found[1].replace("&amp;", "&")
        assert len(seen) == len(set(seen)) == 60


# U-23
def test_a_record_is_mended_and_applied_once(office: Office) -> None:
    refuse(office)
    with office.browser(Role.EDITOR) as browser:
        path = first_path(browser)
        page = browser.get(path).text
        assert "Send one address such as" in page
        assert "&lt;script&gt;" in page
        again = browser.send_form(f"{path}/replay")
        assert (again.status_code, "refused again: Email is not valid" in again.text) == (422, True)
        broken = browser.send_form(f"{path}/replay", record="{")
        assert (broken.status_code, "This is no JSON" in broken.text) == (400, True)
        mended = {"type": "profile", "distinct_id": "ana", "properties": {"Email": "a@b.cc"}}
        done = browser.send_form(f"{path}/replay", record=json.dumps(mended))
        assert "The record is applied" in done.text
        assert office.object_id("ana")
        assert "It was applied before" in browser.send_form(f"{path}/replay").text
    entries = audit.audit_page(office.store, office.account.account.account_id, count=1)
    assert [each.act for each in entries] == ["rejects_replayed"]


# U-23
def test_all_of_a_filter_are_replayed_and_the_rest_stays(office: Office) -> None:
    event = {"type": "event", "distinct_id": "ana", "name": "Bought"}
    office.send(event)
    refuse(office, 2)
    with office.browser(Role.EDITOR) as browser:
        discard(browser, "discarded")
        for _ in range(2):
            httpx.post(
                f"{office.server.url}/v1/batch",
                json={"records": [event] * 150},
                headers=office.live.headers,
            )
        discard(browser, "active")
        begun = browser.send_form("/live/rejects/replay", code="528")
        assert "So far 200 applied; 0 refused again." in begun.text
        assert "It goes on by itself" in begun.text
        rest = FROM.findall(begun.text)[-1]
        stopped = browser.get("/live/rejects", params={"code": 528, "from": rest})
        assert "The replay was stopped: 200 applied; 0 refused again." in stopped.text
        done = browser.send_form("/live/rejects/replay", code="528", **{"from": rest})
        assert "300 applied; 0 refused again" in done.text
        assert "Applied</span>" in browser.get("/live/rejects?code=528").text
        assert "0 applied; 2 refused again" in browser.send_form("/live/rejects/replay").text
        assert (
            "0 applied; 0 refused again"
            in browser.send_form("/live/rejects/replay", code="528").text
        )


# D-06
def test_what_the_list_shows_is_downloaded_a_record_a_line(office: Office) -> None:
    refuse(office, 205)
    refuse(office, 1, Phone="12")
    with office.browser(Role.EDITOR) as browser:
        assert "rejects/download?code=516" in browser.get("/live/rejects?code=516").text
        lines = [
            json.loads(line) for line in browser.get("/live/rejects/download").text.splitlines()
        ]
        assert len({each["id"] for each in lines}) == 206
        some = browser.get("/live/rejects/download?code=516")
        assert "attachment" in some.headers["content-disposition"]
        [line] = [json.loads(each) for each in some.text.splitlines()]
        assert line["record"]["properties"] == {"Phone": "12", "note": NASTY}
        listed = httpx.get(f"{office.server.url}/v1/rejects?limit=1", headers=office.live.headers)
        assert listed.json()["rejects"] == [line]
        assert browser.get("/test/rejects/download").text == ""
    entries = audit.audit_page(office.store, office.account.account.account_id, count=5)
    assert [(each.act, each.details) for each in entries] == [
        ("rejects_downloaded", {}),
        ("rejects_downloaded", {"code": "516"}),
        ("rejects_downloaded", {}),
    ]
    with office.browser(Role.VIEWER) as browser:
        assert "rejects/download" not in browser.get("/live/rejects").text
        assert browser.get("/live/rejects/download").status_code == 403


# D-06
def test_a_wrong_code_or_source_replays_nothing(office: Office) -> None:
    refuse(office)
    with office.browser(Role.EDITOR) as browser:
        for code in ("515x", "1234567", "²", "-1"):
            refused = browser.send_form("/live/rejects/replay", code=code)
            assert (refused.status_code, "is no code of a refusal" in refused.text) == (400, True)
        refused = browser.send_form("/live/rejects/replay", source="a\x00")
        assert (refused.status_code, "has a NUL character" in refused.text) == (400, True)
        for path in ("rejects", "rejects/download"):
            assert browser.get(f"/live/{path}", params={"source": "a\x00"}).status_code == 400
        for source in (f"member:{10**19}", "member:²", "member:-1"):
            found = browser.get("/live/rejects", params={"source": source})
            assert (found.status_code, "Nothing was refused so" in found.text) == (200, True)
        refused = browser.send_form("/live/rejects/replay", **{"from": "made up"})
        assert (refused.status_code, "open the list from its start" in refused.text) == (400, True)
    entries = audit.audit_page(office.store, office.account.account.account_id, count=1)
    assert entries == []


# U-23
def test_a_replay_goes_on_where_the_one_before_ended(office: Office) -> None:
    refuse(office, 3)
    with office.store.write() as tx:
        key = accounts.secret(tx, "cursors", b"")
        environment = accounts.find_environment(tx, office.live.account_id)
    assert environment
    here = environment.environment_id
    reached = page_rejects(office.store, here, Wanted(), count=2).rest
    assert reached
    rest = seal(key, here, "rejects replayed", Reached(reached, 5, 2))
    with office.browser(Role.EDITOR) as browser:
        page = browser.get("/live/rejects", params={"code": 515, "from": rest}).text
        assert "Replay the rest" in page
        assert f'<input type="hidden" name="from" value="{rest}">' in page
        assert "of this filter, on all pages, that came after those just tried" in page
        done = browser.send_form("/live/rejects/replay", **{"from": rest}).text
        assert "5 applied; 3 refused again." in done
        assert "Replay all" in done
        assert 'name="from"' not in done
        refused = browser.send_form("/test/rejects/replay", **{"from": rest})
        assert refused.status_code == 400
        assert browser.get("/test/rejects", params={"from": rest}).status_code == 400


# D-01
@pytest.mark.parametrize("path", ["{one}/replay", "/live/rejects/replay"])
def test_a_viewer_replays_nothing(office: Office, path: str) -> None:
    refuse(office)
    with office.browser(Role.VIEWER) as browser:
        one = first_path(browser)
        assert "<textarea" not in browser.get(one).text
        assert "Replay" not in browser.get("/live/rejects").text
        assert browser.send_form(path.format(one=one)).status_code == 403
