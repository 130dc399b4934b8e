"""The pages of saved segments, as far as the server answers (D-02, D-06)."""

import re
from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx

from mien import clock
from mien.domain.ids import SegmentId
from mien.domain.members import Role
from mien.services.accounts import get_environment
from mien.store import segment_sizes
from mien.store.segment_sizes import DaySize
from tests.support.offices import Office

NASTY = "<script>alert(1)</script>"
GOLD = {"property": "plan", "op": "equals", "value": "gold"}


def save(office: Office, name: str, tree: Mapping[str, object] = GOLD) -> str:
    """Save a segment, and give its id."""
    answer = httpx.post(
        f"{office.server.url}/v1/segments",
        json={"name": name, "tree": tree, "description": f"{name} people"},
        headers=office.live.headers,
    ).raise_for_status()
    made: str = answer.json()["id"]
    return made


def people(office: Office, count: int, **properties: object) -> None:
    office.send(
        *(
            {"type": "profile", "distinct_id": f"p{n:02}", "properties": properties}
            for n in range(count)
        )
    )


# D-06
def test_segments_are_listed_with_their_sizes(office: Office) -> None:
    people(office, 3, plan="gold")
    office.send({"type": "profile", "distinct_id": "q", "properties": {}})
    made = save(office, NASTY)
    with office.browser(Role.VIEWER) as browser:
        page = browser.get("/live/segments").text
        assert NASTY not in page
        assert "&lt;script&gt;" in page
        assert f'hx-get="/live/segments/{made}/size"' in page
        size = browser.part(f"/live/segments/{made}/size")
        assert re.sub(r"<[^>]+>", "", size).split() == ["3", "75.0", "%"]
        assert "No segment of your own yet" in browser.get("/test/segments").text


# D-02
def test_a_segment_says_who_is_meant_and_lists_them(office: Office) -> None:
    people(office, 30, plan="gold")
    made = save(office, "Gold")
    with office.browser(Role.VIEWER) as browser:
        shown = browser.get(f"/live/segments/{made}").text
        assert "People whose plan is" in shown
        assert f'hx-get="/live/segments/{made}/people"' in shown
        size = browser.get(f"/live/segments/{made}/size?at=page").text
        assert "<b>30</b> <span" in size
        path = f"/live/segments/{made}/people"
        first = browser.get(path).text
        names = re.findall(r"people/mien_\w+\"><bdi>(p\d\d)", first)
        assert names == [f"p{n:02}" for n in range(25)]
        found = re.search(rf'href="({path}[^"]+after=[^"]+)"', first)
        assert found
        for headers in ({}, {"HX-Request": "true"}):
            rest = browser.get(found[1], headers=headers).text
            assert re.findall(r"people/mien_\w+\"><bdi>(p\d\d)", rest) == [
                f"p{n:02}" for n in range(25, 30)
            ]
        for page in ("", "/people", "/size"):
            assert browser.get(f"/test/segments/{made}{page}").status_code == 404
        assert "Nobody is in it" in browser.get("/live/segments/test-users/people").text


# S-06, B-08
def test_a_page_tells_why_somebody_is_in_a_segment_or_not(office: Office) -> None:
    office.send(
        {"type": "profile", "distinct_id": "ana", "properties": {"plan": NASTY, "Age": 30}},
        {"type": "event", "distinct_id": "ana", "name": "Charged", "properties": {"Amount": 7}},
        {"type": "profile", "distinct_id": "b1", "properties": {"Email": "b@example.com"}},
        {"type": "profile", "distinct_id": "b2", "properties": {"Email": "b@example.com"}},
    )
    made = save(
        office,
        "Mixed",
        {
            "any": [
                {
                    "all": [
                        {"property": "plan", "op": "equals", "value": NASTY},
                        {"did": "Charged", "where": [
                            {"property": "Amount", "op": "more_than", "value": 5}]},
                        {"not": {"device": [{"fact": "platform", "op": "exists"}]}},
                        {"channel": "email", "is": "undecided"},
                    ]
                },
                {"segment": "test-users"},
            ]
        },
    )  # fmt: skip
    path = f"/live/segments/{made}/why"
    with office.browser(Role.VIEWER) as browser:
        assert f'action="{path}"' in browser.get(f"/live/segments/{made}").text
        told = browser.get(path, params={"who": "ana"}).text
        assert "is in this segment" in told
        assert NASTY not in told
        assert "1 of 1 events of this name count" in told
        assert "<bdi>Amount</bdi>: <bdi>7</bdi>" in told
        assert "0 devices." in told
        assert "Nothing was said to this channel. Nothing can be sent: no address." in told
        told = browser.get(path, params={"who": "B@example.com"}).text
        assert "is not in this segment" in told
        assert "There is no value." in told
        assert "Others have the same address" in told
        assert "Nobody has this id" in browser.get(path, params={"who": "nobody"}).text
        assert browser.get(path).status_code == 200
        assert browser.get(f"/test/segments/{made}/why?who=ana").status_code == 404


# D-06
def test_sizes_over_time_are_drawn(office: Office) -> None:
    people(office, 2, plan="gold")
    made = save(office, "Gold")
    path = f"/live/segments/{made}"
    today = clock.today(ZoneInfo("Asia/Kolkata"))
    here = get_environment(office.store, office.live.account_id).environment_id
    with office.browser(Role.VIEWER) as browser:
        assert "Counted once a day" not in browser.get(path).text
        with office.store.write() as tx:
            for ago, size in ((0, 2), (1, 1_234), (40, 7), (400, 9)):
                day = (today - timedelta(days=ago)).isoformat()
                segment_sizes.save(tx, here, SegmentId(made), DaySize(day, size, 0))
        shown = browser.get(path).text
        assert "People: most on" in shown
        assert "1,234; last 2." in shown
        assert shown.count("<title>") == 1 + 3
        listed = browser.get(f"{path}/size").text
        assert "Last 30 days: from 1,234 to 2, most 1,234" in listed
