"""What our own SDKs send: each record by itself, of the device that sends (K-02, K-03)."""

from typing import Any

import httpx
import jwt
import pytest

from mien import clock
from tests.native.callers import Json, Native, problem
from tests.native.callers import profile as native_profile
from tests.sdk.pages import DEVICE, Page, Signer, event, profile
from tests.support.servers import Key, Server

ACCEPTED = "accepted"


def now() -> int:
    return clock.now_ms() // 1_000


def test_a_visitor_is_anonymous_until_the_page_says_who_it_is(page: Page, native: Native) -> None:
    """K-03, P-04: what the device did before stays with the person."""
    page.send(event("Viewed", item="shoe"))
    assert native.get("profile", object_id=DEVICE)["type"] == "anonymous"
    answer = page.send(profile("ana", plan="gold"), event("Charged", Amount=9.5))
    assert answer == {
        "status": "success",
        "processed": 2,
        "results": [{"position": 1, "status": ACCEPTED}, {"position": 2, "status": ACCEPTED}],
    }
    ana = native.get("profile", distinct_id="ana")
    assert ana["properties"]["plan"] == "gold"
    assert {"Viewed", "Charged"} <= ana["events"].keys()
    assert [device["object_id"] for device in ana["devices"]] == [DEVICE]
    assert native.get("profile/history", distinct_id="ana")["history"][0]["source"] == (
        f"sdk:{page.account}"
    )


def test_a_page_is_told_nothing_of_what_was_known_before(page: Page, native: Native) -> None:
    """K-03: whoever reads a page could else read anybody's profile."""
    native.send(native_profile("ana", plan="secret", Name="Ana"))
    answer = page.send(profile("ana", plan="x"), profile("ana", Email="broken"))
    assert answer["results"][0] == {"position": 1, "status": ACCEPTED}
    assert answer["results"][1].keys() == {"position", "status", "code", "reason"}
    assert "secret" not in str(answer)


def test_a_bad_record_does_not_stop_its_neighbours_and_is_kept(page: Page, native: Native) -> None:
    answer = page.send(profile(plan="gold"), 7, event(""), event("Viewed"), {"type": "other"})
    assert answer["status"] == "partial"
    assert answer["processed"] == 2
    codes = [result.get("code") for result in answer["results"]]
    assert codes == [None, 524, 509, None, 524]
    kept = native.get("rejects")["rejects"]
    assert [(each["position"], each["source"]) for each in reversed(kept)] == [
        (2, f"sdk:{page.account}"),
        (3, f"sdk:{page.account}"),
        (5, f"sdk:{page.account}"),
    ]
    assert {**event(""), "object_id": DEVICE}.items() <= kept[1]["record"].items()
    mended = native.replay(
        {"id": kept[1]["id"], "record": {**event("Viewed"), "object_id": DEVICE}}
    )
    assert mended["status"] == "success"


def test_events_of_the_system_are_not_for_pages(page: Page) -> None:
    assert page.results(event("Notification Viewed"))[0]["code"] == 513


# R12
def test_a_page_neither_disables_nor_enables_anybody(page: Page, native: Native) -> None:
    assert page.results(profile(plan="gold"))[0]["status"] == "accepted"
    for said in (True, False):
        (result,) = page.results(profile(**{"MSG-disabled": said}))
        assert (result["code"], result["status"]) == (617, "rejected")
    assert native.get("profile", object_id=DEVICE)["properties"] == {"plan": "gold"}


def test_a_record_is_of_the_device_that_sends_whatever_it_says(page: Page, native: Native) -> None:
    native.send({"type": "profile", "object_id": "d-2", "properties": {"owner": "bo"}})
    (result,) = page.results({**profile(owner="eve"), "object_id": "d-2"})
    assert result == {"position": 1, "status": ACCEPTED, "ignored_keys": ["object_id"]}
    assert native.get("profile", object_id="d-2")["properties"] == {"owner": "bo"}
    assert native.get("profile", object_id=DEVICE)["properties"] == {"owner": "eve"}


def test_the_id_of_a_profile_is_no_device(page: Page, native: Native) -> None:
    """K-03: such ids are counted up, so anybody could name the profile of anybody."""
    native.send(native_profile("ana", plan="gold"))
    object_id = native.get("profile", distinct_id="ana")["object_id"]
    for device in (object_id, f"-{object_id}"):
        answer = page.post({"object_id": device, "records": [profile(plan="x")]})
        assert "no device" in problem(answer, 400)["detail"]
    assert native.get("profile", distinct_id="ana")["properties"] == {"plan": "gold"}


def test_a_push_token_goes_with_the_device(page: Page, native: Native) -> None:
    keys = {"p256dh": "k", "auth": "a"}
    token = {"type": "token", "token": {"id": "t", "type": "chrome", "keys": keys}}
    answer = page.send(profile(), token, device={"model": "Pixel 9"})
    assert answer["status"] == "success"
    (device,) = native.get("profile", object_id=DEVICE)["devices"]
    assert device["token"]["id"] == "t"
    assert device["model"] == "Pixel 9"


def test_facts_of_the_device_may_come_with_the_batch_or_a_record(
    page: Page, native: Native
) -> None:
    page.send(profile(), device={"app_version": "1.0", "model": "Pixel 9"})
    page.send({**event("Viewed"), "device": {"app_version": "2.0"}}, device={"app_version": "1.0"})
    (device,) = native.get("profile", object_id=DEVICE)["devices"]
    assert (device["app_version"], device["model"]) == ("2.0", "Pixel 9")


def test_a_visit_is_followed_from_its_launch_to_its_end(page: Page, native: Native) -> None:
    """K-03: the SDK names the session of a record; the server raises what that means."""
    start = now() - 7_200
    first = {"session_id": start, "utm_source": "news"}
    for at in (start, start + 300):
        page.send({**event("Viewed", at), "session": first})
    page.send({**event("Viewed", start + 7_000), "session": {"session_id": start + 7_000}})
    done = native.get("profile/events", object_id=DEVICE)["events"]
    assert [each["name"] for each in reversed(done)] == [
        "App Launched",
        "Viewed",
        "Viewed",
        "Session Concluded",
        "App Launched",
        "Viewed",
    ]
    assert done[2]["properties"] == {"Session Length": 300}


def test_the_session_of_a_clock_that_is_wrong_blocks_no_later_one(
    page: Page, native: Native
) -> None:
    ahead = now() + 900_000
    wrong = {**event("Viewed", ahead), "session": {"session_id": ahead - 100}}
    page.send(wrong, sent_at=ahead * 1_000)
    page.send({**event("Viewed"), "session": {"session_id": now() + 1}})
    assert native.get("profile", object_id=DEVICE)["events"]["App Launched"]["count"] == 2


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_what_a_browser_tells_by_itself_is_known_and_what_it_says_counts_more(
    page: Page, native: Native
) -> None:
    page.http.headers.update({"User-Agent": FIREFOX, "Accept-Language": "fr-FR,fr;q=0.9"})
    page.send(event("Viewed"), device={"language": "pt-BR"})
    (device,) = native.get("profile", object_id=DEVICE)["devices"]
    told = {"platform": "Web", "browser": "Firefox", "os": "Linux", "language": "pt-BR"}
    assert told.items() <= device.items()


def test_the_library_of_an_app_is_no_browser(server: Server, page: Page, native: Native) -> None:
    with Page(server, page.account, "phone-1") as app:
        del app.http.headers["Origin"]
        app.http.headers["User-Agent"] = FIREFOX
        app.send(event("Viewed"), device={"platform": "Android", "model": "Pixel 9"})
    (device,) = native.get("profile", object_id="phone-1")["devices"]
    assert device["platform"] == "Android"
    assert not device.keys() & {"browser", "os"}


def test_of_who_opted_out_nothing_is_kept_until_they_opt_in(page: Page, native: Native) -> None:
    """K-03: consent is of the person, on whichever device it was given."""
    page.send(profile("ana", plan="gold"))
    page.send(profile(ct_optout=True))
    silent = [{"position": n, "status": ACCEPTED, "opted_out": True} for n in (1, 2)]
    assert page.results(event("Viewed"), profile(plan="silver")) == silent
    ana = native.get("profile", distinct_id="ana")
    assert ana["properties"]["plan"] == "gold"
    assert "Viewed" not in ana["events"]
    page.send(profile(ct_optout=False), event("Viewed"))
    assert "Viewed" in native.get("profile", distinct_id="ana")["events"]


@pytest.mark.parametrize("off", [-7_200, 7_200, 200_000])
def test_a_clock_that_is_wrong_is_put_right(off: int, page: Page, native: Native) -> None:
    """A device says what its clock shows as it sends; its events are moved by the difference."""
    sent = now() + off
    answer = page.send(event("Viewed", sent - 60), sent_at=sent * 1_000)
    assert answer["status"] == "success"
    (done,) = native.get("profile/events", object_id=DEVICE)["events"]
    assert done["at"] == pytest.approx(now() - 60, abs=20)


def test_a_time_of_a_right_clock_stays_to_the_second(page: Page, native: Native) -> None:
    at = now() - 3_600
    page.send(event("Viewed", at), sent_at=clock.now_ms())
    (done,) = native.get("profile/events", object_id=DEVICE)["events"]
    assert done["at"] == at


@pytest.mark.parametrize("where", ["body", "header"])
def test_a_batch_that_comes_twice_is_applied_once(where: str, page: Page, native: Native) -> None:
    """K-03: a beacon has no answer, so the SDK sends its batch again."""
    page.send(profile(visits=1))
    body: Json = {"object_id": DEVICE, "records": [profile(visits={"$incr": 1}), event("Seen")]}
    headers = {}
    if where == "body":
        body["idempotency_key"] = "k-1"
    else:
        headers["Idempotency-Key"] = "k-1"
    answers = [
        page.http.post(
            "/sdk/v1/batch", params={"account": page.account}, json=body, headers=headers
        )
        for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json() == answers[2].json()
    found = native.get("profile", object_id=DEVICE)
    assert found["properties"]["visits"] == 2
    assert found["events"]["Seen"]["count"] == 1
    other = page.http.post(
        "/sdk/v1/batch",
        params={"account": page.account},
        json={**body, "records": [event("Other")]},
        headers=headers,
    )
    assert problem(other, 409)["code"] == "idempotency_key_reused"


def test_a_key_is_of_one_device_and_takes_none_from_a_server(
    server: Server, page: Page, native: Native
) -> None:
    """K-03: a page cannot take the keys that others send with, nor read their answers."""
    page.send(event("Seen"), idempotency_key="k")
    with Page(server, page.account, "d-2") as other:
        other.send(event("Other"), idempotency_key="k")
    native.send(native_profile("ana", plan="gold"), key="k")
    assert native.get("profile", distinct_id="ana")["properties"] == {"plan": "gold"}
    assert "Other" in native.get("profile", object_id="d-2")["events"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"records": []}, "records"),
        ({"records": [{}] * 101}, "records"),
        ({"object_id": None}, "object_id"),
        ({"object_id": "a b"}, "object_id: object_id needs to be 1 to 64"),
        ({"object_id": ""}, "object_id"),
        ({"idempotency_key": "a b"}, "idempotency_key"),
        ({"idempotency_key": "x" * 256}, "idempotency_key"),
        ({"identity_token": 7}, "identity_token"),
        ({"passcode": "x"}, "passcode"),
    ],
)
def test_a_call_of_a_wrong_form_is_refused_whole(change: Json, said: str, page: Page) -> None:
    answer = page.post({"object_id": DEVICE, "records": [event("Seen")], **change})
    assert said in problem(answer, 400)["detail"]
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_body_has_a_limit(page: Page) -> None:
    answer = page.post(b'{"object_id":"d","records":["' + b"x" * 262_144 + b'"]}')
    assert problem(answer, 413)["code"] == "body_too_large"
    assert problem(page.post(b"{"), 400)["code"] == "malformed_request"
    deep = b'{"object_id":"d","records":[' + b"[" * 900 + b"]" * 900 + b"]}"
    assert problem(page.post(deep), 400)["code"] == "malformed_request"


def test_the_account_is_enough_and_must_be_known(page: Page, native: Native) -> None:
    body: dict[str, Any] = {"object_id": DEVICE, "records": [event("Seen")]}
    headers = {"X-CleverTap-Account-Id": page.account}
    assert page.http.post("/sdk/v1/batch", json=body, headers=headers).status_code == 200
    unknown = page.http.post("/sdk/v1/batch", json=body)
    assert problem(unknown, 401)["code"] == "unknown_account"
    assert "www-authenticate" not in unknown.headers
    assert native.get("profile", object_id=DEVICE)["events"]["Seen"]["count"] == 1


def test_every_answer_may_be_read_by_any_page(page: Page) -> None:
    """K-02: the headers of CORS and CORP, and the answer to a preflight."""
    good = page.post({"object_id": DEVICE, "records": [event("Seen")]})
    for answer in (good, page.post(b"{")):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = page.http.options("/sdk/v1/batch", headers=asked)
    assert answer.status_code == 204
    assert "POST" in answer.headers["access-control-allow-methods"]


@pytest.fixture
def signer(server: Server, native: Native) -> Signer:
    return Signer(native)


def test_a_hostile_page_cannot_speak_for_another_person(
    page: Page, native: Native, signer: Signer
) -> None:
    """K-03: with the token of Eve, without one, and with one that Eve altered."""
    native.send(native_profile("ana", plan="gold"))
    hostile = [
        profile("ana", plan="stolen"),
        {**event("Charged"), "distinct_id": "ana"},
        profile(identity="ana", plan="stolen"),
        {**profile(plan="stolen"), "facebook_id": "f"},
        profile("eve", GPID="g"),
    ]
    eve = signer.sign("eve")
    for token in (eve, None, eve[:-3], jwt.encode({"sub": "ana"}, "x" * 32, "HS256")):
        for result in page.results(*hostile, identity_token=token):
            assert result["code"] == 623
            assert "only when it is signed" in result["reason"]
    assert native.get("profile", distinct_id="ana")["properties"] == {"plan": "gold"}
    assert native.get("profile", distinct_id="ana")["events"] == {}
    (result,) = page.results(hostile[0], identity_token=signer.sign("ana", exp=now() - 600))
    assert result["reason"] == (
        "distinct_id 'ana' is taken in this environment only when it is signed: "
        "identity_token has expired"
    )


def test_a_signed_person_is_taken_and_so_is_a_device_without_one(
    page: Page, native: Native, signer: Signer
) -> None:
    assert page.results(event("Viewed"), profile(theme="dark"))[1]["status"] == ACCEPTED
    answer = page.send(profile("ana", plan="gold"), identity_token=signer.sign("ana"))
    assert answer["status"] == "success"
    assert page.send(event("Charged"))["status"] == "success"
    ana = native.get("profile", distinct_id="ana")
    assert ana["properties"] == {"theme": "dark", "plan": "gold"}
    assert {"Viewed", "Charged"} <= ana["events"].keys()


def test_where_e_mail_joins_people_it_needs_a_signature_too(page: Page, native: Native) -> None:
    """K-03 with P-07."""
    signer = Signer(native, unify_on=["email"])
    native.send(native_profile("ana", Email="ana@example.com"))
    eve = profile(Email="ana@example.com")
    assert page.results(eve, identity_token=signer.sign("eve"))[0]["code"] == 623
    token = signer.sign("ana", email="ana@example.com")
    assert page.results(profile("ana", Email="Ana@example.com"), identity_token=token)[0] == {
        "position": 1,
        "status": ACCEPTED,
    }


def test_callers_with_a_passcode_need_no_signature(native: Native, signer: Signer) -> None:
    assert signer.secret
    assert native.result(native_profile("ana", plan="gold"))["status"] == "applied"


def test_a_key_of_another_environment_signs_nothing_here(
    server: Server, page: Page, signer: Signer, keys: tuple[Key, Key]
) -> None:
    key = keys[1]
    with httpx.Client(base_url=server.url, auth=(key.account_id, key.passcode)) as test:
        secret = test.post("/v1/signing-keys", json={"label": "test"}).json()["secret"]
    claims = {"sub": "ana", "aud": signer.account, "exp": now() + 600}
    token = jwt.encode(claims, secret, "HS256")
    assert page.results(profile("ana"), identity_token=token)[0]["code"] == 623


def test_a_token_of_a_page_that_asks_for_no_signature_is_not_stored(
    page: Page, native: Native
) -> None:
    page.send(profile("ana", plan="gold"), identity_token="anything")
    assert native.get("profile", distinct_id="ana")["properties"] == {"plan": "gold"}
