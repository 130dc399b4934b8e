"""Ids in addresses that no column can hold are refused, on every page that takes one."""

from collections.abc import Iterator

import pytest

from mien.domain.members import Role
from tests.support.offices import Browser, Office

PAGES = (
    "exports/{}", "exports/{}/file", "rejects/{}", "erasures/{}", "properties/{}",
    "properties/{}/values", "events/{}", "events/{}/days", "events/{}/properties/1",
    "events/1/properties/{}", "events/1/properties/{}/values", "settings/audit?member={}",
    "settings/audit.csv?member={}",
)  # fmt: skip
ACTS = (
    "exports/{}/delete", "rejects/{}/replay", "erasures/{}/cancel", "merges/{}/undo",
    "properties/{}/description", "properties/{}/state", "properties/{}/table",
    "events/{}/description", "events/{}/state", "events/1/properties/{}/description",
    "events/1/properties/{}/state", "settings/keys/{}/revoke",
    "settings/signing-keys/{}/revoke", "settings/members/{}/role", "settings/members/{}/remove",
    "settings/members/{}/sign-out", "settings/members/{}/password",
)  # fmt: skip


@pytest.fixture
def admin(office: Office) -> Iterator[Browser]:
    """Give a browser in which an admin is signed in."""
    with office.browser(Role.ADMIN) as browser:
        yield browser


@pytest.mark.parametrize("number", [2**63, 10**20 - 1, 10**50])
def test_an_id_that_no_column_holds_is_refused(admin: Browser, number: int) -> None:
    for path in PAGES:
        answer = admin.get(f"/live/{path.format(number)}")
        assert answer.status_code == 400, path
    for path in ACTS:
        answer = admin.send_form(f"/live/{path.format(number)}")
        assert answer.status_code == 400, path


def test_the_greatest_id_is_looked_for(admin: Browser) -> None:
    for path in ("exports/{}", "rejects/{}", "erasures/{}", "properties/{}", "events/{}"):
        assert admin.get(f"/live/{path.format(2**63 - 1)}").status_code == 404, path
    assert admin.get(f"/live/settings/audit?member={10**18 - 1}").status_code == 200
