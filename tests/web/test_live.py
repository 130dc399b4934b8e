"""The live view, as far as the server answers (D-06)."""

import re
import signal
from collections.abc import Iterator

import httpx
import pytest

from mien.domain.members import Role
from mien.services.arriving import SHOWN_AT_ONCE
from mien.services.members import change_role
from tests.support.offices import Browser, Office
from tests.support.servers import Server

NASTY = "(script)\u202e"


def event(person: str, name: str) -> dict[str, object]:
    return {"type": "event", "distinct_id": person, "name": name}


def messages(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Give the name and the data of each event of a stream, beats left out."""
    name, data = "", list[str]()
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data.append(line.removeprefix("data: "))
        elif not line and name:
            yield name, "\n".join(data)
            name, data = "", []


def names(html: str) -> list[str]:
    return re.findall(r"<strong>(?:<a [^>]+>)?<bdi>(.*?)</bdi>", html)


# D-06
def test_what_came_last_is_shown_without_scripts_and_filtered(office: Office) -> None:
    office.send(event("ana", "Bought"), event("bo", f"Seen {NASTY}"))
    office.send({"type": "profile", "distinct_id": "ana", "properties": {"plan": "gold"}})
    bad = {"type": "profile", "distinct_id": "ana", "properties": {"Email": "nope@"}}
    httpx.post(
        f"{office.server.url}/v1/batch", json={"records": [bad]}, headers=office.live.headers
    ).raise_for_status()
    with office.browser(Role.VIEWER) as browser:
        page = browser.get("/live/live").text
        assert "\u202e" not in page
        assert {"Bought", "Profile made", "Added", "Email is not valid"} <= set(names(page))
        assert names(browser.get("/live/live?q=BOUGHT").text) == ["Bought"]
        assert names(browser.get("/live/live?q=plan").text) == ["Added"]
        assert names(browser.get("/live/live?q=bo&kind=event").text)[-1] == "Bought"
        assert names(browser.get("/live/live?kind=reject").text) == ["Email is not valid"]
        assert browser.get("/live/live?kind=other").status_code == 400
        assert names(browser.get("/test/live").text) == []
        assert "Nothing came yet" in browser.get("/test/live").text


# D-06
def test_a_stream_tells_what_arrives_in_its_environment_alone(office: Office) -> None:
    with (
        office.browser(Role.VIEWER) as browser,
        browser.stream("GET", "/live/live/stream?q=hat") as told,
    ):
        assert told.headers["content-type"].startswith("text/event-stream")
        assert told.headers["cache-control"] == "no-store"
        found = messages(told.iter_lines())
        office.send(event("ana", "Hat of test"), key=office.test)
        office.send(event("ana", "Shoe bought"))
        office.send(event("ana", "Hat bought"))
        name, html = next(found)
        assert (name, names(html)) == ("arrived", ["Hat bought"])


# D-06
def test_more_than_is_worth_showing_is_left_out_and_said(office: Office) -> None:
    office.send(event("ana", "First"))
    with (
        office.browser(Role.VIEWER) as browser,
        browser.stream("GET", "/live/live/stream?kind=event") as told,
    ):
        found = messages(told.iter_lines())
        assert names(next(found)[1]) == ["First"]
        office.send(*(event("ana", f"Event {n}") for n in range(SHOWN_AT_ONCE + 20)))
        html = next(found)[1]
        assert names(html)[0] == f"Event {SHOWN_AT_ONCE + 19}"
        assert len(names(html)) == SHOWN_AT_ONCE
        assert "More came here than is shown" in html


# D-01
@pytest.mark.parametrize("how", ["ended", "lowered"])
def test_a_stream_ends_with_its_session_and_with_another_role(office: Office, how: str) -> None:
    member = office.add(Role.EDITOR)
    token = office.sign_in(member)
    with (
        Browser(office.server, token) as browser,
        browser.stream("GET", "/live/live/stream") as told,
    ):
        found = messages(told.iter_lines())
        if how == "ended":
            office.end_session(token)
        else:
            change_role(office.store, member.email, Role.VIEWER, by=None)
        assert next(each for each in found if each[0] == "ended")[1].startswith("Your session")


# D-06
def test_a_server_that_stops_ends_its_streams_at_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    server = Server(tmp_path_factory.mktemp("data")).start()
    with (
        Office(server) as office,
        office.browser() as browser,
        browser.stream("GET", "/live/live/stream") as told,
    ):
        found = messages(told.iter_lines())
        office.send(event("ana", "Bought"))
        assert next(found)[0] == "arrived"
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        assert next(each for each in found if each[0] == "ended")[1].startswith("The server stops")
        assert server.process.wait(5) == 0
