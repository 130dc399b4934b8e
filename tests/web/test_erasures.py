"""The download and the erasure of a person, and its receipt (P-15, P-16, B-07, D-04)."""

import json
import re
from collections.abc import Iterator

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
def ana(office: Office) -> str:
    """Give the objectId of Ana."""
    office.send(
        {"type": "profile", "distinct_id": "ana", "properties": {"Name": "Ana", "plan": "gold"}},
        {"type": "event", "distinct_id": "ana", "name": "Hat bought"},
    )
    return office.object_id("ana")


def is_there(office: Office) -> bool:
    answer = httpx.get(
        f"{office.server.url}/v1/profile",
        params={"distinct_id": "ana"},
        headers=office.live.headers,
    )
    return answer.status_code == 200


def acts(office: Office) -> list[str]:
    """Give what the audit log says, the last first, without signing in."""
    found = audit_page(office.store, office.account.account.account_id, count=20)
    return [each.act for each in found if not each.act.startswith("signed")]


# P-16, D-04
@pytest.mark.parametrize("role", Role)
def test_everyone_downloads_what_the_api_gives(office: Office, ana: str, role: Role) -> None:
    with office.browser(role) as browser:
        answer = browser.send_form(f"/live/people/{ana}/download")
    assert answer.headers["content-disposition"] == f'attachment; filename="{ana}.json"'
    given = httpx.get(
        f"{office.server.url}/v1/profile/download",
        params={"object_id": ana},
        headers=office.live.headers,
    )
    ours, theirs = answer.json(), given.json()
    for each in (ours, theirs):
        del each["downloaded_at"]
    assert json.dumps(ours) == json.dumps(theirs)
    assert acts(office) == ["person_downloaded"]


# P-15, B-07, D-04
def test_a_person_is_erased_once_their_id_is_typed_and_the_receipt_stays(
    office: Office, ana: str, editor: Browser
) -> None:
    own = f"/live/people/{ana}/erase"
    page = editor.get(own).text
    assert 'Type <span class="mono"><bdi>ana</bdi></span> to confirm' in page
    wrong = editor.send_form(own, confirm="Ana", wait="0")
    assert wrong.status_code == 400
    assert "This is another id; nothing was erased." in wrong.text
    assert 'value="Ana"' in wrong.text
    assert is_there(office)
    receipt = editor.send_form(own, confirm=" ana ", wait="0")
    assert receipt.url.path == "/live/erasures/1"
    assert "The person was erased; this is the receipt." in receipt.text
    assert re.search(r"Events\.</td><td[^>]*>1</td>", receipt.text)
    assert re.search(r"by <bdi>Editor \d+", receipt.text)
    assert "keyed hash" in receipt.text
    assert not is_there(office)
    assert editor.get(f"/live/people/{ana}").status_code == 404
    assert editor.send_form(own, confirm="ana").status_code == 404
    assert editor.get("/test/erasures/1").status_code == 404
    assert "done" in editor.get("/live/erasures").text
    late = editor.send_form("/live/erasures/1/cancel")
    assert "Erasure 1 is done; it cannot be cancelled." in late.text
    assert acts(office) == ["person_erased"]


# P-15
def test_an_erasure_that_waits_is_shown_and_cancelled(
    office: Office, ana: str, editor: Browser
) -> None:
    own = f"/live/people/{ana}/erase"
    assert "Nobody was erased here" in editor.get("/live/erasures").text
    waiting = editor.send_form(own, confirm=ana, wait="168")
    assert "until then it can be cancelled here" in waiting.text
    assert is_there(office)
    assert "This person is to be erased" in editor.get(own).text
    assert "To be erased <time" in editor.get(f"/live/people/{ana}/hints").text
    cancelled = editor.send_form("/live/erasures/1/cancel")
    assert cancelled.url.path == f"/live/people/{ana}"
    assert "Erasure 1 was cancelled: this person stays." in cancelled.text
    assert "This person is to be erased" not in editor.get(own).text
    assert editor.get("/live/erasures/1").status_code == 404
    assert acts(office) == ["erasure_cancelled", "person_erased"]


def test_an_id_that_is_hostile_is_shown_and_typed_as_it_is(office: Office, editor: Browser) -> None:
    office.send({"type": "profile", "distinct_id": NASTY, "properties": {}})
    own = f"/live/people/{office.object_id(NASTY)}/erase"
    page = editor.get(own).text
    assert "<script>" not in page
    assert "\u202e" not in page
    wrong = editor.send_form(own, confirm=f"{NASTY}x", wait="0")
    assert "<script>" not in wrong.text
    assert editor.send_form(own, confirm=NASTY, wait="0").url.path == "/live/erasures/1"


def test_what_is_asked_wrongly_erases_nobody(office: Office, ana: str, editor: Browser) -> None:
    assert editor.send_form(f"/live/people/{ana}/erase", confirm="ana", wait="9").status_code == 400
    assert editor.send_form(f"/test/people/{ana}/erase", confirm="ana").status_code == 404
    assert editor.get("/live/erasures/99").status_code == 404
    assert editor.get("/live/erasures", params={"after": "x"}).status_code == 400
    with office.browser(Role.VIEWER) as viewer:
        assert viewer.get(f"/live/people/{ana}/erase").status_code == 403
        assert viewer.send_form(f"/live/people/{ana}/erase", confirm="ana").status_code == 403
        assert viewer.send_form("/live/erasures/1/cancel").status_code == 403
        assert "Erase" not in viewer.get(f"/live/people/{ana}").text
    assert is_there(office)
    assert acts(office) == []
