"""Properties on the page of a person: edited, added, removed, with their history (D-04, B-04)."""

import re
from collections.abc import Iterator

import httpx
import pytest

from mien.domain.members import Role
from mien.services.audit import audit_page
from tests.support.offices import Browser, Office

NASTY = "<script>alert(1)</script>\u202e\"' onload=x"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ana(office: Office) -> str:
    """Give the objectId of Ana."""
    office.send(
        {"type": "profile", "distinct_id": "ana", "properties": {"Name": "Ana", "plan": "gold"}}
    )
    return office.object_id("ana")


@pytest.fixture
def editor(office: Office) -> Iterator[Browser]:
    """Give a browser in which an editor is signed in."""
    with office.browser(Role.EDITOR) as browser:
        yield browser


def properties_of(office: Office, object_id: str) -> dict[str, object]:
    found = httpx.get(
        f"{office.server.url}/v1/profile",
        params={"object_id": object_id},
        headers=office.live.headers,
    ).raise_for_status()
    properties: dict[str, object] = found.json()["properties"]
    return properties


def fields_of(page: str) -> dict[str, str]:
    """Give the hidden fields of the form on a page, its token left out."""
    form = page.partition('/property"')[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in found if name != "_token"}


def save(
    browser: Browser, object_id: str, name: str, value: str, typed: str = "text"
) -> httpx.Response:
    """Open the form of a property and send it as a browser does."""
    own = f"/live/people/{object_id}/property"
    fields = fields_of(browser.get(own, params={"name": name}).text)
    return browser.send_form(own, **(fields | {"name": name, "typed": typed, "value": value}))


# D-04, B-04
def test_a_property_is_edited_and_its_history_says_by_whom(
    office: Office, ana: str, editor: Browser
) -> None:
    saved = save(editor, ana, "plan", "silver")
    assert saved.url.path == f"/live/people/{ana}"
    assert "&#39;plan&#39; was saved." in saved.text
    assert properties_of(office, ana)["plan"] == "silver"
    past = editor.get(f"/live/people/{ana}/property/history", params={"name": "plan"}).text
    values = re.findall(
        r"<li><span><bdi>(\w+)</bdi></span>.*?by <bdi>([^<]+)</bdi>", past, re.DOTALL
    )
    assert values[0][0] == "silver"
    assert re.fullmatch(r"Editor \d+ \(dashboard\)", values[0][1])
    assert values[1] == ("gold", "first key (API)")
    (entry,) = audit_page(office.store, office.account.account.account_id, count=1)
    assert (entry.act, entry.details) == ("value_changed", {"property": "plan"})


@pytest.mark.parametrize(
    ("typed", "text", "value"),
    [
        ("text", "a \u00e9 b", "a \u00e9 b"),
        ("integer", "9223372036854775807", 2**63 - 1),
        ("decimal", "9.5", 9.5),
        ("boolean", "yes", True),
        ("date", "2026-01-31", "$D_20260131"),
        ("moment", "2026-01-31T09:30:00", "$D_1769832000"),
        ("list", "a\r\nb", ["a", "b"]),
    ],
)
def test_a_property_of_each_type_is_added_and_shown(
    office: Office, ana: str, editor: Browser, typed: str, text: str, value: object
) -> None:
    saved = save(editor, ana, "", text, typed)  # without a name there is none to add
    assert saved.status_code == 400
    own = f"/live/people/{ana}/property"
    fields = fields_of(editor.get(own).text) | {"name": " new one ", "typed": typed, "value": text}
    assert "was saved" in editor.send_form(own, **fields).text
    kept = properties_of(office, ana)["new one"]
    assert (kept, type(kept)) == (value, type(value))
    form = editor.get(own, params={"name": "new one"}).text
    assert f'<option value="{typed}" selected>' in form


@pytest.mark.parametrize(
    ("name", "typed", "text", "said"),
    [
        ("Email", "text", "nobody", "Email is not valid."),
        ("plan", "integer", "gold", "Give a whole number"),
        ("plan", "text", "x" * 513, "513 bytes, the limit is 512"),
        ("plan", "text", "", "Give a value, or remove the property."),
        ("a.b", "text", "x", "prohibited character"),
        ("x" * 121, "text", "x", "121 bytes, the limit is 120"),
        ("identity", "text", "x", "is an id of the person"),
        ("category-unsubscribe", "text", "x", "is for subscription groups"),
        ("MSG-dndEmail", "boolean", "yes", "needs a profile with Email"),
        ("big", "integer", "9" * 19, "does not fit into 64 bits"),
    ],
)
def test_what_is_wrong_comes_back_filled_with_its_problem(
    office: Office, ana: str, editor: Browser, name: str, typed: str, text: str, said: str
) -> None:
    before = properties_of(office, ana)
    answer = save(editor, ana, name, text, typed)
    assert answer.status_code == 400
    assert said in answer.text.replace("&#39;", "'")
    assert f'value="{text}"' in answer.text or f">\n{text}<" in answer.text
    assert properties_of(office, ana) == before
    rejects = httpx.get(f"{office.server.url}/v1/rejects", headers=office.live.headers).json()
    assert rejects["rejects"] == []


# D-04: two members at once
def test_the_later_of_two_editors_is_told_and_may_replace(
    office: Office, ana: str, editor: Browser
) -> None:
    own = f"/live/people/{ana}/property"
    early = fields_of(editor.get(own, params={"name": "plan"}).text)
    with office.browser(Role.ADMIN) as other:
        assert save(other, ana, "plan", "silver").status_code == 200
    late = early | {"name": "plan", "typed": "text", "value": "bronze"}
    refused = editor.send_form(own, **late)
    assert refused.status_code == 409
    assert "Somebody changed this meanwhile" in refused.text
    assert re.search(r"It is <strong><bdi>silver</bdi></strong> now", refused.text)
    assert 'value="bronze"' in refused.text
    assert properties_of(office, ana)["plan"] == "silver"
    again = editor.send_form(own, **(late | fields_of(refused.text)))
    assert again.status_code == 200
    assert properties_of(office, ana)["plan"] == "bronze"
    gone = editor.send_form(f"{own}/remove", name="plan", seen=early["seen"])
    assert gone.status_code == 409
    assert properties_of(office, ana)["plan"] == "bronze"


def test_who_is_edited_in_test_stays_in_live(office: Office, ana: str, editor: Browser) -> None:
    twin = {"type": "profile", "distinct_id": "ana", "properties": {"plan": "gold"}}
    office.send(twin, key=office.test)
    own = re.search(r"/test/people/mien_\w+", editor.get("/test/people?q=ana").text)
    assert own
    fields = fields_of(editor.get(f"{own[0]}/property?name=plan").text)
    sent = fields | {"typed": "text", "value": "silver"}
    saved = editor.send_form(f"{own[0]}/property", **sent)
    assert saved.url.path == own[0]
    assert "silver" in saved.text
    assert properties_of(office, ana)["plan"] == "gold"
    sent = fields_of(editor.get(f"/live/people/{ana}/property?name=plan").text)
    editor.send_form(f"/live/people/{ana}/property", **sent, typed="text", value="bronze")
    live, test = audit_page(office.store, office.account.account.account_id, count=2)
    assert live.environment_id != test.environment_id


def test_a_form_that_is_sent_twice_is_no_conflict(
    office: Office, ana: str, editor: Browser
) -> None:
    own = f"/live/people/{ana}/property"
    fields = fields_of(editor.get(own, params={"name": "plan"}).text)
    sent = fields | {"typed": "text", "value": "silver"}
    assert "was saved" in editor.send_form(own, **sent).text
    assert "had this value already" in editor.send_form(own, **sent).text


def test_a_new_property_replaces_none_that_is_there(
    office: Office, ana: str, editor: Browser
) -> None:
    fields = fields_of(editor.get(f"/live/people/{ana}/property").text)
    answer = editor.send_form(
        f"/live/people/{ana}/property", **fields, name="plan", typed="text", value="x"
    )
    assert answer.status_code == 409
    assert properties_of(office, ana)["plan"] == "gold"


def test_a_property_is_removed_and_its_history_stays(
    office: Office, ana: str, editor: Browser
) -> None:
    own = f"/live/people/{ana}/property"
    form = editor.get(own, params={"name": "plan"}).text
    fields = {name: value for name, value in fields_of(form).items() if name in ("name", "seen")}
    removed = editor.send_form(f"{own}/remove", **fields)
    assert "&#39;plan&#39; was removed." in removed.text
    assert "plan" not in properties_of(office, ana)
    assert "There is no property" in editor.send_form(f"{own}/remove", **fields).text
    past = editor.get(f"{own}/history", params={"name": "plan"}).text
    assert "removed</span>" in past
    assert "gold" in past


def test_a_script_gets_the_row_alone(office: Office, ana: str, editor: Browser) -> None:
    own = f"/live/people/{ana}/property"
    form = editor.get(own, params={"name": "plan"}, headers=HTMX).text
    assert "<html" not in form
    token = re.search(r'name="_token" value="(\w+)"', editor.get("/password").text)
    assert token
    sent = fields_of(form) | {"_token": token[1], "typed": "text", "value": "silver"}
    row = editor.post(own, data=sent, headers=HTMX)
    assert "<html" not in row.text
    assert "was saved" in row.text
    assert "silver" in row.text
    name = fields_of(editor.get(own, params={"name": "Name"}, headers=HTMX).text)
    sent = name | {"_token": token[1], "typed": "text", "value": "Ana Lua"}
    whole = editor.post(own, data=sent, headers=HTMX)
    assert whole.headers["hx-redirect"] == f"/live/people/{ana}"
    page = editor.get(f"/live/people/{ana}").text
    assert "&#39;Name&#39; was saved." in page
    assert "Ana Lua" in page
    shown = editor.get(f"{own}/row", params={"name": "nothing"}, headers=HTMX).text
    assert "There is no such property any more" in shown


def test_a_property_that_is_hostile_is_text_in_every_form(
    office: Office, ana: str, editor: Browser
) -> None:
    name = "ev\u202eil/" + "x" * 100
    office.send({"type": "profile", "distinct_id": "ana", "properties": {name: NASTY}})
    own = f"/live/people/{ana}"
    for path in ("", "/properties", "/property", "/property/row", "/property/history"):
        page = editor.get(f"{own}{path}", params={"name": name}).text
        without_values = re.sub(r'value="[^"]*"', "", page)
        assert "<script>" not in without_values
        assert not re.search(r"<[^>]+ onload=x", without_values)
        assert "\u202e" not in re.sub(r"(?:href|hx-get)=\S+", "", without_values), path
    saved = save(editor, ana, name, "plain")
    assert saved.status_code == 200
    assert properties_of(office, ana)[name] == "plain"


def test_many_properties_are_listed_by_name_and_filtered(
    office: Office, ana: str, editor: Browser
) -> None:
    many = {f"key {number:03}": number for number in range(120)}
    office.send({"type": "profile", "distinct_id": "ana", "properties": many})
    page = editor.get(f"/live/people/{ana}").text
    seen = re.findall(r"<dt><bdi>(Name|plan|key \d{3})</bdi></dt>", page)
    while found := re.search(r'hx-get="([^"]+&amp;after=[^"]+)"', page):
        page = editor.get(found[1].replace("&amp;", "&"), headers=HTMX).text
        seen += re.findall(r"<dt><bdi>(Name|plan|key \d{3})</bdi></dt>", page)
    assert seen == ["Name", *sorted([*many, "plan"])]
    part = editor.get(f"/live/people/{ana}/properties", params={"q": "KEY 11"}, headers=HTMX).text
    assert re.findall(r"<dt><bdi>([^<]+)</bdi></dt>", part) == [f"key 11{n}" for n in range(10)]
    none = editor.get(f"/live/people/{ana}/properties", params={"q": "zzz"}).text
    assert "No property has this in its name." in none


def test_a_history_goes_on_however_seldom_a_property_changed(
    office: Office, ana: str, editor: Browser
) -> None:
    for start in range(0, 2_200, 550):
        office.send(
            *(
                {"type": "profile", "distinct_id": "ana", "properties": {"visits": number}}
                for number in range(start, start + 550)
            )
        )
    own = f"/live/people/{ana}/property/history"
    first = editor.get(own, params={"name": "plan"}).text
    assert "gold" not in first
    found = re.search(r'hx-get="([^"]+)"[^>]*>Look further back', first)
    assert found
    rest = editor.get(found[1].replace("&amp;", "&"), headers=HTMX).text
    assert "gold" in rest
    assert "Look further back" not in rest


@pytest.mark.parametrize("path", ["property", "property/remove"])
def test_a_viewer_reads_and_changes_nothing(office: Office, ana: str, path: str) -> None:
    with office.browser(Role.VIEWER) as viewer:
        page = viewer.get(f"/live/people/{ana}").text
        assert "Edit plan" not in page
        assert "History of plan" in page
        assert viewer.get(f"/live/people/{ana}/property").status_code == 403
        sent = viewer.send_form(f"/live/people/{ana}/{path}", name="plan", typed="text", value="x")
        assert sent.status_code == 403
    assert properties_of(office, ana)["plan"] == "gold"


def test_a_session_that_ended_in_mid_edit_is_said(office: Office, ana: str) -> None:
    with office.browser(Role.EDITOR) as editor:
        own = f"/live/people/{ana}/property"
        fields = fields_of(editor.get(own, params={"name": "plan"}).text)
        office.end_session(editor.token)
        headers = {"Referer": f"{office.server.url}/live/people/{ana}"}
        sent = editor.post(own, data=fields | {"value": "x", "typed": "text"}, headers=headers)
        assert sent.url.path == "/sign-in"
        assert "was not saved" in sent.text
        assert f'value="/live/people/{ana}"' in sent.text
        part = editor.post(own, data=fields, headers=headers | HTMX)
        assert part.headers["hx-redirect"].startswith("/sign-in?next=")
    assert properties_of(office, ana)["plan"] == "gold"
