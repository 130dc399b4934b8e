"""What the server makes of the requests of the web SDK (K-01)."""

import time
from http.client import HTTPConnection
from pathlib import Path

import httpx
import jwt
import pytest

from mien import clock
from tests.support.lz import compress
from tests.support.servers import Server
from tests.support.websdk import Browser, Shop, read_script

CHROME = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/129.0.0.0 Mobile Safari/537.36"
)


def now_seconds() -> int:
    return clock.now_ms() // 1_000


def test_the_first_page_gives_a_guid_and_begins_a_session(shop: Shop, browser: Browser) -> None:
    """K-01: the visitor is an anonymous profile from the first page on."""
    said = browser.page()
    assert len(said.guid) == 32
    assert abs(said.session - now_seconds()) < 60
    assert (said.takes_over, said.opted_out) == (False, None)
    assert shop.names(object_id=said.guid) == ["App Launched", "Web Page Viewed"]
    assert shop.native("profile", object_id=said.guid)["type"] == "anonymous"
    again = browser.page("https://shop.example/cart#top")
    assert (again.guid, again.session) == (said.guid, said.session)
    viewed = shop.events(object_id=said.guid)[-1]
    assert viewed["properties"] == {"URL": "https://shop.example/cart"}


def test_a_campaign_is_told_of_every_event_of_its_session(shop: Shop, browser: Browser) -> None:
    said = browser.page(us="mail", um="newsletter", uc="May", referrer="news.example")
    browser.event("Liked", item="hat")
    launched, viewed, utm, liked = shop.events(object_id=said.guid)
    campaign = {"utm_source": "mail", "utm_medium": "newsletter", "utm_campaign": "May"}
    assert utm["name"] == "UTM Visited"
    assert utm["properties"] == campaign
    assert viewed["properties"]["Referrer"] == "news.example"
    session = {
        **campaign,
        "session_referrer": "news.example",
        "session_id": said.session,
        "session_number": 1,
    }
    assert launched["session"] == viewed["session"] == liked["session"] == session


def test_a_later_session_ends_the_one_before_with_its_length(shop: Shop, browser: Browser) -> None:
    """Session count and length, first and last seen."""
    now = now_seconds()
    browser.session = now - 3_000
    began = browser.page().guid
    browser.ask("ping", {}, i=now - 2_900)
    browser.session = None
    later = browser.event("Came back")
    assert later.session >= now
    events = shop.events(object_id=began)
    assert [each["name"] for each in events] == [
        "App Launched",
        "Web Page Viewed",
        "Session Concluded",
        "App Launched",
        "Came back",
    ]
    concluded = events[2]
    assert concluded["properties"] == {"Session Length": pytest.approx(3_000, abs=60)}
    assert concluded["session"]["session_number"] == 1
    assert events[4]["session"]["session_number"] == 2


def test_a_ping_makes_a_session_longer_and_is_no_event(shop: Shop, browser: Browser) -> None:
    now = now_seconds()
    browser.session = now - 1_000
    guid = browser.ask("page", {}, i=now - 900).guid
    browser.ask("ping", {}, i=now - 500)
    browser.session = now
    browser.ping()
    concluded = next(e for e in shop.events(object_id=guid) if e["name"] == "Session Concluded")
    assert concluded["properties"] == {"Session Length": 500}
    assert concluded["at"] == now - 500


def test_what_waited_in_the_browser_keeps_its_time(shop: Shop, browser: Browser) -> None:
    now = now_seconds()
    guid = browser.page().guid
    for sent_at in (now - 7_200, now + 500, 1, "soon"):
        browser.ask("push", {"type": "event", "evtName": f"At {sent_at}"}, i=sent_at)
    at = {each["name"]: each["at"] for each in shop.events(object_id=guid)}
    assert at[f"At {now - 7_200}"] == now - 7_200
    assert all(at[f"At {wrong}"] >= now for wrong in (now + 500, 1, "soon"))


def test_what_waited_for_the_first_answer_has_its_guid_in_the_url(
    shop: Shop, browser: Browser
) -> None:
    first = browser.page()
    waiting = {"id": browser.account, "type": "event", "evtName": "Waited"}
    answer = browser.send("push", waiting, gc=first.guid, s=first.session, rn=2)
    said = read_script(answer.text)
    assert (said.guid, said.session) == (first.guid, first.session)
    assert "Waited" in shop.names(object_id=first.guid)


def test_a_request_that_is_sent_again_counts_once(shop: Shop, browser: Browser) -> None:
    """The SDK sends again what was not answered in time, as from the next page."""
    guid = browser.page().guid
    payload = {"id": browser.account, "g": guid, "type": "event", "evtName": "Bought"}
    beside = {"rn": 5, "i": now_seconds(), "sn": 0}
    answers = [browser.send("push", payload, **beside, r=n, tries=n) for n in range(3)]
    assert {answer.text for answer in answers} == {answers[0].text}
    browser.send("push", payload, **{**beside, "rn": 6})
    assert shop.profile(objectId=guid)["events"]["Bought"]["count"] == 2


def test_who_logs_in_and_never_saw_the_answer_gets_the_same_guid(browser: Browser) -> None:
    login = {"id": browser.account, "type": "profile", "profile": {"Identity": "bo"}}
    said = [
        read_script(browser.send("push", {**login, "isOUL": True}, rn=1, i=5, sn=0).text).guid
        for _ in range(2)
    ]
    assert said[0] == said[1]


def test_two_visitors_may_open_a_page_in_the_same_second(browser: Browser) -> None:
    page = {"id": browser.account, "cpg": "https://shop.example/"}
    said = [read_script(browser.send("page", page, rn=1, i=5, sn=0).text) for _ in range(2)]
    assert said[0].guid != said[1].guid


def test_an_anonymous_visitor_logs_in_and_keeps_all(shop: Shop, browser: Browser) -> None:
    """P-04 (CF 3 a): the device becomes the person's, with what was done before."""
    guid = browser.page().guid
    browser.event("A")
    said = browser.profile({"Identity": 42, "Name": "Ana", "tz": "GMT+0530"})
    assert (said.guid, said.takes_over) == (guid, False)
    browser.event("B")
    ana = shop.profile(identity="42")
    assert ana["events"]["A"]["count"] == ana["events"]["B"]["count"] == 1
    assert ana == shop.profile(objectId=guid)


def test_the_same_user_may_log_in_twice(shop: Shop, browser: Browser) -> None:
    """CF 3 b."""
    browser.page()
    browser.profile({"Identity": "ana", "Plan": "free"})
    browser.profile({"Identity": "ana", "Plan": "paid"})
    ana = shop.profile(identity="ana")
    assert ana["profileData"]["Plan"] == "paid"
    assert len(ana["platformInfo"]) == 1


def test_users_who_share_a_browser_never_mix(shop: Shop, browser: Browser) -> None:
    """P-06 (CF 3 c, d): the next user gets a guid of their own, and going back finds the first."""
    guid = browser.page().guid
    browser.profile({"Identity": "ana"})
    said = browser.log_in_anew({"Identity": "bo", "Name": "Bo"})
    assert said.takes_over
    assert said.guid != guid
    assert said.keep["arp"] == {"isOUL": True}
    browser.event("Of Bo")
    browser.guid = guid
    back = browser.profile({"Identity": "ana"}, isOUL=True)
    assert (back.guid, back.takes_over, back.keep["arp"]) == (guid, True, {"isOUL": True})
    browser.event("Of Ana")
    ana, bo = shop.profile(identity="ana"), shop.profile(identity="bo")
    assert ("Of Ana" in ana["events"], "Of Bo" in ana["events"]) == (True, False)
    assert ("Of Ana" in bo["events"], "Of Bo" in bo["events"]) == (False, True)


def test_a_user_in_a_second_browser_leaves_the_anonymous_rest_behind(shop: Shop) -> None:
    """P-05: what was done there before the login is not counted as the user's."""
    home, work = shop.browser(), shop.browser()
    home.page()
    home.profile({"Identity": "ana"})
    home.event("At home")
    work.page()
    work.event("Before login")
    work.profile({"Identity": "ana"})
    work.event("After login")
    ana = shop.profile(identity="ana")
    assert {device["objectId"] for device in ana["platformInfo"]} == {home.guid, work.guid}
    assert ana["events"]["At home"]["count"] == ana["events"]["After login"]["count"] == 1
    assert "Before login" not in ana["events"]


@pytest.mark.parametrize("kind", ["Identity", "FBID", "GPID"])
def test_every_id_of_a_person_is_a_login(shop: Shop, kind: str) -> None:
    home, work = shop.browser(), shop.browser()
    for browser in (home, work):
        browser.page()
        browser.profile({kind: "x-1"})
    found = shop.native("profile", object_id=str(home.guid))
    assert len(found["devices"]) == 2


def test_an_email_alone_joins_nobody_unless_the_environment_says_so(shop: Shop) -> None:
    home, work = shop.browser(), shop.browser()
    for browser in (home, work):
        browser.page()
        browser.profile({"Email": "ana@example.com"})
        assert len(shop.native("profile", object_id=str(browser.guid))["devices"]) == 1
    said = work.log_in_anew({"Email": "bo@example.com"})
    assert shop.profile(objectId=said.guid)["email"] == "bo@example.com"


def test_an_email_alone_is_a_login_where_the_environment_joins_people_by_it(shop: Shop) -> None:
    """P-07: as in the original, if that is what is wanted."""
    shop.set(unify_on=["email"])
    home, work = shop.browser(), shop.browser()
    for browser in (home, work):
        browser.page()
        browser.profile({"Email": "ana@example.com"})
    other = work.log_in_anew({"Email": "bo@example.com"})
    found = shop.native("profile", object_id=str(home.guid))
    guids = {device["object_id"] for device in found["devices"]}
    assert len(guids) == 2
    assert other.guid not in guids


def test_habits_of_the_sdk_are_met(shop: Shop, browser: Browser) -> None:
    """K-01: phones without their plus, offsets among the properties, characters that it strips."""
    guid = browser.page().guid
    browser.profile(
        {
            "Phone": 14155551234,
            "tz": "GMT+0530",
            "Level": "$E_gold",
            " Fav.Col:our ": " O'Hara ",
            "sizes": {"$add": [38, "M"]},
            "it's": {"$set": ["a'b", 1.5, 2]},
            "DOB": "$D_631152000",
        }
    )
    seen = shop.native("profile", object_id=guid)
    properties = {k: v for k, v in seen["properties"].items() if k != "Age"}
    assert properties == {
        "Phone": "+14155551234",
        "Level": "gold",
        "FavColour": "OHara",
        "sizes": ["38", "M"],
        "its": ["ab", "1.5", "2"],
        "DOB": "$D_631152000",
    }
    assert shop.rejects() == []


def test_operators_do_as_everywhere(shop: Shop, browser: Browser) -> None:
    guid = browser.page().guid
    browser.profile({"points": 5, "tags": ["a", "b"], "old": 1})
    for key, change in (
        ("points", {"$incr": 2}),
        ("points", {"$decr": 1}),
        ("tags", {"$add": "c"}),
        ("tags", {"$remove": ["a"]}),
        ("old", {"$delete": True}),
    ):
        browser.profile({key: change, "tz": "GMT+0000"})
    assert shop.profile(objectId=guid)["profileData"] == {"points": 6, "tags": ["b", "c"]}


def test_a_browser_is_known_by_its_headers(shop: Shop, browser: Browser) -> None:
    """P-17: the SDK's part of what is known of a device."""
    browser.headers = {"User-Agent": CHROME, "Accept-Language": "de-CH, en;q=0.5"}
    guid = browser.page().guid
    browser.profile({"tz": "GMT-0330"})
    [device] = shop.native("profile", object_id=guid)["devices"]
    shown = {k: v for k, v in device.items() if k not in ("first_seen_at", "seen_at")}
    assert shown == {
        "object_id": guid,
        "platform": "Web",
        "browser": "Chrome Mobile",
        "browser_version": "129.0",
        "os": "Android",
        "os_version": "10",
        "make": "Generic_Android",
        "model": "K",
        "language": "de-CH",
        "sdk_version": "web-sdk-v2.5.2",
        "utc_offset": "-0330",
    }


def test_a_fetch_of_variables_is_answered_and_is_no_event(shop: Shop, browser: Browser) -> None:
    guid = browser.page().guid
    said = browser.event("wzrk_fetch", t=4)
    assert said.keep == {"vars": {}}
    assert "wzrk_fetch" not in shop.names(object_id=guid)


def test_a_bad_record_is_kept_as_a_reject_and_does_not_break_the_answer(
    shop: Shop, browser: Browser
) -> None:
    """U-23: the page goes on, and whoever looks finds what was wrong."""
    guid = browser.page().guid
    said = browser.profile({"Email": "nonsense", "Plan": "x"})
    assert (said.guid, said.rejected) == (guid, (515,))
    said = browser.event("App Uninstalled")
    assert said.rejected == (513,)
    assert [each["code"] for each in shop.rejects()] == [513, 515]
    assert "App Uninstalled" not in shop.names(object_id=guid)


def test_what_the_sdk_itself_raises_is_taken(shop: Shop, browser: Browser) -> None:
    guid = browser.page().guid
    said = browser.event("Notification Viewed", wzrk_id="1_2")
    assert said.rejected == ()
    assert "Notification Viewed" in shop.names(object_id=guid)


def test_a_discarded_event_is_told_to_the_sdk(shop: Shop, browser: Browser) -> None:
    browser.page()
    browser.event("Dull")
    patch = shop.http.patch(
        "/v1/definitions/events",
        params={"name": "Dull"},
        json={"state": "discarded"},
        headers=shop.key.headers,
    )
    assert patch.status_code == 200, patch.text
    time.sleep(1.1)
    said = browser.page()
    assert said.keep["arp"] == {"d_e": ["Ey8+Jw=="]}  # each byte of Dull with one of WZRK
    assert browser.event("Dull").rejected == (528,)


def test_a_visitor_who_opts_out_is_left_alone_until_they_opt_in(
    shop: Shop, browser: Browser
) -> None:
    guid = browser.page().guid
    said = browser.profile({"ct_optout": True})
    assert (said.guid, said.opted_out) == (f"{guid}:OO", True)
    before = shop.names(object_id=guid)
    for silent in (browser.event("Secret"), browser.page(), browser.profile({"Plan": "x"})):
        assert (silent.guid, silent.opted_out) == (f"{guid}:OO", True)
    assert shop.names(object_id=guid) == before
    assert shop.profile(objectId=guid)["profileData"] == {"ct_optout": True}
    assert shop.rejects() == []
    said = browser.profile({"ct_optout": False})
    assert (said.guid, said.opted_out) == (guid, False)
    assert browser.event("Open").opted_out is None
    assert shop.names(object_id=guid) == [*before, "Open"]


def test_a_person_who_opted_out_stays_so_in_a_second_browser(shop: Shop) -> None:
    home, work = shop.browser(), shop.browser()
    home.page()
    home.profile({"Identity": "ana"})
    home.profile({"ct_optout": True})
    work.page()
    said = work.profile({"Identity": "ana", "Plan": "secret"})
    assert said.opted_out is True
    assert "Plan" not in shop.profile(identity="ana")["profileData"]
    work.profile({"ct_optout": False})
    work.profile({"Plan": "open"})
    assert shop.profile(identity="ana")["profileData"] == {"ct_optout": False, "Plan": "open"}


def test_a_push_subscription_is_registered_and_let_go(shop: Shop, browser: Browser) -> None:
    subscription = {
        "endpoint": "token-1",
        "expirationTime": None,
        "keys": {"p256dh": "BNcR", "auth": "k8Jv"},
        "browser": "Chrome",
    }
    guid = browser.ask("data", subscription).guid
    [device] = shop.profile(objectId=guid)["platformInfo"]
    assert (device["platform"], device["push_token"]) == ("Web", "token-1")
    browser.ask("data", {"type": "data", "action": "unregister"})
    [device] = shop.profile(objectId=guid)["platformInfo"]
    assert "push_token" not in device
    assert browser.ask("data", {"endpoint": ""}).rejected == (532,)


def test_an_anonymous_profile_is_synced(shop: Shop, browser: Browser) -> None:
    browser.page()
    browser.profile({"Plan": "paid"})
    said = browser.profile({"Size": 3}, dsync=True)
    sync = said.keep["evpr"]
    assert sync["profile"] == {"Plan": "paid", "Size": 3}
    assert sync["events"]["App Launched"][0] == 1
    assert sync["expires_in"] > 0


def test_a_person_is_synced_only_where_the_environment_shares_profiles(
    shop: Shop, browser: Browser
) -> None:
    """Whoever reads a page can name anybody: what a page may read is for the environment to say."""
    browser.page()
    assert "evpr" not in browser.profile({"Identity": "ana", "Plan": "paid"}, dsync=True).keep
    shop.set(shares_profiles=True)
    time.sleep(1.1)
    said = browser.ask("page", {"dsync": True})
    assert said.keep["evpr"]["profile"] == {"Plan": "paid"}


def test_a_guid_that_the_page_chose_is_taken_and_not_synced(shop: Shop, browser: Browser) -> None:
    browser.guid = "_w_user-1"
    said = browser.page(dsync=True)
    assert said.guid == "_w_user-1"
    assert "evpr" not in said.keep


def test_where_identities_are_to_be_signed_a_page_proves_who_its_visitor_is(
    shop: Shop, browser: Browser
) -> None:
    """A hostile page cannot name anybody; the SDK goes on as an anonymous visitor."""
    secret = shop.require_signatures()
    guid = browser.page().guid
    said = browser.profile({"Identity": "ana", "Plan": "stolen"})
    assert (said.guid, said.rejected) == (guid, (623,))
    assert browser.log_in_anew({"Identity": "ana"}).takes_over
    claims = {"sub": "ana", "aud": browser.account, "exp": now_seconds() + 600}
    token = jwt.encode(claims, secret, "HS256")
    assert browser.profile({"Identity": "bo", "identity_token": token}).rejected == (623,)
    said = browser.profile({"Identity": "ana", "Plan": "paid", "identity_token": token}, dsync=True)
    assert said.rejected == ()
    assert said.keep["evpr"]["profile"] == {"Plan": "paid"}
    assert shop.profile(identity="ana")["profileData"] == {"Plan": "paid"}
    assert [each["code"] for each in shop.rejects()] == [623, 623, 623]


def test_in_fetch_mode_the_answer_is_json(shop: Shop, browser: Browser) -> None:
    """K-01, K-02."""
    browser.headers = {
        "Accept": "application/json",
        "X-CleverTap-Encryption-Enabled": "true",
        "Origin": "https://shop.example",
    }
    answer = browser.send("page", {"id": browser.account}, rn=7)
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    body = answer.json()
    assert body["meta"]["rn"] == 7
    assert body["meta"]["rf"] is False
    assert len(body["meta"]["g"]) == 32
    rejected = browser.send("push", {"id": browser.account, "type": "event"}).json()
    assert rejected["rejected"] == [509]


def test_a_preflight_is_answered(server: Server) -> None:
    """K-02."""
    asked = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "x-clevertap-encryption-enabled",
    }
    answer = httpx.options(f"{server.url}/a", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert "x-clevertap-encryption-enabled" in allowed


def test_an_environment_may_list_its_origins(shop: Shop, browser: Browser) -> None:
    """K-02: by the origin that the browser says, or else that the page says."""
    shop.set(origins=["https://shop.example", "https://*.shop.example:8443"])
    time.sleep(1.1)
    payload = {"id": browser.account, "cpg": "x"}
    for origin, status in (
        ("https://shop.example", 200),
        ("https://m.shop.example:8443", 200),
        ("https://evil.example", 403),
        ("https://evilshop.example", 403),
        ("", 403),
    ):
        assert browser.send("page", payload, origin=origin).status_code == status
        browser.headers = {"Origin": origin} if origin else {}
        assert browser.send("page", payload).status_code == status
        browser.headers = {}
    refused = browser.send("page", payload)
    assert refused.json()["code"] == "origin_not_listed"
    assert refused.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "malformed_payload"),
        ({"d": ""}, "malformed_payload"),
        ({"d": "%%%"}, "malformed_payload"),
        ({"d": compress("no json")}, "malformed_payload"),
        ({"d": compress("[1]")}, "malformed_payload"),
        ({"d": compress("[" * 5_000)}, "malformed_payload"),
        ({"d": compress("{}")}, "unknown_account"),
        ({"d": compress('{"id":7}')}, "unknown_account"),
        ({"d": compress('{"id":"ABC-DEF-0000"}')}, "unknown_account"),
        ({"d": compress('{"encrypted":true,"id":"x"}')}, "encrypted_payload"),
    ],
)
def test_garbage_gets_a_clean_refusal(server: Server, query: dict[str, str], code: str) -> None:
    answer = httpx.get(f"{server.url}/a", params=query)
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize(
    ("kind", "payload", "place"),
    [
        ("stroll", {}, "type"),
        ("push", {}, "d.type"),
        ("push", {"type": "wish"}, "d.type"),
        ("push", {"type": "profile", "profile": []}, "d.profile"),
        ("page", {"g": 7}, "g"),
        ("page", {"g": "<script>"}, "g"),
        ("page", {"g": "x" * 65}, "g"),
        ("page", {"g": "mien_1"}, "g"),
        ("page", {"g": "-mien_1"}, "g"),
        ("page", {"g": "mien_1:OO"}, "g"),
    ],
)
def test_a_request_of_a_wrong_form_is_refused_with_its_place(
    browser: Browser, kind: str, payload: dict[str, object], place: str
) -> None:
    answer = browser.send(kind, {"id": browser.account, **payload})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{place}: ")


def test_a_request_that_is_too_large_is_refused(server: Server, browser: Browser) -> None:
    """K-01: a bound on the size, packed and unpacked."""
    bomb = browser.send("push", {"id": browser.account, "type": "event", "x": "a" * 300_000})
    assert bomb.status_code == 400
    assert "more than 262,144 characters" in bomb.json()["detail"]
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"/a?d={'a' * 70_000}")
    assert connection.getresponse().status in (414, 431)
    connection.close()
    assert browser.page().guid


def test_nothing_that_a_client_sends_becomes_script(shop: Shop, browser: Browser) -> None:
    attack = "');alert(1);//</script>\u2028"
    browser.page()
    said = browser.send(
        "push",
        {
            "id": browser.account,
            "g": browser.guid,
            "dsync": True,
            "type": "profile",
            "profile": {"x": attack},
        },
        rn="1);alert(1",
    )
    text = said.text
    assert read_script(text).keep["evpr"]["profile"]["x"] == attack.replace("'", "").replace(
        "\u2028", ""
    )
    assert "\u2028" not in text
    assert text.endswith(",0);")
    assert said.headers["content-type"] == "text/javascript; charset=utf-8"


def test_a_client_that_sends_too_much_has_to_wait(tmp_path: Path) -> None:
    """K-01: a bound on the rate of each client."""
    settings = {"MIEN_SDK_RATE": "0.01", "MIEN_SDK_BURST": "3", "MIEN_PROXIES": "1"}
    server = Server(tmp_path, settings).start()
    query = {"d": compress('{"id":"nobody"}')}
    answers = [httpx.get(f"{server.url}/a", params=query) for _ in range(5)]
    other = {"X-Forwarded-For": "203.0.113.9"}
    elsewhere = httpx.get(f"{server.url}/a", params=query, headers=other)
    assert server.stop() == 0
    assert [each.status_code for each in answers] == [401, 401, 401, 429, 429]
    assert answers[-1].json()["code"] == "client_too_fast"
    assert answers[-1].headers["retry-after"] == "1"
    assert elsewhere.status_code == 401
