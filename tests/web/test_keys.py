"""Keys in the settings: made and shown once, revoked, and kept apart (D-06, K-03)."""

import re
import time

import httpx

from mien.services import audit
from tests.support.offices import Office
from tests.support.servers import Key

ONCE = re.compile(r'once-text"><span class="copied"><code>([^<]+)<')
NASTY = "<script>alert(1)</script>"


def reads(office: Office, key: Key) -> int:
    """Give the status with which a key is answered."""
    return httpx.get(f"{office.server.url}/v1/environment", headers=key.headers).status_code


def wait_until_refused(office: Office, key: Key) -> None:
    deadline = time.monotonic() + 10
    while reads(office, key) != 401:
        assert time.monotonic() < deadline
        time.sleep(0.05)


# D-06
def test_a_key_is_made_shown_once_and_revoked(office: Office) -> None:
    with office.browser() as browser:
        made = browser.send_form("/live/settings/keys", label=f" {NASTY} ").text
        assert NASTY not in made
        found = ONCE.search(made)
        assert found
        key = Key(office.live.account_id, found[1])
        assert reads(office, key) == 200
        assert reads(office, Key(office.test.account_id, found[1])) == 401
        page = browser.get("/live/settings/keys").text
        assert found[1] not in page
        assert NASTY.replace("<", "&lt;").replace(">", "&gt;") in page
        assert "&lt;script" not in browser.get("/test/settings/keys").text
        said = browser.send_form("/live/settings/keys/2/revoke").text
        assert "the server refuses it within a second" in said
        assert "was revoked already" in browser.send_form("/live/settings/keys/2/revoke").text
        assert "was revoked already" in browser.send_form("/test/settings/keys/2/revoke").text
    wait_until_refused(office, key)
    entries = audit.audit_page(office.store, office.account.account.account_id, count=5)
    assert [(each.act, each.subject) for each in entries] == [
        ("key_revoked", "key:2"),
        ("key_made", "key:2"),
    ]
    assert entries[1].details == {"label": NASTY}


# D-06
def test_a_key_says_when_it_was_used_last(office: Office) -> None:
    with office.browser() as browser:
        assert ">Never<" in browser.get("/live/settings/keys").text
        assert reads(office, office.live) == 200
        deadline = time.monotonic() + 30
        while ">Never<" in browser.get("/live/settings/keys").text:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert "just now" in browser.get("/live/settings/keys").text
        assert ">Never<" in browser.get("/test/settings/keys").text


def test_a_key_without_a_label_is_not_made(office: Office) -> None:
    with office.browser() as browser:
        for path, name in (("keys", "label"), ("signing-keys", "signing_label")):
            for label in ("", "k" * 201):
                refused = browser.send_form(f"/live/settings/{path}", **{name: label})
                assert refused.status_code == 400
                assert "Needs 1 to 200 characters." in refused.text
                assert not ONCE.search(refused.text)


# K-03
def test_signing_keys_are_made_and_revoked(office: Office) -> None:
    with office.browser() as browser:
        for number in range(10):
            label = f"login {number}"
            made = browser.send_form("/live/settings/signing-keys", signing_label=label)
            assert ONCE.search(made.text)
        refused = browser.send_form("/live/settings/signing-keys", signing_label="one more")
        assert refused.status_code == 400
        assert "Signing keys in use: 11 sent, the limit is 10." in refused.text
        said = browser.send_form("/live/settings/signing-keys/1/revoke").text
        assert "Revoked; the server refuses it within a second." in said
        again = browser.send_form("/live/settings/signing-keys", signing_label="one more")
        assert ONCE.search(again.text)
