"""What a person agreed to, on their page (D-04, U-13)."""

import re
from collections.abc import Iterator

import pytest

from mien.domain.members import Role
from mien.services.audit import audit_page
from tests.support.offices import Browser, Office

NASTY = "<b>news</b>\u202e"


@pytest.fixture
def editor(office: Office) -> Iterator[Browser]:
    """Give a browser in which an editor is signed in."""
    with office.browser(Role.EDITOR) as browser:
        yield browser


@pytest.fixture
def ana(office: Office) -> str:
    """Give the objectId of Ana, who left a group."""
    properties = {
        "Email": "ana@a.org",
        "MSG-sms": False,
        "category-unsubscribe": {"email": [NASTY]},
    }
    office.send({"type": "profile", "distinct_id": "ana", "properties": properties})
    return office.object_id("ana")


def pressed(page: str) -> list[str]:
    """Give what holds, in the order of the page."""
    return re.findall(r'aria-pressed="true">([^<]+)<', page)


# D-04
def test_what_they_agreed_to_is_shown_and_changed(ana: str, editor: Browser) -> None:
    own = f"/live/people/{ana}/messages"
    page = editor.get(own).text
    assert pressed(page) == ["Nothing", "No", "Nothing", "Nothing", "Nothing", "Left"]
    assert "Block this address for everybody?" in page
    assert "Nothing was sent yet" in page
    assert "<b>news" not in page
    assert "\u202e" not in re.sub(r'value="[^"]*"', "", page)
    said = editor.send_form(f"{own}/choose", flag="MSG-email", choice="no").text
    assert "&#39;MSG-email&#39; was saved" in said
    assert "opted out" in said
    assert pressed(said)[0] == "No"
    nothing = editor.send_form(f"{own}/choose", flag="MSG-sms", choice="nothing").text
    assert pressed(nothing)[1] == "Nothing"
    blocked = editor.send_form(f"{own}/choose", flag="MSG-dndEmail", choice="yes").text
    assert "address blocked" in blocked
    assert "Open this address for everybody?" in blocked
    again = editor.send_form(f"{own}/choose", flag="MSG-dndEmail", choice="yes").text
    assert "was like this already" in again
    back = editor.send_form(f"{own}/group", channel="email", group=NASTY, is_in="yes").text
    assert pressed(back)[5] == "In"


def test_what_the_page_does_not_offer_is_refused(office: Office, ana: str, editor: Browser) -> None:
    own = f"/live/people/{ana}/messages"
    for flag, choice in (("plan", "yes"), ("MSG-email", "x"), ("MSG-dndEmail", "nothing")):
        assert editor.send_form(f"{own}/choose", flag=flag, choice=choice).status_code == 400
    assert editor.send_form(f"{own}/group", channel="email", group="x").status_code == 400
    phone = editor.send_form(f"{own}/choose", flag="MSG-dndPhone", choice="yes")
    assert "needs a profile with Phone" in phone.text
    with office.browser(Role.VIEWER) as viewer:
        assert "aria-pressed" not in viewer.get(own).text
        for path in ("choose", "group"):
            assert viewer.send_form(f"{own}/{path}").status_code == 403
    assert editor.get(f"/test/people/{ana}/messages").status_code == 404
    found = audit_page(office.store, office.account.account.account_id, count=20)
    assert [each.act for each in found if "preference" in each.act] == []
