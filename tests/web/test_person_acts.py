"""What members do to a person, as far as the server answers (D-04, P-11)."""

import re

import pytest

from mien.domain.members import Role
from mien.services.audit import audit_page
from tests.support.offices import Office


@pytest.fixture
def ana(office: Office) -> str:
    """Give the objectId of Ana."""
    office.send({"type": "profile", "distinct_id": "ana", "properties": {"Name": "Ana"}})
    return office.object_id("ana")


def audited(office: Office) -> list[tuple[str, str]]:
    """Give what the audit log says was done to whom, the last first, without signing in."""
    account = office.account.account.account_id
    entries = audit_page(office.store, account, count=100)
    return [(each.act, each.subject) for each in entries if each.subject.startswith("profile")]


def subject(object_id: str) -> str:
    return f"profile:{int(object_id.removeprefix('mien_'), 16)}"


# D-04, P-11
def test_a_person_is_marked_as_a_test_profile_and_unmarked(office: Office, ana: str) -> None:
    path = f"/live/people/{ana}"
    with office.browser(Role.EDITOR) as browser:
        assert ">Test profile<" not in browser.get(path).text
        marked = browser.send_form(f"{path}/test-mark", is_set="yes")
        assert marked.url.path == path
        assert "This is a test profile now." in marked.text
        assert ">Test profile<" in marked.text
        assert re.search(r"ct_is_test_user.*?Yes.*?<small[^>]*>string", marked.text, re.DOTALL)
        again = browser.send_form(f"{path}/test-mark", is_set="yes")
        assert "This is a test profile now." in again.text
        unmarked = browser.send_form(f"{path}/test-mark", is_set="no")
        assert "ct_is_test_user" not in unmarked.text
        changes = browser.get(f"{path}/changes").text
    assert re.search(r"by <bdi>Editor \d+ \(dashboard\)</bdi>", changes)
    assert audited(office) == [("test_unmarked", subject(ana)), ("test_marked", subject(ana))]


# D-04
def test_a_person_is_disabled_and_enabled(office: Office, ana: str) -> None:
    office.send({"type": "profile", "distinct_id": "ana", "properties": {"Email": "ana@a.org"}})
    path = f"/live/people/{ana}"
    with office.browser(Role.EDITOR) as browser:
        disabled = browser.send_form(f"{path}/disabled", is_set="yes")
        assert "This person is disabled" in disabled.text
        assert re.search(r"<dt>email</dt><dd>no .*?\(disabled\)", disabled.text)
        assert ">Disabled<" in disabled.text
        enabled = browser.send_form(f"{path}/disabled", is_set="no")
        assert "This person is enabled again" in enabled.text
        assert re.search(r"<dt>email</dt><dd>.*? yes", enabled.text)
        assert ">Disabled<" not in enabled.text
    assert audited(office) == [("person_enabled", subject(ana)), ("person_disabled", subject(ana))]


@pytest.mark.parametrize("path", ["test-mark", "disabled", "erase", "ids"])
def test_a_viewer_may_change_nobody(office: Office, ana: str, path: str) -> None:
    with office.browser(Role.VIEWER) as browser:
        page = browser.get(f"/live/people/{ana}").text
        assert re.findall(r'<form [^>]*action="([^"]+)"', page.partition('id="content"')[2]) == [
            f"/live/people/{ana}/download"
        ]
        answer = browser.send_form(f"/live/people/{ana}/{path}")
        assert answer.status_code == 403
        assert "This needs the role editor" in answer.text
    assert audited(office) == []


@pytest.mark.parametrize("path", ["test-mark", "disabled", "erase", "ids"])
def test_nobody_is_changed_who_is_not_there(office: Office, ana: str, path: str) -> None:
    with office.browser(Role.EDITOR) as browser:
        for kind, name in (("test", ana), ("live", "mien_fffff"), ("live", "a b")):
            answer = browser.send_form(f"/{kind}/people/{name}/{path}", is_set="yes")
            assert answer.status_code == 404
            assert "This person is not here" in answer.text


# D-04, P-07
def test_an_id_is_added_unless_it_is_of_somebody_else(office: Office, ana: str) -> None:
    office.send({"type": "profile", "distinct_id": "bo", "facebook_id": "fb", "properties": {}})
    own, bo = f"/live/people/{ana}/ids", office.object_id("bo")
    with office.browser(Role.EDITOR) as browser:
        added = browser.send_form(own, kind="GPID", value=" g-1 ")
        assert added.url.path == f"/live/people/{ana}"
        assert "The Google id was added." in added.text
        assert "g-1" in added.text
        for kind, value, said in (
            ("GPID", "g-1", "They have this id already"),
            ("FBID", "fb", f"/merge?with={bo}"),
            ("identity", "other", "here a person has one of it"),
            ("GPID", "null", "value cannot be null"),
            ("GPID", "", "value cannot be blank"),
        ):
            refused = browser.send_form(own, kind=kind, value=value)
            assert refused.status_code == 400
            assert said in refused.text
            assert f'value="{value}" maxlength' in refused.text
        assert office.object_id("bo") == bo
    assert audited(office) == [("id_added", subject(ana))]
