"""Merging people by hand, taking them apart, and the lists of both (B-01, P-07, D-04)."""

import re
from collections.abc import Iterator, Mapping

import httpx
import pytest

from mien.domain.members import Role
from mien.services.audit import audit_page
from tests.support.offices import Browser, Office

NASTY = "<script>alert(1)</script>\u202e"


@pytest.fixture
def editor(office: Office) -> Iterator[Browser]:
    """Give a browser in which an editor is signed in."""
    with office.browser(Role.EDITOR) as browser:
        yield browser


@pytest.fixture
def two(office: Office) -> tuple[str, str]:
    """Give the objectIds of Ana and Bo, who have another plan each and share nothing."""
    office.send(
        {"type": "profile", "distinct_id": "ana", "properties": {"Name": "Ana", "plan": "gold"}},
        {"type": "profile", "distinct_id": "bo", "properties": {"Name": "Bo", "plan": "free", "x": 1}},
        {"type": "event", "distinct_id": "bo", "name": "Hat bought"},
        {"type": "profile", "distinct_id": "bo", "facebook_id": "fb", "properties": {"Email": "bo@a.org"}},
    )  # fmt: skip
    return office.object_id("ana"), office.object_id("bo")


def confuse(office: Office) -> None:
    """Send a record of Ana with the id of Bo, which suggests that they are one."""
    record = {
        "type": "profile",
        "distinct_id": "ana",
        "facebook_id": "fb",
        "properties": {"y": NASTY},
    }
    office.send(record)


def fields_of(page: str, action: str) -> dict[str, str]:
    """Give the hidden fields of the form that is sent to an address, its token left out."""
    form = page.partition(f'action="{action}"')[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in found if name != "_token"}


def profile(office: Office, **who: str) -> Mapping[str, object]:
    answer = httpx.get(
        f"{office.server.url}/v1/profile", params=who, headers=office.live.headers
    ).raise_for_status()
    found: Mapping[str, object] = answer.json()
    return found


def acts(office: Office) -> list[str]:
    """Give what the audit log says, the last first, without signing in."""
    found = audit_page(office.store, office.account.account.account_id, count=20)
    return [each.act for each in found if not each.act.startswith("signed")]


def merge(browser: Browser, one: str, other: str) -> httpx.Response:
    """Preview a merge and make it."""
    own = f"/live/people/{one}/merge"
    page = browser.get(own, params={"with": other}).text
    return browser.send_form(own, **fields_of(page, own))


# B-01, D-04
def test_a_merge_is_found_previewed_made_and_undone(
    office: Office, two: tuple[str, str], editor: Browser
) -> None:
    ana, bo = two
    found = editor.get(f"/live/people/{ana}/merges", params={"q": "bo@a.org"}).text
    assert f'href="/live/people/{ana}/merge?with={bo}"' in found
    preview = editor.get(f"/live/people/{ana}/merge", params={"with": bo}).text
    assert re.search(r"Ana</bdi></strong></a> stays and takes in .*?Bo</bdi>", preview)
    assert "with 1 event and the ids" in preview
    cells = re.findall(r"<td[^>]*>(?:<strong>)?<bdi>([^<]*)</bdi>", preview)
    assert cells[:4] == ["Name", "Ana", "Bo", "Ana"]
    assert "plan" in cells
    assert profile(office, distinct_id="bo")["object_id"] == bo
    made = merge(editor, ana, bo)
    assert made.url.path == f"/live/people/{ana}"
    assert "They are one person now. Merge 1 can be undone" in made.text
    assert profile(office, distinct_id="bo")["object_id"] == ana
    tab = editor.get(f"/live/people/{ana}/merges").text
    assert "a person decided" in tab
    undo = "/live/merges/1/undo"
    undone = editor.send_form(undo, **fields_of(tab, undo))
    assert undone.url.path == f"/live/people/{ana}/merges"
    assert "Merge 1 was undone" in undone.text
    assert "This person was one profile from the start." in undone.text
    assert profile(office, distinct_id="bo")["object_id"] == bo
    assert profile(office, distinct_id="bo")["properties"]["plan"] == "free"  # type: ignore[index]
    assert "was undone before" in editor.send_form(undo).text
    assert acts(office) == ["merge_undone", "people_merged"]
    listed = editor.get("/live/merges/made").text
    assert re.search(r"undone <time.*? by <bdi>Editor \d+", listed)
    assert undo not in listed


# B-01
def test_who_merges_by_an_old_preview_is_shown_the_new_one(
    office: Office, two: tuple[str, str], editor: Browser
) -> None:
    ana, bo = two
    own = f"/live/people/{ana}/merge"
    old = fields_of(editor.get(own, params={"with": bo}).text, own)
    office.send({"type": "profile", "distinct_id": "bo", "properties": {"plan": "platinum"}})
    refused = editor.send_form(own, **old)
    assert refused.status_code == 409
    assert "One of them changed since you looked." in refused.text
    assert "platinum" in refused.text
    assert profile(office, distinct_id="bo")["object_id"] == bo
    again = editor.send_form(own, **fields_of(refused.text, own))
    assert "They are one person now." in again.text
    twice = editor.send_form(own, **fields_of(refused.text, own))
    assert "They are one person already." in twice.text
    assert "They are one person already." in editor.get(own, params={"with": bo}).text


def test_a_merge_on_which_another_stands_is_undone_after_it(
    office: Office, two: tuple[str, str], editor: Browser
) -> None:
    ana, bo = two
    office.send({"type": "profile", "distinct_id": "cy", "properties": {}})
    merge(editor, ana, bo)
    merge(editor, ana, office.object_id("cy"))
    refused = editor.send_form("/live/merges/1/undo", person=ana)
    assert "Merge 2 came after it; undo that one first." in refused.text
    assert "Undo the later ones first" in refused.text
    with office.browser(Role.VIEWER) as viewer:
        assert "Undo the later ones first" not in viewer.get(f"/live/people/{ana}/merges").text
    assert profile(office, distinct_id="bo")["object_id"] == ana


# P-07, D-04
def test_suggested_merges_are_listed_hinted_and_dismissed(
    office: Office, two: tuple[str, str], editor: Browser
) -> None:
    ana, bo = two
    assert "No merge is suggested" in editor.get("/live/merges").text
    confuse(office)
    listed = editor.get("/live/merges").text
    assert re.search(
        r"FBID <span class=\"mono\"><bdi>fb</bdi>.*?by <bdi>first key", listed, re.DOTALL
    )
    hint = editor.get(f"/live/people/{bo}/hints").text
    assert re.search(rf'href="/live/people/{ana}"><bdi>Ana</bdi>', hint)
    for page in (listed, editor.get(f"/live/people/{bo}/merges").text):
        assert f"/merge?with={bo}" in page
    assert "No merge is suggested" in editor.get("/test/merges").text
    dismiss = "/live/merges/dismiss"
    back = editor.send_form(dismiss, **fields_of(listed, dismiss))
    assert back.url.path == "/live/merges"
    assert "They stay two people" in back.text
    assert "No merge is suggested" in back.text
    assert "suggested no longer" in editor.send_form(dismiss, one=ana, other=bo, person=bo).text
    assert editor.part(f"/live/people/{bo}/hints").strip() == ""
    assert acts(office) == ["suggestion_dismissed"]


def test_both_lists_go_on_page_by_page(office: Office, editor: Browser) -> None:
    def of(name: str, **more: str) -> list[dict[str, object]]:
        return [
            {
                "type": "profile",
                "distinct_id": f"{name}{n}",
                "properties": {"n": str(more)},
                **{kind: f"{value}{n}" for kind, value in more.items()},
            }
            for n in range(60)
        ]

    office.send(*of("a"), *of("b"))
    office.send(*of("b", google_id="g"))
    office.send(*of("a", google_id="g"))
    first = editor.get("/live/merges").text
    found = re.search(r'hx-get="(/live/merges\?after=[^"]+)"', first)
    assert found
    rest = editor.get(found[1], headers={"HX-Request": "true"}).text
    named = [set(re.findall(r"<bdi>(a\d+)</bdi>", page)) for page in (first, rest)]
    assert [len(each) for each in named] == [50, 10]
    assert not named[0] & named[1]
    for path in ("merges", "merges/made"):
        assert editor.get(f"/live/{path}", params={"after": "x"}).status_code == 400


def test_what_is_hostile_in_a_preview_is_text(
    office: Office, two: tuple[str, str], editor: Browser
) -> None:
    ana, bo = two
    office.send(
        {"type": "profile", "distinct_id": "bo", "properties": {"Name": NASTY, "plan": NASTY}}
    )
    confuse(office)
    pages = [
        editor.get(f"/live/people/{ana}/merge", params={"with": bo}).text,
        editor.get(f"/live/people/{ana}/merges", params={"q": "bo"}).text,
        editor.get(f"/live/people/{ana}/hints").text,
        editor.get("/live/merges").text,
    ]
    for page in pages:
        assert "&lt;script&gt;" in page
        assert "<script>" not in page
        assert "\u202e" not in page


def test_a_viewer_sees_merges_and_makes_none(office: Office, two: tuple[str, str]) -> None:
    ana, bo = two
    confuse(office)
    with office.browser(Role.VIEWER) as viewer:
        for path in ("people/" + ana + "/merges", "merges", "merges/made"):
            page = viewer.get(f"/live/{path}")
            assert page.status_code == 200
            forms = re.findall(
                r'<form [^>]*action="([^"]+)"', page.text.partition('id="content"')[2]
            )
            assert {each.rpartition("/")[2] for each in forms} <= {"download"}
            assert "/merge?with" not in page.text
        assert viewer.get(f"/live/people/{ana}/merge", params={"with": bo}).status_code == 403
        for path in (f"people/{ana}/merge", "merges/1/undo", "merges/dismiss"):
            assert viewer.send_form(f"/live/{path}").status_code == 403
    assert acts(office) == []


def test_merges_of_who_is_not_there_are_refused_in_a_sentence(
    office: Office, two: tuple[str, str], editor: Browser
) -> None:
    ana, bo = two
    own = f"/live/people/{ana}/merge"
    assert editor.get(own, params={"with": "mien_fffff"}).status_code == 404
    assert editor.get(f"/test/people/{ana}/merge", params={"with": bo}).status_code == 404
    assert editor.get(own).status_code == 400
    assert editor.send_form(own, **{"with": "a b"}).status_code == 404
    assert editor.send_form("/live/merges/99/undo").status_code == 404
    assert editor.send_form(f"/live/merges/{2**63}/undo").status_code in (400, 404)
    assert editor.send_form("/live/merges/dismiss", one="a b").status_code == 404
    assert acts(office) == []
