"""Settings of an account: what is shown, what is saved, what is refused (D-01, D-06)."""

import re
from collections.abc import Mapping

import pytest

from mien.domain.members import Role
from mien.services import audit
from mien.services.accounts import change_account
from tests.support.offices import Browser, Office
from tests.support.servers import Server

NASTY = "<script>alert(1)</script>"


def acts(office: Office) -> list[tuple[str, str]]:
    """Give what was done to whom, newest first."""
    account = office.account.account.account_id
    return [(each.act, each.subject) for each in audit.audit_page(office.store, account, count=20)]


# D-06
def test_the_account_shows_the_ids_of_both_environments(office: Office) -> None:
    with office.browser(Role.VIEWER) as browser:
        page = browser.get("/live/settings").text
    for shown in (office.live.account_id, office.test.account_id, "Asia/Kolkata", "Shop"):
        assert shown in page
    assert "<form" not in page.split("<main", 1)[1]


# D-06
def test_an_admin_changes_the_name_and_the_time_zone(office: Office) -> None:
    seen = {"seen_name": "Shop", "seen_time_zone": "Asia/Kolkata"}
    with office.browser() as browser:
        assert "moves where a day begins" in browser.get("/live/settings").text
        done = browser.send_form(
            "/live/settings/account", **seen, name=f" {NASTY} ", time_zone="Europe/Paris"
        )
        assert "The account is saved." in done.text
        assert "Europe/Paris" in done.text
        assert NASTY not in done.text
        assert acts(office) == [("account_changed", "")]
        browser.send_form(
            "/live/settings/account",
            seen_name=NASTY,
            seen_time_zone="Europe/Paris",
            name=NASTY,
            time_zone="Europe/Paris",
        )
        assert len(acts(office)) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": " "}, "Needs 1 to 200 characters."),
        ({"name": "n" * 201}, "Needs 1 to 200 characters."),
        ({"time_zone": "Mars/Base"}, "&#39;Mars/Base&#39; is no time zone such as Europe/Paris."),
    ],
)
def test_a_wrong_account_comes_back_as_it_was_filled_in(
    office: Office, changed: Mapping[str, str], said: str
) -> None:
    form = {"seen_name": "Shop", "seen_time_zone": "Asia/Kolkata"}
    form |= {"name": "Hats", "time_zone": "Europe/Rome"} | dict(changed)
    with office.browser() as browser:
        answer = browser.send_form("/live/settings/account", **form)
    assert answer.status_code == 400
    assert said in answer.text
    for value in (form["name"], form["time_zone"]):
        assert f'value="{value}"' in answer.text
    assert acts(office) == []


def test_the_later_of_two_admins_is_told_that_the_account_changed(office: Office) -> None:
    known = office.account.account
    change_account(office.store, known, name="First", time_zone="UTC", by=None)
    with office.browser() as browser:
        told = browser.send_form(
            "/live/settings/account",
            seen_name="Shop",
            seen_time_zone="Asia/Kolkata",
            name="Second",
            time_zone="UTC",
        )
        assert told.status_code == 409
        assert "changed while you edited; nothing of yours was saved" in told.text
        assert 'value="Second"' in told.text
        assert 'name="seen_name" value="First"' in told.text


ADMIN_ACTS = (
    "settings/account",
    "settings/members",
    "settings/members/1/role",
    "settings/members/1/remove",
    "settings/members/1/sign-out",
    "settings/members/1/password",
    "settings/keys",
    "settings/keys/1/revoke",
    "settings/signing-keys",
    "settings/signing-keys/1/revoke",
    "settings/identities",
    "settings/mappings",
    "settings/mappings/remove",
    "settings/sdks",
)


# D-01
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_the_server_refuses_what_only_admins_may(office: Office, role: Role) -> None:
    with office.browser(role) as browser:
        for path in ADMIN_ACTS:
            for kind in ("live", "test"):
                assert browser.send_form(f"/{kind}/{path}").status_code == 403, path
        for tab in ("", "/members", "/identities", "/mappings", "/sdks", "/limits"):
            shown = browser.get(f"/live/settings{tab}")
            assert shown.status_code == 200
            assert "btn-primary" not in shown.text
            assert "/remove" not in shown.text
            assert "/settings/keys" not in shown.text
        for tab in ("keys", "audit", "audit.csv"):
            assert browser.get(f"/live/settings/{tab}").status_code == 403


# D-01
def test_a_member_is_added_with_a_password_that_is_shown_once(
    office: Office, stranger: Browser
) -> None:
    form = {"email": f"New{office.account.account.account_id}@Example.com", "name": NASTY}
    with office.browser() as browser:
        done = browser.send_form("/test/settings/members", **form, role="editor")
        assert done.status_code == 200
        assert NASTY not in done.text
        found = re.search(r'once-text"><span class="copied"><code>([^<]+)<', done.text)
        assert found
        assert found[1] not in browser.get("/test/settings/members").text
        again = browser.send_form("/test/settings/members", **form, role="editor")
        assert again.status_code == 400
        assert "is a member already" in again.text
    sent = {"email": form["email"], "password": found[1], "next": "/live"}
    assert stranger.post("/sign-in", data=sent).url.path == "/password"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"email": "nobody"}, "Is no e-mail address such as ana@example.com."),
        ({"name": ""}, "Needs 1 to 200 printable characters."),
        ({"role": "owner"}, "&#39;owner&#39; is none of viewer, editor, admin."),
    ],
)
def test_a_wrong_member_comes_back_as_it_was_filled_in(
    office: Office, changed: Mapping[str, str], said: str
) -> None:
    form = {"email": "zoe@example.com", "name": "Zoe", "role": "editor"} | dict(changed)
    with office.browser() as browser:
        answer = browser.send_form("/live/settings/members", **form)
    assert answer.status_code == 400
    assert said in answer.text
    assert f'value="{form["email"]}"' in answer.text


# D-01
def test_roles_change_and_members_go(office: Office) -> None:
    other = office.add(Role.VIEWER)
    token, path = office.sign_in(other), f"/live/settings/members/{other.member_id}"
    with office.browser() as browser, Browser(office.server, token) as theirs:
        said = browser.send_form(f"{path}/role", role="editor", seen="viewer").text
        assert f"{other.name} is now an editor; it counts from their next click on." in said
        late = browser.send_form(f"{path}/role", role="admin", seen="viewer").text
        assert f"The role of {other.name} changed while you edited" in late
        assert "editor</small>" in theirs.get("/live").text
        browser.send_form(f"{path}/sign-out")
        assert theirs.get("/live").url.path == "/sign-in"
        made = browser.send_form(f"{path}/password").text
        assert "A first password for" in made
        assert "is no longer a member" in browser.send_form(f"{path}/remove").text
        assert browser.send_form(f"{path}/remove").status_code == 404
    source = other.source
    assert acts(office) == [
        ("member_removed", source),
        ("password_reset", source),
        ("sessions_ended", source),
        ("role_changed", source),
    ]


# D-01
def test_nobody_decides_on_their_own_membership(office: Office) -> None:
    admin = office.add(Role.ADMIN)
    office.add(Role.ADMIN)
    path = f"/live/settings/members/{admin.member_id}"
    with Browser(office.server, office.sign_in(admin)) as browser:
        for each, form in (
            ("role", {"role": "viewer", "seen": "admin"}),
            ("remove", {}),
            ("sign-out", {}),
        ):
            said = browser.send_form(f"{path}/{each}", **form)
            assert "for another admin to change" in said.text
        assert browser.send_form(f"{path}/password").status_code == 409
    assert acts(office) == []


# D-01
def test_a_member_of_another_account_is_nobody_here(office: Office, server: Server) -> None:
    with Office(server, name="Other") as other, office.browser() as browser:
        theirs = other.add(Role.VIEWER)
        for each in ("role", "remove", "sign-out", "password"):
            path = f"/live/settings/members/{theirs.member_id}/{each}"
            assert browser.send_form(path, role="admin", seen="viewer").status_code == 404
        assert theirs.email not in browser.get("/live/settings/members").text
        assert acts(other) == []
