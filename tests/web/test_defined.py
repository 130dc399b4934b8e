"""The pages of properties and events, as far as the server answers (D-05, P-14)."""

import re

import httpx
import pytest

from mien.domain.members import Role
from mien.services import audit
from tests.support.offices import Browser, Office

NASTY = "<script>alert(1)\u202e"
EVENT = {"type": "event", "distinct_id": "ana", "name": "Bought", "properties": {"item": "tea"}}


def people(office: Office, *plans: object) -> None:
    office.send(
        *(
            {"type": "profile", "distinct_id": f"p{n}", "properties": {"plan": plan}}
            for n, plan in enumerate(plans)
        )
    )


def address(browser: Browser, what: str, name: str) -> str:
    """Give the path of the page of a property or an event, as the list links to it."""
    text = browser.get(f"/live/{what}", params={"q": name}).text
    found = re.search(rf'href="(/live/{what}/\d+)"><bdi>{re.escape(name)}<', text)
    assert found, text
    return found[1]


def words(text: str) -> list[str]:
    return re.sub(r"<[^>]+>", " ", text).split()


# D-05
def test_properties_are_listed_with_what_is_known_of_each(office: Office) -> None:
    people(office, "gold", "free", 7)
    office.send({"type": "profile", "distinct_id": "q", "properties": {"Email": "a@b.cc"}})
    with office.browser(Role.VIEWER) as browser:
        page = browser.get("/live/properties").text
        assert "Mixed" in page
        assert "1 conflict<" in page
        assert "Standard" in page
        assert "Counting…" in page
        found = re.search(r'<tbody hx-get="([^"]+)"', page)
        assert found
        filled = words(
            browser.get(found[1].replace("&amp;", "&"), headers={"HX-Request": "1"}).text
        )
        assert " ".join(filled).count("3 75.0 %") == 1
        assert " ".join(filled).count("1 25.0 %") == 1
        assert "No properties yet" in browser.get("/test/properties").text


# D-05
def test_events_are_listed_with_who_did_them(office: Office) -> None:
    people(office, "gold")
    office.send(EVENT, EVENT)
    with office.browser(Role.VIEWER) as browser:
        text = " ".join(words(browser.get("/live/events", params={"filled": "1"}).text))
        assert "Bought 1 50.0 % 2 just now just now first key" in text
        assert "No events yet" in browser.get("/test/events").text


# D-05
def test_ten_thousand_properties_are_paged_and_found_by_a_part_of_the_name(office: Office) -> None:
    names = [f"prop{n:05}" for n in range(10_000)]
    for start in range(0, 10_000, 500):
        office.send(
            *(
                {"type": "profile", "distinct_id": f"p{n}",
                 "properties": dict.fromkeys(names[n : n + 100], 1)}
                for n in range(start, start + 500, 100)
            )
        )  # fmt: skip
    with office.browser(Role.VIEWER) as browser:
        seen: list[str] = []
        path = "/live/properties"
        for _ in range(3):
            page = browser.get(path).text
            seen += re.findall(r"<bdi>(prop\d+)<", page)
            found = re.search(r'<a class="btn" href="([^"]+after=[^"]+)"', page)
            assert found
            path = found[1].replace("&amp;", "&")
        assert seen == names[:150]
        page = browser.get("/live/properties", params={"q": "PROP0999"}).text
        assert re.findall(r"<bdi>(prop\d+)<", page) == names[9_990:]
        assert "Show more" not in page
        assert "No property is called so" in browser.get("/live/properties?q=zzz").text
        filled = browser.get("/live/properties", params={"q": "prop0999", "filled": "1"}).text
        assert " ".join(words(filled)).count("1 1.0 %") == 10


# D-05
def test_the_page_of_a_property_shows_its_values_as_bars(office: Office) -> None:
    people(office, "gold", "gold", NASTY, 1.5)
    office.send({"type": "profile", "distinct_id": "q", "properties": {"tags": ["a", "b"]}})
    with office.browser(Role.VIEWER) as browser:
        path = address(browser, "properties", "plan")
        assert "Most frequent values" in browser.get(path).text
        values = browser.part(f"{path}/values")
        assert "<script" not in values
        assert "4 of 5 people have it" in values
        assert '<rect width="100.0%"' in values
        assert "50.0 %" in values
        tags = browser.get(address(browser, "properties", "tags") + "/values").text
        assert "Values that are lists are not ranked" in tags
        assert browser.get(path.replace("live", "test")).status_code == 404
        assert browser.get("/live/properties/999999999").status_code == 404
        email = {"type": "profile", "distinct_id": "q", "properties": {"Email": "a@b.cc"}}
        office.send(email)
        assert "A standard field" in browser.get(address(browser, "properties", "Email")).text


# D-05
def test_the_page_of_an_event_shows_its_days_people_and_properties(office: Office) -> None:
    office.send(EVENT, EVENT, {**EVENT, "properties": {"item": "milk"}})
    with office.browser(Role.VIEWER) as browser:
        path = address(browser, "events", "Bought")
        page = browser.get(path).text
        found = re.search(rf'href="({path}/properties/\d+)"><bdi>item<', page)
        assert found
        days = browser.get(f"{path}/days?days=90").text
        assert "3 times in these days. 1 of 1 person ever did it" in days
        assert days.count('<rect class="chart-slot"') == 90
        assert "Most frequent values" in browser.get(found[1]).text
        values = words(browser.get(f"{found[1]}/values").text)
        assert values[values.index("tea") :][:4] == ["tea", "2", "66.7", "%"]
        other = address(browser, "events", "Bought").rsplit("/", 1)[0] + "/999999"
        assert browser.get(other).status_code == 404


# D-05
def test_the_properties_of_an_event_are_paged(office: Office) -> None:
    names = [f"trait{n:03}" for n in range(120)]
    office.send({**EVENT, "properties": dict.fromkeys(names, 1)})
    with office.browser(Role.VIEWER) as browser:
        path, seen = address(browser, "events", "Bought"), list[str]()
        while path:
            page = browser.get(path).text
            seen += re.findall(r"<bdi>(trait\d+)<", page)
            found = re.search(r'<a class="btn" href="([^"]+after=[^"]+)"', page)
            path = found[1].replace("&amp;", "&") if found else ""
    assert seen == names


# P-14
def test_an_editor_describes_and_marks_and_the_audit_log_has_it(office: Office) -> None:
    people(office, "gold")
    with office.browser(Role.EDITOR) as browser:
        path = address(browser, "properties", "plan")
        done = browser.send_form(
            f"{path}/description", description=f"What they pay.\r\n{NASTY}", was=""
        )
        assert done.status_code == 200
        assert "The description is saved" in done.text
        assert "&lt;script&gt;" in done.text
        assert "<script>alert" not in done.text
        assert "Inactive" in browser.send_form(f"{path}/state", state="inactive").text
        assert "It is active again" in browser.send_form(f"{path}/state", state="active").text
        assert browser.send_form(f"{path}/state", state="gone").status_code == 400
        assert browser.send_form(f"{path}/state", state="discarded").status_code == 400
    acts = [each.act for each in audit.audit_page(office.store, office.account.account.account_id, count=3)]  # fmt: skip
    assert acts == ["definition_activated", "definition_deactivated", "definition_described"]


# P-14
def test_who_describes_what_another_member_described_meanwhile_is_told(office: Office) -> None:
    people(office, "gold")
    with office.browser(Role.EDITOR) as one, office.browser(Role.EDITOR) as other:
        path = address(one, "properties", "plan")
        other.send_form(f"{path}/description", description="Theirs", was="")
        refused = one.send_form(f"{path}/description", description="Mine", was="")
        assert refused.status_code == 409
        assert "nothing was saved" in refused.text
        assert "What is saved now: <bdi>Theirs</bdi>" in refused.text
        assert ">Mine</textarea>" in refused.text
        assert (
            "is saved"
            in one.send_form(f"{path}/description", description="Mine", was="Theirs").text
        )
        long = one.send_form(f"{path}/description", description="x" * 1_001, was="Mine")
        assert long.status_code == 400
        assert "the limit is 1,000" in long.text
        assert "x" * 1_001 in long.text


# P-14, U-23
def test_a_discarded_event_is_refused_and_taken_again_when_active(office: Office) -> None:
    office.send(EVENT)

    def codes() -> list[int]:
        answer = httpx.post(
            f"{office.server.url}/v1/batch", json={"records": [EVENT]}, headers=office.live.headers
        )
        return [each.get("code", 0) for each in answer.json()["results"]]

    with office.browser(Role.EDITOR) as browser:
        path = address(browser, "events", "Bought")
        said = browser.send_form(f"{path}/state", state="discarded").text
        assert "rejected with code 528" in said
        assert codes() == [528]
        browser.send_form(f"{path}/state", state="active")
        assert codes() == [0]
        found = re.search(rf'href="({path}/properties/\d+)"', browser.get(path).text)
        assert found
        of_event = browser.send_form(f"{found[1]}/description", description="What", was="")
        assert "is saved" in of_event.text
        assert "Inactive" in browser.send_form(f"{found[1]}/state", state="inactive").text


# D-05
def test_a_property_is_added_before_its_first_value(office: Office) -> None:
    with office.browser(Role.EDITOR) as browser:
        added = browser.send_form("/live/properties", name=" tier ", description="How much")
        assert "The property is added" in added.text
        assert "Not known yet" in added.text
        assert "Never" in added.text
        again = browser.send_form("/live/properties", name="tier", description="Again")
        assert (again.status_code, "is known already" in again.text) == (409, True)
        assert 'value="Again"' in again.text
        bad = browser.send_form("/live/properties", name="a.b", description="")
        assert bad.status_code == 400
        assert 'value="a.b"' in bad.text
        assert "tier" not in browser.get("/test/properties").text


# D-03, D-05
def test_a_property_becomes_a_column_of_the_table_and_none_again(office: Office) -> None:
    properties = {f"p{n:02}": n for n in range(60)}
    office.send({"type": "profile", "distinct_id": "ana", "properties": properties})
    with office.browser(Role.EDITOR) as browser:
        paths = [address(browser, "properties", name) for name in properties]
        answers = [browser.send_form(f"{path}/table", shown="yes") for path in paths]
        shown = [
            each for each in answers if "It is a column of the table of people now" in each.text
        ]
        full = [each for each in answers if each.status_code == 409]
        assert len(shown) + len(full) == 60
        assert full
        assert all("take one out first" in each.text for each in full)
        assert browser.get("/live/properties?q=p00").text.count(">Column<") == 1
        hidden = browser.send_form(f"{paths[0]}/table", shown="no").text
        assert "It is no column any more" in hidden
        assert browser.send_form(f"{paths[-1]}/table", shown="yes").status_code == 200


# D-01
@pytest.mark.parametrize("what", ["", "/description", "/state", "/table"])
def test_a_viewer_changes_no_definition(office: Office, what: str) -> None:
    people(office, "gold")
    with office.browser(Role.VIEWER) as browser:
        path = address(browser, "properties", "plan")
        page = browser.get(path).text
        assert "<textarea" not in page
        assert "Mark inactive" not in page
        assert "Add a property" not in browser.get("/live/properties").text
        sent = f"{path}{what}" if what else "/live/properties"
        refused = browser.send_form(sent, name="x", description="x", was="", state="inactive")
        assert refused.status_code == 403
        assert "x" not in words(browser.get("/live/properties").text)
