"""`/v1/addresses`: who said what of an address, and who may be reached (G-13, U-13)."""

import pytest

from tests.native.callers import Json, Native, problem, profile

PHONE = "+14155551234"


def change(native: Native, *items: Json) -> Json:
    """Block or open addresses and give the answer."""
    answer = native.http.post("/v1/addresses/subscriptions", json={"subscriptions": items})
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def blocked(kind: str, value: str) -> Json:
    """Give an item that blocks an address."""
    return {"kind": kind, "value": value, "blocked": True}


def reasons(native: Native, name: str) -> Json:
    """Give why a person is not reached, by channel; None where they are."""
    shown = native.get("profile", distinct_id=name)["reachable"]
    assert all(each["can"] is ("reason" not in each) for each in shown.values())
    return {channel: each.get("reason") for channel, each in shown.items()}


def test_an_address_shows_who_said_what_of_it_and_how_many_have_it(native: Native) -> None:
    native.send(profile("ana", Phone=PHONE), profile("bo", Phone=PHONE))
    nobody_spoke = {"kind": "phone", "value": PHONE, "profiles": 2, "subscriptions": []}
    assert native.get("addresses", kind="phone", value="+1 (415) 555-1234") == nobody_spoke
    change(native, blocked("phone", PHONE))
    said = native.get("addresses", kind="phone", value=PHONE)["subscriptions"]
    assert [
        {key: value for key, value in each.items() if key not in ("changed_at", "actor")}
        for each in said
    ] == [{"kind": "phone", "value": PHONE, "blocked": True, "source": "v1:1"}]
    assert said[0]["actor"]
    assert said[0]["changed_at"].endswith("Z")


def test_a_raw_plus_in_the_address_of_a_call_finds_it(native: Native) -> None:
    native.send(profile("ana", Phone=PHONE, Email="ana+news@example.com"))
    for query in (f"kind=phone&value={PHONE}", "kind=email&value=Ana+News@example.com"):
        assert native.http.get(f"/v1/addresses?{query}").json()["profiles"] == 1


def test_items_are_answered_one_by_one(native: Native) -> None:
    answer = change(
        native,
        blocked("email", "Ana@Example.com"),
        blocked("phone", "4155551234"),
        {"kind": "whatsapp", "value": PHONE, "blocked": False},
    )
    assert answer == {
        "status": "partial",
        "processed": 2,
        "results": [
            {"position": 1, "status": "applied"},
            {
                "position": 2,
                "status": "rejected",
                "code": 516,
                "reason": "Phone number is not valid",
            },
            {"position": 3, "status": "applied"},
        ],
    }
    again = change(native, blocked("email", "ana@example.com"))
    assert again["results"] == [{"position": 1, "status": "unchanged"}]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "subscriptions"),
        ({"subscriptions": []}, "subscriptions"),
        ({"subscriptions": [{"kind": "push", "value": "t", "blocked": True}]}, "[0].kind"),
        ({"subscriptions": [{"kind": "email", "value": 1, "blocked": True}]}, "[0].value"),
        ({"subscriptions": [{"kind": "email", "value": "a@b.cd"}]}, "[0]"),
        ({"subscriptions": [{**blocked("email", "a@b.cd"), "by": "me"}]}, "[0]"),
        ({"subscriptions": [blocked("email", "a@b.cd")] * 1_001}, "1000"),
    ],
)
def test_a_call_of_another_form_is_refused_with_its_place(
    native: Native, body: Json, place: str
) -> None:
    answer = native.http.post("/v1/addresses/subscriptions", json=body)
    assert place in problem(answer, 400)["detail"]


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"kind": "phone"}, "value"),
        ({"value": PHONE}, "kind"),
        ({"kind": "whatsapp", "value": PHONE}, "kind"),
        ({"kind": "email", "value": "ana"}, "value"),
        ({"kind": "email", "value": "ana\x00@example.com"}, "value"),
    ],
)
def test_what_is_no_address_is_refused(native: Native, params: dict[str, str], place: str) -> None:
    for method in ("GET", "DELETE"):
        answer = native.http.request(method, "/v1/addresses", params=params)
        assert place in problem(answer, 400)["detail"]


def test_everything_that_was_said_is_listed_in_pages(native: Native) -> None:
    change(native, blocked("phone", PHONE), blocked("whatsapp", PHONE))
    change(native, *(blocked("email", f"p{n}@example.com") for n in range(3)))
    found = native.items("addresses/subscriptions", "subscriptions", limit=2)
    assert [(each["kind"], each["value"]) for each in found] == [
        *(("email", f"p{n}@example.com") for n in range(3)),
        ("phone", PHONE),
        ("whatsapp", PHONE),
    ]


def test_nothing_crosses_into_another_environment(native: Native, native_test: Native) -> None:
    native.send(profile("ana", Phone=PHONE))
    change(native_test, blocked("phone", PHONE))
    params = {"kind": "phone", "value": PHONE}
    assert native_test.http.delete("/v1/addresses", params=params).json()["profiles"] == 0
    shown = native.get("addresses", **params)
    assert (shown["profiles"], shown["subscriptions"]) == (1, [])
    assert native_test.get("addresses/subscriptions")["subscriptions"][0]["blocked"] is True
    assert native.get("addresses/subscriptions") == {"subscriptions": []}


def test_an_address_is_taken_from_all_who_have_it(native: Native) -> None:
    native.send(
        profile("ana", Email="family@example.com"), profile("bo", Email="Family@example.com")
    )
    params = {"kind": "email", "value": "FAMILY@example.com"}
    answer = native.http.delete("/v1/addresses", params=params).json()
    assert answer == {"kind": "email", "value": "family@example.com", "profiles": 2}
    [last, _] = native.items("profile/history", "history", distinct_id="bo")
    assert last["changes"] == [{"property": "Email", "old": "Family@example.com"}]
    assert last["source"] == "v1:1"
    assert native.http.delete("/v1/addresses", params=params).json()["profiles"] == 0


def test_a_profile_says_by_which_channels_it_may_be_reached(native: Native) -> None:
    native.send(profile("ana", Email="ana@example.com", Phone=PHONE))
    assert reasons(native, "ana") == {
        "email": None,
        "sms": None,
        "whatsapp": "not_opted_in",
        "push": "no_token",
        "webpush": "no_token",
    }
    native.send(
        {**profile("ana", **{"MSG-whatsapp": True, "MSG-sms": False}), "object_id": "d1"},
        {"type": "token", "object_id": "d1", "token": {"id": "t", "type": "fcm"}},
    )
    change(native, blocked("email", "ANA@example.com"), blocked("whatsapp", PHONE))
    assert reasons(native, "ana") == {
        "email": "address_blocked",
        "sms": "opted_out",
        "whatsapp": "address_blocked",
        "push": None,
        "webpush": "no_token",
    }


def test_the_history_shows_every_change_of_a_preference(native: Native) -> None:
    native.send(profile("ana", Phone=PHONE))
    native.send(profile("ana", **{"MSG-sms": False}))
    native.send(profile("ana", **{"MSG-dndPhone": True}))
    change(native, {"kind": "phone", "value": PHONE, "blocked": False})
    native.send(profile("ana", **{"category-unsubscribe": {"email": ["News"]}}))
    history = native.items("profile/history", "history", distinct_id="ana")
    group, opened, block, flag, _ = history
    assert group["groups"] == {"email": {"News": False}}
    assert opened["flags"] == {"MSG-dndPhone": False}
    assert block["flags"] == {"MSG-dndPhone": True}
    assert flag["changes"] == [{"property": "MSG-sms", "new": False}]
