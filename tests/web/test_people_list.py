"""The list of everyone, and names that are found as one types, over HTTP (D-02, D-03)."""

import re
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from mien.domain.members import Role
from mien.services.accounts import get_environment
from mien.services.people_list import PeopleList
from mien.services.projection import Projection
from mien.services.reading import Reader
from mien.web.people_list import _asked as read_asked
from mien.web.people_list import _find as find
from mien.web.people_list import _list as list_people
from tests.support.copies import open_copy
from tests.support.offices import Browser, Office

NASTY = "<script>alert(1)</script>\u202egnp.exe\"' onload=x"
_NAMES = re.compile(r'people/mien_\w+"><bdi>([^<]*)')


def person(number: int, **properties: object) -> dict[str, object]:
    """Give a record of somebody."""
    named = {"Name": f"Person {number:02}"}
    return {"type": "profile", "distinct_id": f"p{number:02}", "properties": named | properties}


def seen(number: int, at: int) -> dict[str, object]:
    """Give a record of what somebody did."""
    return {"type": "event", "distinct_id": f"p{number:02}", "name": "Seen", "at": at}


def fresh(browser: Browser, path: str) -> str:
    """Give a page once the copy is up: a busy machine may take a while, and the page says so."""
    page, tries = browser.get(path).text, 100
    while 'list-note"' in page and (tries := tries - 1):
        time.sleep(0.1)
        page = browser.get(path).text
    return page


def names(page: str) -> list[str]:
    """Give the names in a list, without what they begin with."""
    return [name.removeprefix("Person ") for name in _NAMES.findall(page)]


def next_page(page: str) -> str | None:
    """Give the address of the next page."""
    found = re.search(r'rel="next" href="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else None


def listed(browser: Browser, query: str = "") -> list[list[str]]:
    """Give the names of all pages of a list."""
    pages, at = list[list[str]](), f"/live/people{query}"
    while at:
        page = fresh(browser, at)
        pages.append(names(page))
        at = next_page(page) or ""
    return pages


def in_table(office: Office, name: str) -> None:
    """Make a property a column."""
    httpx.patch(
        f"{office.server.url}/v1/definitions/properties",
        params={"name": name},
        json={"in_table": True},
        headers=office.live.headers,
    ).raise_for_status()


# D-03
def test_everyone_is_listed_page_by_page_who_was_seen_last_first(office: Office) -> None:
    now = 1_764_000_000
    office.send(*map(person, range(30)))
    office.send(*(seen(number, now + number * 60) for number in range(30)))
    numbers = [f"{number:02}" for number in range(30)]
    with office.browser(Role.VIEWER) as browser:
        first, rest = listed(browser, "?sort=first_seen&dir=asc")
        assert first + rest == numbers
        assert (len(first), len(rest)) == (25, 5)
        for by in ("name", "id"):
            first, rest = listed(browser, f"?sort={by}&dir=desc")
            assert first + rest == numbers[::-1]
        page = fresh(browser, "/live/people")
        assert names(page)[0] in numbers
        at = next_page(page)
        assert at
        assert "Back to the start" in browser.get(at).text
        # A place in one environment is none in the other, nor in another order.
        assert browser.get(at.replace("live", "test")).status_code == 400
        assert browser.get(f"{at}&sort=name").status_code == 400
        assert "No people yet" in browser.get("/test/people").text


# D-03
def test_filters_leave_just_those_who_are_meant_and_the_count_says_how_many(
    office: Office,
) -> None:
    office.send(
        person(1, **{"MSG-disabled": True}),
        person(2, ct_is_test_user="Yes"),
        person(3),
        {"type": "profile", "object_id": "dev", "properties": {"Name": "Person 04"}},
    )
    wanted = {
        "?state=disabled": ["01"],
        "?state=enabled": ["02", "03", "04"],
        "?test=only": ["02"],
        "?test=no&state=enabled": ["03", "04"],
        "?type=anonymous": ["04"],
        "?type=identified&state=enabled&test=no": ["03"],
        "?type=anonymous&state=disabled": [],
    }
    with office.browser(Role.VIEWER) as browser:
        for query, found in wanted.items():
            pages = listed(browser, f"{query}&sort=name&dir=asc")
            assert pages == [found], query
            count = browser.part(f"/live/people/count{query}")
            assert count.strip() == f"{len(found)} of 4", query
        assert browser.part("/live/people/count").strip() == "4"
        assert "Nobody is left" in browser.get("/live/people?type=anonymous&state=disabled").text
        page = browser.get("/live/people?state=disabled").text
        assert "Disabled</span>" in page
        assert 'value="disabled" selected' in page


# D-03
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sort=shoe", "last_seen"),
        ("dir=up", "asc, desc"),
        ("type=x", "identified"),
        ("state=%3Cb%3E", "enabled"),
        ("after=x", "open the list from its start"),
        ("q=a&after=x", "open the list from its start"),
    ],
)
def test_an_address_that_nobody_was_given_is_refused(office: Office, query: str, said: str) -> None:
    with office.browser(Role.VIEWER) as browser:
        answer = browser.get(f"/live/people?{query}")
    assert answer.status_code == 400
    assert said in answer.text
    assert "<b>" not in answer.text


# D-03
def test_the_columns_are_those_that_were_chosen(office: Office) -> None:
    office.send(person(1, plan="gold"), person(2, Age=7))
    in_table(office, "plan")
    with office.browser(Role.VIEWER) as browser:
        page = fresh(browser, "/live/people?sort=name")
        assert '<th scope="col" class="chosen"><bdi>plan</bdi></th>' in page
        assert '<div class="cell"><bdi>gold</bdi></div>' in page
        assert '<div class="cell"></div>' in page
        assert "<bdi>plan</bdi>" not in browser.get("/test/people").text


# D-03
def test_without_the_copy_the_newest_are_shown_and_why_and_ids_still_find(
    office: Office, tmp_path: Path
) -> None:
    office.send(person(1), person(2), {"type": "event", "object_id": "dev-1", "name": "Seen"})
    never = Projection(office.store, open_copy("duckdb", tmp_path))
    here = get_environment(office.store, office.account.live.account_id)
    visit: Any = SimpleNamespace(
        environment_id=here.environment_id,
        zone=ZoneInfo("UTC"),
        dashboard=SimpleNamespace(
            store=office.store,
            reader=Reader,
            people=PeopleList(never, fresh_seconds=0.01, query_seconds=1),
        ),
    )
    listed, problem = list_people(visit, read_asked({"state": "disabled", "sort": "name"}), None)
    assert [each.properties.get("Name") for each in listed.people] == [
        None,
        "Person 02",
        "Person 01",
    ]
    assert listed.rest is None
    assert "behind" in problem
    exact, named, problem = find(visit, "p01", None)
    assert [each.properties["Name"] for each in exact.people] == ["Person 01"]
    assert (list(named.people), named.rest) == ([], None)
    assert "behind" in problem
    never.analytics.close()


# D-02
@pytest.mark.parametrize(("people", "has_more"), [(25, False), (26, True)])
def test_more_are_said_to_share_an_address_where_more_do(
    office: Office, people: int, *, has_more: bool
) -> None:
    office.send(*(person(number, Email="shared@a.org") for number in range(people)))
    with office.browser(Role.VIEWER) as browser:
        page = browser.get("/live/people?q=shared@a.org").text
    assert len(names(page)) == 25
    assert ("More people share this address" in page) == has_more


# D-02
def test_a_name_is_found_by_the_beginnings_of_its_words(office: Office) -> None:
    office.send(
        {"type": "profile", "distinct_id": "ana", "properties": {"Name": "Élise Ana"}},
        {"type": "profile", "distinct_id": "x", "properties": {"Name": "Ana Silva"}},
        {"type": "profile", "distinct_id": "y", "properties": {"Name": "Diana"}},
    )
    with office.browser(Role.VIEWER) as browser:

        def found(text: str, kind: str = "live") -> list[str]:
            return _NAMES.findall(fresh(browser, f"/{kind}/people?q={text}"))

        # Whose id it is comes first, and once.
        assert found("ana") == ["Élise Ana", "Ana Silva"]
        assert found("SIL a") == ["Ana Silva"]
        assert found("eli") == ["Élise Ana"]
        assert found("iana") == []
        assert found("ana", "test") == []


# D-02
def test_of_many_with_a_name_there_are_more(office: Office) -> None:
    office.send(*map(person, range(30)))
    with office.browser(Role.VIEWER) as browser:
        page = fresh(browser, "/live/people?q=pers")
        assert names(page) == [f"{number:02}" for number in range(25)]
        more = re.search(r'href="([^"]+after=[^"]+)"', page)
        assert more
        headers = {"HX-Request": "true"}
        rest = browser.get(more[1].replace("&amp;", "&"), headers=headers).text
        assert names(rest) == [f"{number:02}" for number in range(25, 30)]
        assert "<html" not in rest


# D-02, D-03
def test_what_users_sent_is_text_in_lists(office: Office) -> None:
    office.send(
        {"type": "profile", "distinct_id": NASTY, "properties": {"Name": NASTY, "p": NASTY}}
    )
    in_table(office, "p")
    with office.browser(Role.VIEWER) as browser:
        for query in ("", "?q=script", "?sort=name"):
            page = fresh(browser, f"/live/people{query}")
            assert "U+202E" in page
            assert "<script>alert" not in page
            assert "\u202e" not in page


def test_lists_are_for_members_alone(office: Office) -> None:
    for path in ("/live/people", "/live/people/count"):
        answer = httpx.get(f"{office.server.url}{path}")
        assert answer.status_code == 303
        assert "/sign-in" in answer.headers["location"]


# D-03
def test_editors_choose_the_columns_from_the_list_and_the_audit_log_keeps_it(
    office: Office,
) -> None:
    office.send(person(1, plan="gold"))
    with office.browser(Role.EDITOR) as browser:
        path = "/live/people?state=enabled&sort=name&dir=asc"
        asked = {"state": "enabled", "sort": "name", "dir": "asc"}

        def choose(name: str, is_shown: str) -> str:
            form = {**asked, "column:name": name, "is_shown": is_shown}
            answer = browser.send_form("/live/people/columns", **form)
            assert str(answer.url).endswith(path)
            return answer.text

        assert '<th scope="col" class="chosen"><bdi>plan</bdi></th>' in choose("plan", "yes")
        assert '<th scope="col" class="chosen"><bdi>plan</bdi></th>' not in choose("plan", "no")
        for wrong, said in (("plam", "no definition"), ("", "Nothing was changed")):
            form = {"column:name": wrong, "is_shown": "yes"}
            assert said in browser.send_form("/live/people/columns", **form).text
        wrong_place = {"column:name": "plan", "is_shown": "yes", "sort": "//evil"}
        assert browser.send_form("/live/people/columns", **wrong_place).status_code == 400


# D-01, D-03
def test_viewers_neither_choose_columns_nor_export(office: Office) -> None:
    office.send(person(1))
    with office.browser(Role.VIEWER) as browser:
        page = fresh(browser, "/live/people")
        assert "Columns" not in page
        assert "/live/exports" not in page
        form = {"column:name": "Name", "is_shown": "yes"}
        assert browser.send_form("/live/people/columns", **form).status_code == 403
    with office.browser(Role.EDITOR) as browser:
        page = fresh(browser, "/live/people?state=disabled&type=anonymous")
        assert 'action="/live/exports"' in page
        assert "&#34;disabled&#34;:true" in page
