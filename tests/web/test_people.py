"""Finding people and the page of one person, as far as the server answers (D-02, D-04)."""

import re
from collections.abc import Mapping

import pytest

from mien.domain.members import Role
from tests.support.offices import Browser, Office

NASTY = "<script>alert(1)</script>\u202egnp.exe\"' onload=x"


def send(office: Office, *records: Mapping[str, object]) -> str:
    """Send records, and give the objectId of Ana, if she is among them."""
    office.send(*records)
    return office.object_id("ana") if any("ana" in each.values() for each in records) else ""


def ana(**properties: object) -> dict[str, object]:
    """Give a record of Ana."""
    return {"type": "profile", "distinct_id": "ana", "properties": {"Name": "Ana", **properties}}


# D-02
@pytest.mark.parametrize("text", ["ana", "ana@example.com", "+14155551234", "14155551234"])
def test_one_box_finds_by_id_email_and_phone(office: Office, text: str) -> None:
    object_id = send(office, ana(Email="ana@example.com", Phone="+14155551234"))
    with office.browser(Role.VIEWER) as browser:
        page = browser.get("/live/people", params={"q": text}).text
        assert f'href="/live/people/{object_id}"' in page
        assert "Nobody has this" in browser.get("/test/people", params={"q": text}).text


def test_a_script_of_the_page_gets_the_results_alone(office: Office) -> None:
    send(office, ana())
    with office.browser(Role.VIEWER) as browser:
        headers = {"HX-Request": "true"}
        part = browser.get("/live/people", params={"q": "ana"}, headers=headers).text
        assert "Ana" in part
        assert "<html" not in part


# D-04
def test_the_page_of_a_person_tells_who_it_is(office: Office) -> None:
    device = {"platform": "Web", "browser": "Firefox", "country": "CH", "time_zone": "Asia/Tokyo"}
    object_id = send(
        office,
        ana(plan="gold", ct_is_test_user="Yes", joined="$D_20260102"),
        {"type": "event", "distinct_id": "ana", "object_id": "dev-1", "name": "Hat bought",
         "properties": {"Amount": 9.5}, "device": device},
    )  # fmt: skip
    with office.browser(Role.VIEWER) as browser:
        page = browser.get(f"/live/people/{object_id}").text
        for text in ("Ana", "Identified", "Test profile", "dev-1", "gold", "2 Jan 2026",
                     "Hat bought", "CH", "Their time"):  # fmt: skip
            assert text in page, text
        devices = browser.get(f"/live/people/{object_id}/devices").text
        assert "Firefox" in devices
        assert "not taken" in devices
        changes = browser.get(f"/live/people/{object_id}/changes").text
        assert "Profile made" in changes
        assert "by <bdi>first key (API)</bdi>" in changes
        activity = browser.get(f"/live/people/{object_id}/activity").text
        assert "Amount" in activity


def test_times_are_of_the_accounts_time_zone_with_the_exact_one_beside(office: Office) -> None:
    record = {"type": "event", "distinct_id": "ana", "name": "Seen", "at": 1_764_000_000}
    object_id = send(office, record)
    with office.browser(Role.VIEWER) as browser:
        page = browser.get(f"/live/people/{object_id}/activity").text
    assert '<time datetime="2025-11-24T16:00:00Z" title="2025-11-24 21:30:00 ' in page
    assert '(UTC+0530)">21:30:00</time>' in page
    assert "24 Nov 2025" in page


def test_what_was_done_before_they_were_known_is_grey(office: Office) -> None:
    send(office, ana())
    send(office, {"type": "event", "object_id": "dev-1", "name": "Looked"})
    object_id = send(office, {**ana(), "object_id": "dev-1"})
    with office.browser(Role.VIEWER) as browser:
        page = browser.get(f"/live/people/{object_id}/activity").text
    assert re.search(r'class="entry grey">.*?Looked.*?before they were known', page, re.DOTALL)


def test_activity_goes_on_page_by_page(office: Office) -> None:
    events = [
        {"type": "event", "distinct_id": "ana", "name": f"Step {number:03}", "at": 1_764_000_000}
        for number in range(60)
    ]
    object_id = send(office, *events)
    with office.browser(Role.VIEWER) as browser:
        first = browser.get(f"/live/people/{object_id}/activity").text
        found = re.search(r'href="([^"]+activity\?after=[^"]+)"', first)
        assert found
        rest = browser.get(found[1], headers={"HX-Request": "true"}).text
    assert len(re.findall(r"<strong><bdi>Step \d{3}", first)) == 50
    assert len(re.findall(r"<strong><bdi>Step \d{3}", rest)) == 10
    assert "<html" not in rest


# D-04
def test_what_users_sent_is_text_everywhere(office: Office) -> None:
    object_id = send(
        office,
        ana(Name=NASTY, note=NASTY, list=[NASTY], **{"a\u202eb": "x"}),
        {"type": "event", "distinct_id": "ana", "name": "\u202eevil", "properties": {"p": NASTY}},
        {**ana(Name=f"{NASTY}2"), "object_id": "dev-1"},
    )
    with office.browser(Role.VIEWER) as browser:
        pages = [browser.get("/live").text, browser.get("/live/people").text]
        pages += [
            browser.get(f"/live/people/{object_id}{tab}").text
            for tab in ("", "/activity", "/changes", "/devices")
        ]
        pages.append(browser.get("/live/people", params={"q": NASTY}).text)
    # The box keeps what was typed, in an attribute.
    for page in (re.sub(r'value="[^"]*"|q=\S+', "", each) for each in pages):
        assert "<script>" not in page
        assert "\u202e" not in page
        assert not re.search(r"<[^>]+ onload=x", page)
    assert "&lt;script&gt;" in pages[1]
    assert "U+202E" in pages[1]


@pytest.mark.parametrize("value", ["$D_99999999999", "$D_-99999999999", "$D_0", "$D_20269999"])
def test_a_date_that_no_calendar_has_is_shown_as_it_is(office: Office, value: str) -> None:
    object_id = send(office, ana(when=value))
    with office.browser(Role.VIEWER) as browser:
        assert browser.get(f"/live/people/{object_id}").status_code == 200


def test_a_text_without_letters_is_called_empty(office: Office) -> None:
    object_id = send(office, ana(plan=""))
    with office.browser(Role.VIEWER) as browser:
        page = re.sub(r"<[^>]+>|\s+", " ", browser.get(f"/live/people/{object_id}").text)
        assert re.search(r"plan +empty +string", page)


def test_an_old_address_leads_to_who_it_is_now(office: Office) -> None:
    object_id = send(office, {**ana(), "object_id": "dev-1"})
    with office.browser(Role.VIEWER) as browser:
        assert browser.get("/live/people/dev-1").url.path == f"/live/people/{object_id}"


@pytest.mark.parametrize("name", ["mien_fffff", "nobody", "a b", "%00", "x" * 2_000])
def test_nobody_is_said_in_a_sentence(office: Office, name: str) -> None:
    with office.browser(Role.VIEWER) as browser:
        for tab in ("", "/activity", "/changes", "/devices"):
            page = browser.get(f"/live/people/{name}{tab}")
            assert page.status_code == 404
            assert "This person is not here" in page.text


def test_a_person_of_one_environment_is_not_in_the_other(office: Office) -> None:
    object_id = send(office, ana())
    with Office(office.server) as other, other.browser() as foreign, office.browser() as own:
        assert own.get(f"/live/people/{object_id}").status_code == 200
        assert own.get(f"/test/people/{object_id}").status_code == 404
        # Numbers are per environment on one engine: whoever is there is somebody else.
        assert "Ana" not in foreign.get(f"/live/people/{object_id}").text


@pytest.mark.parametrize("after", ["", "x", "\u00e9", "A" * 100])
def test_a_place_that_was_not_given_is_refused(office: Office, after: str) -> None:
    object_id = send(office, ana())
    with office.browser(Role.VIEWER) as browser:
        for path in ("people", f"people/{object_id}/activity", f"people/{object_id}/changes"):
            assert browser.get(f"/live/{path}", params={"after": after}).status_code == 400


def test_a_text_that_is_too_long_is_refused(office: Office) -> None:
    with office.browser(Role.VIEWER) as browser:
        assert browser.get("/live/people", params={"q": "x" * 4_097}).status_code == 400


def test_every_person_needs_signing_in(stranger: Browser) -> None:
    assert stranger.get("/live/people/mien_1").url.path == "/sign-in"
