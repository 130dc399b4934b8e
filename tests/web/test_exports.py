"""Exports on the dashboard: who may begin one, what is in the file, and what becomes of it (D-02, G-07)."""

import csv
import io
import re
import time

import httpx

from mien.domain.members import Role
from mien.services import audit
from tests.support.offices import Browser, Office
from tests.web.test_builder import GOLD, NASTY, save, seen

PAGE = "/live/exports"


def people(office: Office, count: int) -> None:
    office.send(
        *(
            {"type": "profile", "distinct_id": f"p{n}", "properties": {"plan": "gold"}}
            for n in range(count)
        )
    )


def finished(browser: Browser) -> str:
    """Give the list of exports once none is being written."""
    page = browser.get(PAGE).text
    for _ in range(60):
        if "<progress" not in page:
            break
        time.sleep(0.5)
        page = browser.get(PAGE).text
    assert "<progress" not in page
    return page


# D-02, G-07
def test_a_segment_is_exported_followed_and_fetched(office: Office) -> None:
    people(office, 3)
    made = save(office, GOLD, NASTY)
    with office.browser(Role.EDITOR) as browser:
        assert "No exports yet" in browser.get(PAGE).text
        shown = browser.get(f"/live/segments/{made}").text
        tree = f'{{"segment":"{made}"}}'
        assert tree.replace('"', "&#34;") in shown
        begun = browser.send_form(PAGE, seen_on=PAGE, tree=tree, format="csv")
        assert "The export has begun." in begun.text
        page = finished(browser)
        assert NASTY not in page
        assert "3 rows," in seen(page)
        path = re.findall(r'href="([^"]+/file)"', page)[0]
        answer = browser.get(path)
        assert "attachment" in answer.headers["content-disposition"]
        assert answer.headers["cache-control"] == "private, no-store"
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert sorted(row["distinct_id"] for row in rows) == ["p0", "p1", "p2"]
        gone = browser.send_form(path.replace("/file", "/delete"), seen_on=PAGE)
        assert "The export is deleted; its file is gone." in gone.text
        assert browser.get(path).status_code == 404
        assert browser.get(path.replace("/file", "")).status_code == 404
    acts = [
        each.act
        for each in audit.audit_page(office.store, office.account.account.account_id, count=9)
    ]
    assert acts == ["export_deleted", "export_downloaded", "export_started"]


# D-01, G-07
def test_viewers_export_nothing_and_live_and_test_are_apart(office: Office) -> None:
    people(office, 1)
    with office.browser(Role.EDITOR) as editor, office.browser(Role.VIEWER) as viewer:
        asked = {"tree": '{"all":[]}', "format": "jsonl"}
        editor.send_form(PAGE, seen_on=PAGE, **asked)
        path = re.findall(r'href="([^"]+/file)"', finished(editor))[0]
        assert viewer.get(PAGE).status_code == 403
        assert viewer.get(path).status_code == 403
        assert viewer.send_form(PAGE, **asked).status_code == 403
        assert viewer.send_form(path.replace("/file", "/delete")).status_code == 403
        assert PAGE not in viewer.get("/live/segments/test-users").text
        assert editor.get(path.replace("live", "test")).status_code == 404
        assert "No exports yet" in editor.get("/test/exports").text


# G-07
def test_an_export_that_cannot_be_is_refused_with_a_sentence(office: Office) -> None:
    with office.browser(Role.EDITOR) as browser:
        for asked, said in (
            ({"tree": "{", "format": "csv"}, "is no JSON of a segment"),
            ({"tree": '{"segment":"99"}', "format": "csv"}, "there is no segment"),
            ({"tree": '{"all":[]}', "format": "xls"}, "is none of parquet, csv, jsonl"),
        ):
            answer = browser.send_form(PAGE, seen_on=PAGE, **asked)
            assert answer.status_code == 200
            assert "Nothing is exported" in answer.text
            assert said in answer.text


# G-07
def test_an_export_of_events_by_the_api_is_listed_too(office: Office) -> None:
    office.send({"type": "event", "distinct_id": "a", "name": "Bought", "properties": {}})
    httpx.post(
        f"{office.server.url}/v1/exports",
        json={"events": {"event": "Bought"}, "format": "jsonl"},
        headers=office.live.headers,
    ).raise_for_status()
    with office.browser(Role.EDITOR) as browser:
        page = finished(browser)
        assert "Bought of: Everybody." in seen(page)
        assert "1 rows," in seen(page)
