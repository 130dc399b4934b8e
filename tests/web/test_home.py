"""The start of an environment, as far as the server answers (D-06)."""

import re

import httpx
import pytest

from mien import clock
from mien.domain.members import Role
from tests.support.offices import Browser, Office

DAY = 86_400


def words(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def fill(office: Office) -> None:
    now = clock.now_ms() // 1_000

    def did(person: str, name: str, days: int) -> dict[str, object]:
        return {"type": "event", "distinct_id": person, "name": name, "at": now - days * DAY}

    office.send(
        did("ana", "Bought", 0),
        did("ana", "Seen", 0),
        did("bo", "Seen", 5),
        did("cy", "Seen", 20),
        {"type": "profile", "distinct_id": "di", "properties": {"x": 1}},
    )
    send_refused(office)


def send_refused(office: Office) -> None:
    bad = {"type": "profile", "distinct_id": "di", "properties": {"Email": "nope@"}}
    httpx.post(
        f"{office.server.url}/v1/batch", json={"records": [bad]}, headers=office.live.headers
    ).raise_for_status()


# D-06
def test_home_tells_who_is_there_and_what_they_do(office: Office) -> None:
    fill(office)
    with office.browser(Role.VIEWER) as browser:
        assert "Email is not valid" in words(browser, "/live")
        people = words(browser, "/live/home/people")
        assert "4 people in all 1 25.0 % active today" in people
        assert "2 50.0 % active in 7 days 3 75.0 % active in 30 days" in people
        new = words(browser, "/live/home/new?days=7")
        assert "3 new in these days; 3 of them are identified by now" in new
        assert "4 new in these days" in words(browser, "/live/home/new?days=30")
        assert browser.get("/live/home/new?days=90").text.count("chart-slot") == 90
        assert "Seen 2 66.7 % Bought 1 33.3 %" in words(browser, "/live/home/top?days=7")
        assert "Seen 3 75.0 %" in words(browser, "/live/home/top?days=30")
        health = words(browser, "/live/home/health")
        assert "Events 4 4 4 Changes of people 4 4 4 Refused records 1 1 1" in health
        assert "Up to date" in health
        assert "free; the record takes" in health


# D-07
def test_without_scripts_a_link_leads_to_a_part_that_stands_in_a_frame(office: Office) -> None:
    fill(office)
    with office.browser(Role.VIEWER) as browser:
        assert '<noscript><a href="/live/home/people">' in browser.get("/live").text
        part = browser.get("/live/home/people").text
        assert "Skip to the content" in part
        assert "<h1>Home</h1>" in part
        asked = browser.get("/live/home/people", headers={"HX-Request": "true"}).text
        assert "people in all" in asked
        assert "<h1>" not in asked


# D-06
def test_an_empty_environment_says_how_data_comes_in(office: Office) -> None:
    fill(office)
    with office.browser(Role.VIEWER) as browser:
        assert "Nothing has arrived in this environment yet" in words(browser, "/test")
        assert "0 people in all" in words(browser, "/test/home/people")
        assert "No event was done in these days" in words(browser, "/test/home/top")
        assert "Events 0 0 0" in words(browser, "/test/home/health")


# D-06
def test_where_all_was_refused_or_nobody_has_a_property_something_has_arrived(
    office: Office,
) -> None:
    send_refused(office)
    office.send({"type": "profile", "distinct_id": "di", "properties": {}}, key=office.test)
    with office.browser(Role.VIEWER) as browser:
        for path, said in (("/live", "Email is not valid"), ("/test", "Nothing was refused")):
            page = words(browser, path)
            assert "Nothing has arrived" not in page
            assert said in page


@pytest.mark.parametrize("path", ["", "/home/new", "/home/top"])
def test_a_range_that_there_is_not_is_refused(office: Office, path: str) -> None:
    with office.browser(Role.VIEWER) as browser:
        answer = browser.get(f"/live{path}?days=31")
        assert answer.status_code == 400
        assert "it is one of 7, 30, 90" in answer.text
        assert browser.get(f"/live{path}?days=x").status_code == 400
