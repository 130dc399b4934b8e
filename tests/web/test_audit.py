"""The audit log and the limits in the settings (D-01, D-06)."""

import csv
import io
import re

import pytest

from mien.domain.members import Act, Role
from mien.services import audit
from mien.store.members import Member
from tests.support.offices import Browser, Office

ENTRIES = 120


def note(office: Office, by: Member | None, act: Act, *, count: int = 1, **details: str) -> None:
    """Put entries into the log."""
    account = office.account.account.account_id
    with office.store.write() as tx:
        for _ in range(count):
            audit.note(tx, account, act, by=by, subject="profile:31", details=details)


def rows(page: str) -> int:
    """Count the entries that a page shows."""
    return page.count('<td class="text-nowrap">')


# D-01
def test_the_audit_log_is_paged_by_key(office: Office) -> None:
    ana = office.add(Role.ADMIN, name="Ana <b>")
    note(office, ana, Act.PASSWORD_RESET, count=ENTRIES)
    with Browser(office.server, office.sign_in(ana)) as browser:
        sizes, path, page = [], "/live/settings/audit", ""
        while path:
            page = browser.get(path).text
            sizes.append(rows(page))
            note(office, ana, Act.PASSWORD_RESET)  # what comes meanwhile moves no page
            found = re.search(r'href="(/live/settings/audit\?[^"]+after=[^"]+)"', page)
            path = found[1].replace("&amp;", "&") if found else ""
        assert sizes == [50, 50, 20]
        assert "Ana &lt;b&gt;" in page
        assert 'href="/live/people/' not in page  # the entry is of the account, of no environment


# D-01
def test_the_audit_log_is_filtered_by_member_and_act(office: Office) -> None:
    ana, ben = office.add(Role.ADMIN, name="Ana"), office.add(Role.EDITOR, name="Ben")
    note(office, ana, Act.KEY_MADE, count=2)
    note(office, ben, Act.KEY_MADE, count=3)
    note(office, ben, Act.SIGNED_OUT)
    note(office, None, Act.SIGNED_OUT)
    with Browser(office.server, office.sign_in(ana)) as browser:

        def seen(**asked: object) -> int:
            return rows(browser.get("/test/settings/audit", params=asked).text)  # type: ignore[arg-type]  # of texts and numbers

        assert seen() == 7
        assert seen(member=ben.member_id) == 4
        assert seen(member=0) == 1
        assert seen(act="key_made") == 5
        assert seen(member=ben.member_id, act="key_made") == 3
        assert (
            "Nothing was done that fits"
            in browser.get(f"/live/settings/audit?member={ana.member_id}&act=signed_out").text
        )
        for wrong in ("member=ana", "act=cooked", "after=x"):
            assert browser.get(f"/live/settings/audit?{wrong}").status_code == 400


# D-01
def test_the_audit_log_is_a_file_that_no_spreadsheet_calculates(office: Office) -> None:
    ana = office.add(Role.ADMIN, name="\uff1d1+1")
    note(office, ana, Act.ROLE_CHANGED, count=1_010, role='edi"tor')
    note(office, None, Act.SIGNED_OUT)
    with Browser(office.server, office.sign_in(ana)) as browser:
        answer = browser.get("/live/settings/audit.csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert "attachment" in answer.headers["content-disposition"]
        head, first, *rest = csv.reader(io.StringIO(answer.text))
        assert head == ["time", "member", "environment", "act", "subject", "details"]
        assert first[1:] == ["command line", "", "signed_out", "profile:31", ""]
        assert len(rest) == 1_010
        assert rest[-1][1:] == [
            "'\uff1d1+1",
            "",
            "role_changed",
            "profile:31",
            '{"role":"edi\\"tor"}',
        ]
        few = browser.get("/live/settings/audit.csv?member=0").text
        assert len(few.splitlines()) == 2


# D-06
@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_the_limits_say_what_is_in_force_and_in_use(office: Office, role: Role) -> None:
    with office.browser() as admin:
        added = {"event": "Charged", "property": "Amount", "to": "last amount"}
        admin.send_form("/live/settings/mappings", **added)
    with office.browser(role) as browser:
        page = browser.get("/live/settings/limits").text
    assert re.search(r"Mappings</a></td>\s*<td[^>]*>1 <meter", page)
    for shown in ("MIEN_REJECT_DAYS", "30", "MIEN_BODY_BYTES", "16,777,216", "24 hours"):
        assert shown in page
    assert "MIEN_STORE_URL" not in page
    assert str(office.server.data) not in page
