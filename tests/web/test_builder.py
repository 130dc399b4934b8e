"""The segment builder, as far as the server answers: without scripts every button is a form (D-02)."""

import html
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from mien.domain.members import Role
from mien.services import audit
from tests.support.offices import Browser, Office

NEW = "/live/segments/new"
GOLD = {"property": "plan", "op": "equals", "value": "gold"}
NASTY = '<script>alert(1)</script>"'
EVERYTHING: dict[str, Any] = {
    "any": [
        {"all": [GOLD, {"not": {"derived": "Age", "op": "between", "low": 25, "high": 30}}]},
        {
            "did": "Charged",
            "window": {"last_days": 30},
            "where": [
                {"property": "Amount", "op": "more_than", "value": 9.5},
                {"not": {"session": "utm_source", "op": "any_of", "values": ["mail", "sms"]}},
                {"not": {"items": "Items", "has": [
                    {"property": "Category", "op": "equals", "value": NASTY},
                    {"not": {"property": "Gift", "op": "equals", "value": True}},
                    {"property": "Tags", "op": "has_any", "values": ["new", "red"]},
                ]}},
            ],
            "first_time": True,
            "sum": {"of": "Amount", "op": "at_least", "value": 100},
        },
        {"not": {"did": "App Launched", "window": {"from": "2026-01-01"}}},
        {"device": [{"fact": "platform", "op": "equals", "value": "ios"}]},
        {"channel": "email", "is": "reachable", "group": "News"},
        {"property": "tags", "op": "has_any", "values": ["a", "b"]},
        {"property": "odd", "op": "any_of", "values": [1, True, "1", NASTY]},
        {"segment": "test-users"},
        {"disabled": True},
        {"test_user": True},
    ]
}  # fmt: skip


def fields_of(page: str) -> dict[str, str]:
    """Give what a browser sends for the form of the builder as it is on a page."""
    form = page[
        page.index('id="builder-form"') : page.index("</form>", page.index('id="builder-form"'))
    ]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = _attribute(tag, "name"), _attribute(tag, "value")
        if 'type="checkbox"' not in tag or " checked" in tag:
            found[name] = value
    for name, inner in re.findall(
        r'<textarea[^>]* name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL
    ):
        found[name] = html.unescape(inner)
    for name, inner in re.findall(
        r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        options = re.findall(r'<option value="([^"]*)"( selected)?', inner)
        chosen = next((value for value, is_chosen in options if is_chosen), options[0][0])
        found[name] = html.unescape(chosen)
    return found


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf' {name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""


def press(browser: Browser, page: str, do: str, path: str = NEW, **fields: str) -> httpx.Response:
    """Press a button of the builder that is on a page, with some fields filled in."""
    return browser.post(path, data=fields_of(page) | fields | {"do": do})


def save(office: Office, tree: object, name: str = "Some") -> str:
    answer = httpx.post(
        f"{office.server.url}/v1/segments",
        json={"name": name, "tree": tree},
        headers=office.live.headers,
    ).raise_for_status()
    made: str = answer.json()["id"]
    return made


def stored(office: Office, segment: str) -> dict[str, Any]:
    answer = httpx.get(f"{office.server.url}/v1/segments/{segment}", headers=office.live.headers)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def seen(page: str) -> str:
    """Give the text that people see."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def until(ask: Callable[[], str], wanted: str) -> str:
    """Ask until the copy for counting has caught up: it may say so at first on a busy machine."""
    page = ask()
    for _ in range(20):
        if wanted in seen(page):
            break
        time.sleep(0.5)
        page = ask()
    assert wanted in seen(page)
    return page


# D-02
def test_a_segment_is_built_button_by_button_counted_and_saved(office: Office) -> None:
    office.send(
        *(
            {
                "type": "profile",
                "distinct_id": f"p{n}",
                "properties": {"plan": "gold" if n else "free"},
            }
            for n in range(4)
        )
    )
    with office.browser(Role.EDITOR) as browser:
        page = browser.get(NEW).text
        assert "Everybody." in page
        page = press(browser, page, "add:p").text
        assert "A name is needed." in page
        page = press(browser, page, "update", **{"p.0:name": "plan"}).text
        assert "stands for the empty text" in page
        page = until(
            lambda: press(browser, page, "update", **{"p.0:value": "gold"}).text, "3 of 4 people"
        )
        assert 'People whose plan is "gold".' in seen(page)
        assert "75.0 %" in seen(page)
        done = press(browser, page, "save", name="Gold", description="Who pays.")
        assert "The segment Gold is saved." in done.text
        made = done.url.path.rpartition("/")[2]
        assert stored(office, made)["tree"] == GOLD
        assert stored(office, made)["description"] == "Who pays."
        assert stored(office, made)["source"].startswith("member:")


# D-02, S-02
def test_any_tree_of_the_api_is_opened_and_saved_as_it_is(office: Office) -> None:
    made = save(office, EVERYTHING)
    tree = stored(office, made)["tree"]
    path = f"/live/segments/{made}/edit"
    with office.browser(Role.EDITOR) as browser:
        page = browser.get(path).text
        assert NASTY not in page
        done = press(browser, page, "save", path, description="The same.")
        assert "is changed" in done.text
        assert stored(office, made)["tree"] == tree
        assert stored(office, made)["description"] == "The same."
        as_json = press(browser, page, "tab:json", path).text
        assert msgspec.json.decode(fields_of(as_json)["json"]) == tree
        again = press(browser, as_json, "tab:form", path).text
        assert fields_of(again).keys() == fields_of(page).keys()
        done = press(browser, as_json, "save", path, description="From JSON.")
        assert stored(office, made)["tree"] == tree


# D-01, D-02
def test_a_viewer_builds_and_counts_but_saves_changes_and_deletes_nothing(office: Office) -> None:
    made = save(office, GOLD)
    with office.browser(Role.VIEWER) as browser:
        page = press(browser, browser.get(NEW).text, "add:p").text
        assert "an editor can save" in page
        refused = press(browser, page, "save", name="Mine", **{"p.0:kind": "test_user"})
        assert refused.status_code == 403
        assert browser.get(f"/live/segments/{made}/edit").status_code == 403
        assert press(browser, page, "save", f"/live/segments/{made}/edit").status_code == 403
        assert press(browser, page, "", f"/live/segments/{made}/delete").status_code == 403
        shown = browser.get(f"/live/segments/{made}").text
        assert "/edit" not in shown
        assert "/delete" not in shown
    assert stored(office, made)["tree"] == GOLD


# D-02
def test_the_later_of_two_members_is_told_before_anything_is_overwritten(office: Office) -> None:
    made = save(office, GOLD)
    path = f"/live/segments/{made}/edit"
    token = office.sign_in(office.add(Role.EDITOR, name="Ana Söhne"))
    with Browser(office.server, token) as ana, office.browser(Role.EDITOR) as ben:
        first, second = ana.get(path).text, ben.get(path).text
        done = press(ana, first, "save", path, description="Ana's")
        assert done.status_code == 200
        told = press(ben, second, "save", path, description="Ben's")
        assert told.status_code == 409
        assert "Ana Söhne changed this segment while you did; nothing of yours" in seen(told.text)
        assert stored(office, made)["description"] == "Ana's"
        assert fields_of(told.text)["description"] == "Ben's"
        done = press(ben, told.text, "save", path)
        assert done.status_code == 200
        assert stored(office, made)["description"] == "Ben's"


# D-02
def test_a_change_of_who_is_in_a_segment_is_shown_before_it_is_saved(office: Office) -> None:
    office.send({"type": "profile", "distinct_id": "a", "properties": {"plan": "gold"}})
    made = save(office, GOLD)
    path = f"/live/segments/{made}/edit"
    with office.browser(Role.EDITOR) as browser:
        page = browser.get(path).text
        asked = until(
            lambda: press(browser, page, "save", path, **{"p.0:value": "free"}).text,
            "1 person before, 0 after.",
        )
        assert stored(office, made)["tree"] == GOLD
        done = press(browser, asked, "confirm", path)
        assert "is changed" in done.text
        assert stored(office, made)["tree"] == {**GOLD, "value": "free"}


# D-02
def test_what_cannot_be_saved_comes_back_filled_with_the_reason_where_it_is(office: Office) -> None:
    save(office, GOLD, "Gold")
    with office.browser(Role.EDITOR) as browser:
        page = press(browser, browser.get(NEW).text, "add:p").text
        filled = {"p.0:name": "plan", "p.0:op": "at_least", "p.0:value": "many", "name": "Gold"}
        wrong = press(browser, page, "save", **filled)
        assert wrong.status_code == 400
        assert "A number is needed, such as 25 or 0.5." in wrong.text
        assert "Nothing is saved yet" in wrong.text
        assert fields_of(wrong.text)["p.0:value"] == "many"
        taken = press(browser, wrong.text, "save", **{"p.0:value": "3"})
        assert taken.status_code == 409
        assert "Another segment has this name already." in taken.text
        unnamed = press(browser, taken.text, "save", name="")
        assert unnamed.status_code == 400
        assert "It needs 1 to 200 characters" in unnamed.text


# D-06
def test_a_segment_is_deleted_unless_others_are_made_of_it(office: Office) -> None:
    made = save(office, GOLD, "Gold")
    user = save(office, {"segment": made}, NASTY)
    delete = f"/live/segments/{made}/delete"
    with office.browser(Role.EDITOR) as browser:
        shown = browser.get(f"/live/segments/{made}").text
        assert "Other segments are made of it" in shown
        assert NASTY not in shown
        assert "is part of" in browser.send_form(delete, seen_on=NEW).text
        page = browser.get(f"/live/segments/{user}").text
        assert "No other segment is made of it." in page
        done = browser.send_form(f"/live/segments/{user}/delete", seen_on=NEW)
        assert "is deleted" in done.text
        assert browser.send_form(delete, seen_on=NEW).url.path == "/live/segments"
        assert browser.get(f"/live/segments/{made}").status_code == 404
        assert browser.send_form(delete, seen_on=NEW).status_code == 404
        assert browser.get("/live/segments/test-users/edit").status_code == 409


# D-01, S-02
def test_live_and_test_have_segments_of_their_own(office: Office) -> None:
    made = save(office, GOLD)
    with office.browser(Role.EDITOR) as browser:
        assert browser.get(f"/test/segments/{made}/edit").status_code == 404
        assert browser.get(f"/test/segments/new?like={made}").status_code == 404
        page = browser.get("/test/segments/new").text
        filled = {"p.0:kind": "segment", "p.0:segment": made}
        page = press(browser, page, "update", "/test/segments/new", **filled).text
        assert f"there is no segment '{made}'" in html.unescape(page)


# D-02, S-07
def test_names_and_trees_of_any_kind_are_text_on_the_page(office: Office) -> None:
    hostile = "</textarea><script>alert(1)</script>\u202e"
    tree = {"property": "a", "op": "any_of", "values": [hostile, "line\nline", " "]}
    made = save(office, tree, "<script>alert(2)</script>")
    with office.browser(Role.EDITOR) as browser:
        page = browser.get(f"/live/segments/{made}/edit").text
        assert "<script>alert" not in page
        assert "\u202e" not in fields_of(page)["p.0:values"]
        as_json = press(browser, page, "tab:json", f"/live/segments/{made}/edit").text
        assert "<script>alert" not in as_json
        assert stored(office, made)["tree"]["values"] == sorted(tree["values"])


# D-02
def test_a_form_that_no_page_sent_is_refused_with_a_sentence(office: Office) -> None:
    with office.browser(Role.EDITOR) as browser:
        page = browser.get(NEW).text
        for do, fields in (
            ("explode:p", {}),
            ("remove:p", {}),
            ("remove:p.7", {}),
            ("add:q", {}),
            ("fact:p", {}),
            ("update", {"p:kind": "property"}),
            ("update", {"p.0:kind": "nothing"}),
            ("update", {f"p{'.0' * n}:kind": "all" for n in range(30)}),
        ):
            answer = press(browser, page, do, **fields)
            assert answer.status_code == 400, (do, fields)
        token = fields_of(page)["_token"]
        for text in ("", "{", "[" * 100_000, '{"like": 1}'):
            answer = browser.post("/live/segments/count", data={"_token": token, "tree": text})
            assert answer.status_code == 400, text[:20]
        assert browser.get("/live/segments/choices?of=nothing").status_code == 400
        deep = "[" * 5_000
        wrong = browser.post(NEW, data={"_token": token, "tab": "json", "json": deep})
        assert "deeper than 16 levels" in wrong.text


# D-02
def test_names_are_offered_as_one_types(office: Office) -> None:
    office.send(
        {"type": "profile", "distinct_id": "a", "properties": {"Plan": "x", "my plan": 1}},
        {"type": "event", "distinct_id": "a", "name": "Planned", "properties": {"plan b": True}},
    )
    asked = "/live/segments/choices"
    with office.browser(Role.VIEWER) as browser:
        found = browser.part(asked, **{"of": "property", "p.0:name": "pLAN"})
        assert re.findall(r'value="([^"]+)"', found) == ["Plan", "my plan"]
        assert "my plan · integer" in found
        found = browser.part(asked, **{"of": "event", "p.0:name": "p"})
        assert "Planned" in found
        assert "App Launched" in found
        of_event = {"of": "event_property", "event": "planned", "p.0.0:name": ""}
        assert "plan b · boolean" in browser.part(asked, **of_event)
        assert browser.part(asked, **of_event | {"event": "never"}).strip() == ""


# D-02
def test_values_are_offered_that_people_have_most(office: Office) -> None:
    office.send(
        *(
            {
                "type": "profile",
                "distinct_id": f"p{n}",
                "properties": {"plan": NASTY if n else "go"},
            }
            for n in range(3)
        ),
        {"type": "event", "distinct_id": "p1", "name": "Went", "properties": {"to": "Rome"}},
    )
    asked = "/live/segments/choices"

    def offered(**params: str) -> list[str]:
        found = browser.part(asked, **{"of": "value", **params})
        return [html.unescape(each) for each in re.findall(r'value="([^"]*)"', found)]

    with office.browser(Role.VIEWER) as browser:
        until(lambda: " ".join(offered(name="plan")), "go")
        assert offered(name="plan") == [NASTY, "go"]
        assert offered(name="plan", **{"p.0:value": "G"}) == ["go"]
        assert offered(name="to", event="went") == ["Rome"]
        assert offered(name="never") == []
        assert offered(name="to", event=" ") == []


# D-02
def test_a_refusal_of_a_part_of_a_page_leaves_the_page_as_it_is(office: Office) -> None:
    with office.browser(Role.EDITOR) as browser:
        refused = browser.post(NEW, data={"_token": "old"}, headers={"HX-Request": "true"})
        assert refused.status_code == 403
        assert refused.headers["HX-Retarget"] == "#refusal"
        assert "open for too long" in refused.text
        assert "<html" not in refused.text


# D-02, S-04
def test_a_question_without_an_answer_says_why_in_its_place(office: Office) -> None:
    with office.browser(Role.VIEWER) as browser:
        for part in ("count", "sample"):
            asked = {"tree": '{"segment":"99"}'}
            said = browser.send_form(f"/live/segments/{part}", seen_on=NEW, **asked)
            assert said.status_code == 200
            assert "there is no segment" in said.text


# D-02
def test_a_type_of_people_is_chosen_and_any_other_text_is_kept(office: Office) -> None:
    tree = {"derived": "Type", "op": "equals", "value": "odd"}
    made = save(office, tree)
    with office.browser(Role.EDITOR) as browser:
        page = browser.get(f"/live/segments/{made}/edit").text
        assert fields_of(page)["p.0:value"] == "odd"
        page = press(browser, browser.get(NEW).text, "add:p").text
        page = press(browser, page, "update", **{"p.0:kind": "derived", "p.0:name": "Type"}).text
        page = press(browser, page, "update", **{"p.0:name": "Type"}).text
        assert '<option value="identified"' in page
        page = press(browser, page, "update", **{"p.0:value": "anonymous"}).text
        assert "whose Type is" in page


# D-02
def test_a_form_that_is_sent_twice_is_saved_once(office: Office) -> None:
    with office.browser(Role.EDITOR) as browser:
        page = press(browser, browser.get(NEW).text, "add:p", name="Testers").text
        page = press(browser, page, "update", **{"p.0:kind": "test_user"}).text
        first, second = press(browser, page, "save"), press(browser, page, "save")
        assert first.url == second.url
        assert "The segment Testers is saved." in second.text
        path = f"{first.url.path}/edit"
        page = browser.get(path).text
        for _ in range(2):
            changed = press(browser, page, "confirm", path, **{"p.0:kind": "disabled"})
            assert "The segment Testers is changed." in changed.text
    entries = audit.audit_page(office.store, office.account.account.account_id, count=9)
    assert [each.act for each in entries] == ["segment_changed", "segment_created"]
