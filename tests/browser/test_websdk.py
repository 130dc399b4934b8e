"""The unchanged web SDK in a real browser, by script tag and by fetch (K-01)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.support.browsers import Tab
from tests.support.websdk import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

OpenTab = Callable[..., Awaitable[Tab]]
Mode = dict[str, str]

MODES = pytest.mark.parametrize("mode", [{}, {"fetch": "1"}], ids=["script", "fetch"])
LOGIN = "clevertap.onUserLogin.push({Site: given[0]});"
VAPID = "BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"
EVENT = "clevertap.event.push(given[0], given[1]);"


@MODES
async def test_a_page_is_a_visit(shop: Shop, open_tab: OpenTab, mode: Mode) -> None:
    """K-01, K-02: guid, session, campaign and what is known of the browser."""
    tab = await open_tab(**mode)
    await tab.open("/hats", utm_source="mail", utm_campaign="May")
    guid = await tab.guid()
    assert len(guid) == 32
    launched, viewed, utm = shop.events(object_id=guid)
    names = [launched["name"], viewed["name"], utm["name"]]
    assert names == ["App Launched", "Web Page Viewed", "UTM Visited"]
    assert viewed["properties"]["URL"].startswith(f"{tab.site}/hats?")
    assert utm["properties"] == {"utm_source": "mail", "utm_campaign": "may"}
    [device] = shop.native("profile", object_id=guid)["devices"]
    assert device["browser"] == "HeadlessChrome"
    assert device["os"] == "Linux"
    assert device["language"] == "de-CH"
    assert device["sdk_version"] == "web-sdk-v2.5.2"
    kinds = {await answer.header_value("content-type") for answer in tab.answers}
    json, script = "application/json;charset=utf-8", "text/javascript; charset=utf-8"
    assert kinds == {json if mode else script}
    await tab.open("/hats")
    assert await tab.guid() == guid
    assert shop.names(object_id=guid).count("App Launched") == 1


@MODES
async def test_events_arrive_as_they_were_pushed(shop: Shop, open_tab: OpenTab, mode: Mode) -> None:
    tab = await open_tab(**mode)
    await tab.open()
    await tab.run(EVENT, "Product viewed", {"Name": "Hat", "Price": 9.5, "New": True, "Size": 7})
    await tab.run("clevertap.event.push('Dated', {on: new Date(1700000000000)});")
    await tab.run(EVENT, "Nested", {"Trip": {"to": "Rome", "days": [1, 2]}})
    charged = {
        "Amount": 300,
        "Charged ID": 24052013,
        "Items": [{"Category": "Books", "Quantity": 1}, {"Category": "Hats", "Quantity": 2}],
    }
    await tab.run(EVENT, "Charged", charged)
    await tab.run("clevertap.event.push('Bare');")
    guid = await tab.guid()
    events = {each["name"]: each["properties"] for each in shop.events(object_id=guid)}
    assert events["Product viewed"] == {"Name": "Hat", "Price": 9.5, "New": True, "Size": 7}
    assert events["Dated"] == {"on": "$D_1700000000"}
    assert events["Nested"] == {"Trip": {"to": "Rome", "days": [1, 2]}}
    assert events["Charged"] == charged
    assert events["Bare"] == {}
    assert shop.rejects() == []


@MODES
async def test_users_of_one_browser_come_and_go(shop: Shop, open_tab: OpenTab, mode: Mode) -> None:
    """P-04, P-06; CF 3 a to d: an anonymous visitor, a first user, a second, the first again."""
    tab = await open_tab(**mode)
    await tab.open()
    first = await tab.guid()
    await tab.run(EVENT, "Before", {})
    await tab.run(LOGIN, {"Name": "Ana", "Identity": 61026032, "Email": "ana@example.com"})
    assert await tab.guid() == first
    await tab.run(EVENT, "Of Ana", {})
    await tab.run(LOGIN, {"Identity": 61026032, "Plan": "paid"})
    assert await tab.guid() == first
    await tab.run(LOGIN, {"Name": "Bo", "Identity": "bo"})
    second = await tab.guid()
    assert second != first
    await tab.run(EVENT, "Of Bo", {})
    await tab.run(LOGIN, {"Identity": 61026032, "Email": "ana@example.com"})
    assert await tab.guid() == first
    await tab.run(EVENT, "Of Ana again", {})
    await tab.open("/hats")
    await tab.run(LOGIN, {"Identity": "bo"})
    assert await tab.guid() == second
    ana, bo = shop.profile(identity="61026032"), shop.profile(identity="bo")
    assert {"Before", "Of Ana", "Of Ana again"} <= ana["events"].keys()
    assert "Of Bo" not in ana["events"]
    assert ana["profileData"]["Plan"] == "paid"
    assert [each["objectId"] for each in ana["platformInfo"]] == [first]
    assert "Of Bo" in bo["events"]
    assert not {"Before", "Of Ana"} & bo["events"].keys()
    assert [each["objectId"] for each in bo["platformInfo"]] == [second]
    assert shop.rejects() == []


@MODES
async def test_one_user_in_two_browsers_is_one_person(
    shop: Shop, open_tab: OpenTab, mode: Mode
) -> None:
    """P-05: what the second browser did before the login stays with its anonymous visitor."""
    home, work = await open_tab(**mode), await open_tab(**mode)
    await home.open()
    await home.run(LOGIN, {"Identity": "ana"})
    await home.run(EVENT, "At home", {})
    await work.open()
    await work.run(EVENT, "Before login", {})
    await work.run(LOGIN, {"Identity": "ana"})
    await work.run(EVENT, "At work", {})
    ana = shop.profile(identity="ana")
    assert {"At home", "At work"} <= ana["events"].keys()
    assert "Before login" not in ana["events"]
    guids = {await home.guid(), await work.guid()}
    assert {each["objectId"] for each in ana["platformInfo"]} == guids
    assert len(guids) == 2


@MODES
async def test_a_profile_has_what_was_pushed(shop: Shop, open_tab: OpenTab, mode: Mode) -> None:
    """K-01: every type, and every call for counters and lists."""
    tab = await open_tab(**mode)
    await tab.open()
    await tab.run(
        """clevertap.profile.push({Site: {
            Name: 'Ana', Phone: '+14155551234', Gender: 'F', Employed: 'Y', Education: 'Graduate',
            Married: 'N', DOB: new Date('1990-01-31T00:00:00Z'), 'MSG-email': false,
            'Customer Type': 'Platinum', plan: '$E_gold', points: 5, rate: 1.5,
            vip: true, tags: ['a', 'b'], since: new Date(1700000000000), old: 'x'}});"""
    )
    await tab.run("clevertap.handleIncrementValue('points', 3);")
    await tab.run("clevertap.handleDecrementValue('points', 1);")
    await tab.run("clevertap.setMultiValuesForKey('sizes', ['S', 'M']);")
    await tab.run("clevertap.addMultiValueForKey('sizes', 'L');")
    await tab.run("clevertap.addMultiValuesForKey('sizes', ['XL', 44]);")
    await tab.run("clevertap.removeMultiValueForKey('sizes', 'S');")
    await tab.run("clevertap.removeMultiValuesForKey('tags', ['a']);")
    await tab.run("clevertap.removeValueForKey('old');")
    found = shop.native("profile", object_id=await tab.guid())
    assert found["properties"] == {
        "Name": "Ana",
        "Phone": "+14155551234",
        "Gender": "F",
        "Employed": "Y",
        "Education": "Graduate",
        "Married": "N",
        "DOB": "$D_633744000",
        "MSG-email": False,
        "Customer Type": "Platinum",
        "plan": "gold",
        "points": 7,
        "rate": 1.5,
        "vip": True,
        "tags": ["b"],
        "since": "$D_1700000000",
        "sizes": ["M", "L", "XL", "44"],
    }
    [device] = found["devices"]
    assert device["utc_offset"] == "+0000"
    assert shop.rejects() == []


@MODES
async def test_a_page_that_stays_open_makes_its_session_longer(
    shop: Shop, open_tab: OpenTab, mode: Mode
) -> None:
    """K-01: pings, two minutes after a page; the browser's clock is wound on."""
    tab = await open_tab(**mode)
    await tab.page.clock.install()
    await tab.open()
    async with tab.page.expect_response(lambda answer: "type=ping" in answer.url) as pinged:
        await tab.page.clock.fast_forward("02:01")
    assert (await pinged.value).status == 200
    await tab.run("clevertap.getLocation(47.37, 8.54);")
    guid = await tab.guid()
    assert shop.names(object_id=guid) == ["App Launched", "Web Page Viewed"]
    [device] = shop.native("profile", object_id=guid)["devices"]
    assert (device["latitude"], device["longitude"]) == ("47.37", "8.54")


@MODES
async def test_clear_makes_a_new_visitor(shop: Shop, open_tab: OpenTab, mode: Mode) -> None:
    tab = await open_tab(**mode)
    await tab.open()
    first = await tab.guid()
    await tab.run(LOGIN, {"Identity": "ana"})
    await tab.page.evaluate("() => clevertap.clear()")
    await tab.run(LOGIN, {"Identity": "bo"})
    second = await tab.guid()
    assert second not in ("", first)
    await tab.run(EVENT, "After", {})
    assert "After" in shop.profile(identity="bo")["events"]
    assert "After" not in shop.profile(identity="ana")["events"]


@MODES
async def test_who_opts_out_is_left_alone(shop: Shop, open_tab: OpenTab, mode: Mode) -> None:
    tab = await open_tab(**mode)
    await tab.open()
    guid = await tab.guid()
    await tab.run("clevertap.privacy.push({optOut: true});")
    assert await tab.guid() == f"{guid}:OO"
    sent = len(tab.answers)
    await tab.page.evaluate("() => clevertap.event.push('Secret')")
    await tab.page.wait_for_timeout(300)
    assert len(tab.answers) == sent
    assert shop.profile(objectId=guid)["profileData"] == {"ct_optout": True}
    await tab.page.evaluate("() => clevertap.privacy.push({optOut: false})")
    await tab.page.wait_for_function(f"() => clevertap.getCleverTapID() === '{guid}'")
    await tab.page.evaluate("() => clevertap.event.push('Open')")
    await until(lambda: "Open" in shop.names(object_id=guid))
    assert "Secret" not in shop.names(object_id=guid)


@MODES
async def test_what_was_pushed_offline_arrives_later(
    shop: Shop, open_tab: OpenTab, mode: Mode
) -> None:
    tab = await open_tab(**mode)
    await tab.open()
    await tab.page.evaluate(
        "() => { clevertap.setOffline(true); clevertap.event.push('Queued', {n: 1}); }"
    )
    assert "Queued" not in shop.names(object_id=await tab.guid())
    await tab.run("clevertap.setOffline(false);")
    assert "Queued" in shop.names(object_id=await tab.guid())


@MODES
async def test_variables_are_fetched(shop: Shop, open_tab: OpenTab, mode: Mode) -> None:
    tab = await open_tab(**mode)
    await tab.open()
    fetched = await tab.page.evaluate(
        "() => new Promise((done) => clevertap.fetchVariables(() => done('fetched')))"
    )
    assert fetched == "fetched"
    assert "wzrk_fetch" not in shop.names(object_id=await tab.guid())


@MODES
async def test_a_page_is_made_personal_by_what_the_server_knows(
    shop: Shop, open_tab: OpenTab, mode: Mode
) -> None:
    """K-01: profile sync."""
    tab = await open_tab(personal="1", **mode)
    await tab.open()
    guid = await tab.guid()
    record = {"type": "profile", "objectId": guid, "profileData": {"Plan": "paid"}}
    shop.http.post("/1/upload", json={"d": [record]}, headers=shop.key.headers)
    await tab.forget_session()
    await tab.open()
    assert await tab.guid() == guid
    assert await tab.run("return clevertap.profile.getAttribute('Plan');") == "paid"
    launched = await tab.run("return clevertap.event.getDetails('App Launched').count;")
    assert launched == shop.profile(objectId=guid)["events"]["App Launched"]["count"]


async def test_discarded_events_are_told_to_the_browser(shop: Shop, open_tab: OpenTab) -> None:
    tab = await open_tab()
    await tab.open()
    await tab.run(EVENT, "Dull", {})
    patch = {"state": "discarded"}
    path = "/v1/definitions/events?name=Dull"
    shop.http.patch(path, json=patch, headers=shop.key.headers)
    await asyncio.sleep(1.1)
    await tab.open()
    assert await tab.kept("WZRK_ARP") == {"d_e": ["Ey8+Jw=="]}
    await tab.run(EVENT, "Dull", {})
    assert shop.profile(objectId=await tab.guid())["events"]["Dull"]["count"] == 1


@MODES
async def test_a_page_under_coep_may_use_the_server(
    shop: Shop, open_tab: OpenTab, mode: Mode
) -> None:
    """K-02: `require-corp` lets nothing in that does not say that it may be."""
    tab = await open_tab(**mode)
    await tab.open("/isolated")
    assert await tab.page.evaluate("() => crossOriginIsolated")
    assert "Web Page Viewed" in shop.names(object_id=await tab.guid())


async def test_an_sdk_that_encrypts_falls_back(shop: Shop, open_tab: OpenTab) -> None:
    tab = await open_tab(encrypted="1")
    await tab.open()
    assert "Web Page Viewed" in shop.names(object_id=await tab.guid())
    assert 402 in [answer.status for answer in tab.answers]


@MODES
async def test_pages_of_other_origins_are_refused(
    shop: Shop, open_tab: OpenTab, mode: Mode
) -> None:
    """K-02: an environment lists the origins that it takes."""
    tab, other = await open_tab(**mode), await open_tab(**mode)
    shop.set(origins=[tab.site])
    await asyncio.sleep(1.1)
    await tab.open()
    other.site = tab.site.replace("shop.example", "other.example")
    await other.go("/")
    # A script that is refused is a failure to the browser, which shows no answer to it.
    await until(lambda: bool(other.answers or other.failures))
    assert {answer.status for answer in other.answers} <= {403}
    assert await other.guid() is None
    assert shop.names(object_id=await tab.guid()) == ["App Launched", "Web Page Viewed"]


@MODES
async def test_a_web_push_subscription_follows_the_users_of_a_browser(
    shop: Shop, open_tab: OpenTab, mode: Mode
) -> None:
    """The browser's push service is out of reach here, so it is stood in for; the SDK is not."""
    shop.set(web_push_key=VAPID)
    await asyncio.sleep(1.1)
    tab = await open_tab(**mode)
    await tab.page.context.grant_permissions(["notifications"])
    await tab.page.add_init_script(
        """PushManager.prototype.subscribe = async () => ({
            endpoint: 'https://push.example/send/token-1', expirationTime: null,
            keys: {p256dh: 'BNcR', auth: 'k8Jv'}});"""
    )
    await tab.open()
    await tab.run(LOGIN, {"Identity": "ana"})
    await tab.page.evaluate(
        "() => { clevertap.notifications.push({skipDialog: true, serviceWorkerPath: '/worker.js'}); }"
    )
    await until(lambda: token_of(shop, "ana") == "token-1")
    await tab.run(LOGIN, {"Identity": "bo"})
    await until(lambda: token_of(shop, "bo") == "token-1")
    await until(lambda: token_of(shop, "ana") is None)


async def test_people_choose_on_a_page_which_emails_they_get(shop: Shop, open_tab: OpenTab) -> None:
    """K-01: an e-mail leads to the page, and its link says whose address it is."""
    email, groups = "ana@example.com", {"email": ["News"]}
    record = {
        "type": "profile",
        "identity": "ana",
        "profileData": {"Email": email, "category-resubscribe": groups},
    }
    shop.http.post("/1/upload", json={"d": [record]}, headers=shop.key.headers)
    link = shop.http.post(
        "/v1/addresses/email-link", json={"email": email}, headers=shop.key.headers
    ).json()["e"]
    tab = await open_tab()
    await tab.open(e=link)
    await tab.run("$WZRK_WR.getEmail(false, true);")
    await tab.page.wait_for_function("() => told.length === 1")
    shown = [{"name": "News", "isUnsubscribed": False}]
    assert await tab.page.evaluate("() => told") == [["fetched", email, {"groups": shown}]]
    await tab.run(
        "$WZRK_WR.changeSubscriptionGroups(false, [{name: 'News', isUnsubscribed: true}]);"
    )
    await tab.page.wait_for_function("() => told.length === 2")
    assert shop.profile(identity="ana")["subscriptionGroups"] == {"News": "Unsubscribed"}
    await tab.run("$WZRK_WR.unSubEmail();")
    await tab.page.wait_for_function("() => told.length === 3")
    assert await tab.page.evaluate("() => told.slice(1)") == [
        ["subscription", 2],
        ["subscription", 0],
    ]
    assert shop.profile(identity="ana")["profileData"]["MSG-dndEmail"] is True
    await tab.open(e=link.swapcase())
    await tab.run("$WZRK_WR.unSubEmail();")
    await tab.page.wait_for_function("() => told.length === 1")
    assert (await tab.page.evaluate("() => told"))[0][0] == "subscription failed"


def token_of(shop: Shop, identity: str) -> object:
    return shop.profile(identity=identity)["platformInfo"][0].get("push_token")


async def until(claim: Callable[[], bool]) -> None:
    """Wait until a claim holds; it fails after five seconds."""
    for _ in range(50):
        if claim():
            return
        await asyncio.sleep(0.1)
    assert claim()
