"""Settings of an environment: identity rules, mappings, SDKs (P-07, P-08, P-12, K-02, D-06)."""

import re
import time
from collections.abc import Mapping

import httpx
import pytest

from mien.domain.environments import EnvironmentSettings
from mien.domain.ids import EnvironmentId
from mien.services import audit
from mien.services.accounts import get_environment
from mien.services.environments import change_settings, get_settings
from tests.support.offices import Browser, Office

IDENTITIES = {"one_identity": "yes", "merges_per_call": "100", "blocked_ids": ""}
"""The form of the identity rules as it is while nothing was changed."""

CHARGED = {"event": "Charged", "property": "Amount", "to": "last amount"}


def known(office: Office) -> EnvironmentSettings:
    """Give what is set in the live environment."""
    environment = httpx.get(
        f"{office.server.url}/v1/environment/settings", headers=office.live.headers
    ).raise_for_status()
    found = get_settings(office.store, number(office))
    assert environment.json()["merges_per_call"] == found.merges_per_call
    return found


def number(office: Office) -> EnvironmentId:
    """Give the number of the live environment."""
    return get_environment(office.store, office.live.account_id).environment_id


def mark(browser: Browser, tab: str) -> str:
    """Give the mark of the form as it is shown."""
    found = re.search(r'name="mark" value="(\w+)"', browser.get(f"/live/settings/{tab}").text)
    assert found
    return found[1]


def save(browser: Browser, tab: str, form: Mapping[str, str]) -> httpx.Response:
    """Save a form that was just opened."""
    return browser.send_form(f"/live/settings/{tab}", **form, mark=mark(browser, tab))


# P-07, P-08
def test_identity_rules_are_changed_and_hold(office: Office) -> None:
    office.send({"type": "profile", "distinct_id": "a", "properties": {"Email": "x@example.com"}})
    wanted = {
        "unify_email": "yes",
        "one_FBID": "yes",
        "most_GPID": "7",
        "merges_per_call": "5",
        "blocked_ids": " null \nguest\n\nnull\n",
        "late_data_loses": "yes",
    }
    with office.browser() as browser:
        said = save(browser, "identities", wanted)
        assert "Saved; it holds for what is sent from now on." in said.text
        assert said.text.count(" checked") == 3
        assert "null\nguest</textarea>" in said.text
        assert "Nothing changed." in save(browser, "identities", wanted).text
        assert "guest</textarea>" not in browser.get("/test/settings/identities").text
    found = known(office)
    assert found.unify_on == ("email",)
    assert found.one_per_person == ("FBID",)
    assert found.ids_per_kind == {"GPID": 7}
    assert found.blocked_ids == ("null", "guest")
    assert (found.merges_per_call, found.late_data_loses, found.missing_is_zero) == (5, True, False)
    office.send({"type": "profile", "distinct_id": "b", "properties": {"Email": "x@example.com"}})
    assert office.object_id("a") == office.object_id("b")
    [entry] = audit.audit_page(office.store, office.account.account.account_id, count=5)
    assert entry.act == "settings_changed"
    assert set(entry.details["settings"].split(", ")) == {
        "unify_on", "one_per_person", "ids_per_kind", "merges_per_call", "blocked_ids",
        "late_data_loses",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tab", "form", "said"),
    [
        ("identities", {"merges_per_call": "many"}, "Needs to be a whole number."),
        ("identities", {"merges_per_call": "-1"}, "Needs to be a whole number."),
        ("identities", {"merges_per_call": "100001"}, "Is 100001, it needs to be 0 to 100,000."),
        ("identities", {"most_FBID": "0"}, "Is 0, it needs to be 1 to 100."),
        (
            "identities",
            {"blocked_ids": "\n".join(map(str, range(10_001)))},
            "Has 10,001 entries, the limit is 10,000.",
        ),
        (
            "sdks",
            {"origins": "https://shop.example\nshop"},
            "Has &#39;shop&#39;, which is not such as https://shop.example.",
        ),
        ("sdks", {"web_push_key": "B"}, "Needs to be 87 characters of base64 for URLs"),
    ],
)
def test_a_wrong_setting_comes_back_as_it_was_filled_in(
    office: Office, tab: str, form: Mapping[str, str], said: str
) -> None:
    whole = (IDENTITIES if tab == "identities" else {}) | dict(form)
    before = known(office)
    with office.browser() as browser:
        refused = save(browser, tab, whole)
    assert refused.status_code == 400
    assert said in refused.text
    [value] = form.values()
    assert (f">\n{value}</textarea>" in refused.text) or (f'value="{value}"' in refused.text)
    assert known(office) == before


# P-08
def test_the_later_of_two_admins_is_told_and_may_overwrite(office: Office) -> None:
    with office.browser() as browser:
        old = mark(browser, "identities")
        # What stands on another tab does not get in the way, what stands on this one does.
        change_settings(office.store, number(office), {"shares_profiles": True}, source="cli")
        assert mark(browser, "identities") == old
        change_settings(office.store, number(office), {"merges_per_call": 9}, source="cli")
        form = IDENTITIES | {"merges_per_call": "50", "mark": old}
        told = browser.send_form("/live/settings/identities", **form)
        assert told.status_code == 409
        assert "The settings changed while you edited; nothing of yours was saved." in told.text
        assert 'value="50"' in told.text
        assert known(office).merges_per_call == 9
        again = re.search(r'name="mark" value="(\w+)"', told.text)
        assert again
        browser.send_form("/live/settings/identities", **form | {"mark": again[1]})
    assert known(office).merges_per_call == 50


# K-02
def test_origins_are_listed_and_hold(office: Office) -> None:
    def sends(origin: str) -> int:
        sent = {"object_id": "d-1", "records": [{"type": "event", "name": "Seen"}]}
        url = f"{office.server.url}/sdk/v1/batch?account={office.live.account_id}"
        return httpx.post(url, json=sent, headers={"Origin": origin}).status_code

    assert sends("https://evil.example") == 200
    wanted = {"origins": "https://shop.example\n", "requires_signed_identities": "yes"}
    with office.browser() as browser:
        save(browser, "sdks", wanted)
    assert known(office).origins == ("https://shop.example",)
    assert known(office).requires_signed_identities
    deadline = time.monotonic() + 10
    while sends("https://evil.example") != 403:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert sends("https://shop.example") == 200


# P-12
def test_mappings_are_added_and_removed(office: Office) -> None:
    with office.browser() as browser:
        assert "No mappings" in browser.get("/live/settings/mappings").text
        said = browser.send_form("/live/settings/mappings", **CHARGED).text
        assert "From now on, Amount of Charged sets last amount of the person." in said
        office.send(
            {"type": "event", "distinct_id": "a", "name": "Charged", "properties": {"Amount": 5}}
        )
        twice = browser.send_form("/live/settings/mappings", **CHARGED)
        assert (twice.status_code, "Has this one already." in twice.text) == (400, True)
        wrong = browser.send_form("/live/settings/mappings", **CHARGED | {"to": "identity"})
        assert wrong.status_code == 400
        assert "is no property of a profile." in wrong.text
        assert "No mappings" in browser.get("/test/settings/mappings").text
        gone = browser.send_form("/live/settings/mappings/remove", **CHARGED)
        assert "what it wrote stays" in gone.text
        assert browser.send_form("/live/settings/mappings/remove", **CHARGED).status_code == 404
        assert "last amount" in browser.get(f"/live/people/{office.object_id('a')}").text
    assert known(office).mappings == ()
