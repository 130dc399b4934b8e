"""Pages where people choose which e-mails they get (K-01), and what else the SDK can call."""

import json
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.support.lz import compress
from tests.support.websdk import Shop

Json = dict[str, Any]


class Reader:
    """Somebody who followed the link of an e-mail to a page with the web SDK."""

    def __init__(self, shop: Shop, email: str) -> None:
        self.shop = shop
        answer = shop.http.post(
            "/v1/addresses/email-link", json={"email": email}, headers=shop.key.headers
        )
        assert answer.status_code == 200, answer.text
        self.link: str = answer.json()["e"]

    def ask(self, payload: Json | None = None, /, accept: str = "*/*", **query: str) -> str:
        """Ask as the SDK does, and give the script that comes back."""
        answer = ask(self.shop, {"e": self.link, **query}, payload, accept=accept)
        assert answer.status_code == 200, answer.text
        return answer.text


def ask(
    shop: Shop, query: dict[str, str], payload: Json | None = None, *, accept: str = "*/*"
) -> httpx.Response:
    packed = compress(json.dumps({"id": shop.key.account_id, **(payload or {})}))
    params = urlencode({"r": 1, "d": packed, **query})
    return shop.http.get(f"/e?{params}", headers={"Accept": accept})


def called(script: str) -> tuple[str, list[Any]]:
    """Read which function of the page a script calls, and with what."""
    name = script.removeprefix("typeof ").partition("===")[0]
    start = f"typeof {name}==='function'&&{name}("
    assert script.startswith(start)
    assert script.endswith(");")
    return name, json.loads(f"[{script[len(start) : -2]}]")


@pytest.fixture
def reader(shop: Shop) -> Reader:
    groups = {"email": ["News", "Offers"]}
    records = [
        {"type": "profile", "identity": "ana", "profileData": {"Email": "Ana@example.com"}},
        {"type": "profile", "identity": "bo", "profileData": {"Email": "ana@example.com"}},
        {"type": "profile", "identity": "ana", "profileData": {"category-resubscribe": groups}},
    ]
    answer = shop.http.post("/1/upload", json={"d": records}, headers=shop.key.headers)
    assert answer.json()["status"] == "success"
    return Reader(shop, "Ana@Example.com")


def test_a_page_learns_whose_address_it_is(reader: Reader) -> None:
    assert called(reader.ask()) == ("wzrk_email_fetched", ["ana@example.com", {}])
    name, [email, profile] = called(reader.ask(fetchGroups="true"))
    assert (name, email) == ("wzrk_email_fetched", "ana@example.com")
    assert profile["groups"] == [
        {"name": "News", "isUnsubscribed": False},
        {"name": "Offers", "isUnsubscribed": False},
    ]


def test_an_address_is_unsubscribed_for_all_who_share_it(shop: Shop, reader: Reader) -> None:
    """U-13: what is said there is said of the address."""
    assert called(reader.ask(sub="0")) == ("wzrk_email_subscription", [0])
    for identity in ("ana", "bo"):
        assert shop.profile(identity=identity)["profileData"]["MSG-dndEmail"] is True
    assert called(reader.ask(sub="1")) == ("wzrk_email_subscription", [1])
    assert shop.profile(identity="ana")["profileData"]["MSG-dndEmail"] is False


def test_groups_are_left_and_taken(shop: Shop, reader: Reader) -> None:
    groups = [
        {"name": "News", "isUnsubscribed": True, "description": "weekly"},
        {"name": "Events", "isUnsubscribed": False},
    ]
    assert called(reader.ask({"unsubGroups": groups}, sub="2"))[1] == [2]
    shown = {"News": "Unsubscribed", "Offers": "Subscribed", "Events": "Subscribed"}
    assert shop.profile(identity="ana")["subscriptionGroups"] == shown
    assert shop.profile(identity="bo")["subscriptionGroups"] == {
        "News": "Unsubscribed",
        "Events": "Subscribed",
    }


def test_in_fetch_mode_the_answer_is_json(reader: Reader) -> None:
    text = reader.ask(accept="application/json", fetchGroups="true")
    assert json.loads(text)["email"] == "ana@example.com"
    assert json.loads(reader.ask(accept="application/json", sub="0")) == {
        "email": "ana@example.com",
        "status": 0,
    }


def test_a_link_is_good_for_its_address_and_environment_alone(shop: Shop, reader: Reader) -> None:
    """Nobody can unsubscribe somebody else."""
    altered = reader.link[:-4] + ("AAAA" if not reader.link.endswith("AAAA") else "BBBB")
    for link in (altered, "", "x", "é", "A" * 40, "ana@example.com"):
        name, [problem] = called(ask(shop, {"e": link}).text)
        assert name == "wzrk_email_fetched_failed"
        assert problem.startswith("e: ")
        name, _ = called(ask(shop, {"e": link, "sub": "0"}).text)
        assert name == "wzrk_email_subscription_failed"
        refused = ask(shop, {"e": link}, accept="application/json")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_email_link")
    assert "MSG-dndEmail" not in shop.profile(identity="ana")["profileData"]
    assert Reader(shop, "ana@example.com").link == reader.link


@pytest.mark.parametrize(
    ("query", "payload", "place"),
    [
        ({"sub": "3"}, {}, "sub"),
        ({"sub": "2"}, {}, "d.unsubGroups"),
        ({"sub": "2"}, {"unsubGroups": [{"name": 5}]}, "d.unsubGroups"),
        ({"sub": "2"}, {"unsubGroups": [{"name": "x"}] * 101}, "d.unsubGroups"),
    ],
)
def test_a_choice_of_a_wrong_form_is_refused(
    shop: Shop, reader: Reader, query: dict[str, str], payload: Json, place: str
) -> None:
    answer = ask(shop, {"e": reader.link, **query}, payload)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{place}: ")


def test_a_link_for_what_is_no_address_is_refused(shop: Shop) -> None:
    answer = shop.http.post(
        "/v1/addresses/email-link", json={"email": "nobody"}, headers=shop.key.headers
    )
    assert answer.status_code == 400


def test_a_wrapped_link_leads_to_pages_of_the_environment_alone(shop: Shop) -> None:
    """Nobody makes a link that looks like ours and leads elsewhere."""

    def follow(target: object) -> httpx.Response:
        packed = compress(json.dumps({"id": shop.key.account_id, "sendTo": target}))
        return shop.http.get(f"/r?{urlencode({'d': packed})}")

    assert follow("https://shop.example/hats").status_code == 403
    shop.set(origins=["https://*.shop.example"])
    time.sleep(1.1)
    origin = {"Origin": "https://m.shop.example"}
    shop.http.headers.update(origin)
    followed = follow("https://m.shop.example/hats?a=1\r\nX: y")
    assert followed.status_code == 302
    assert followed.headers["location"] == "https://m.shop.example/hats?a=1%0D%0AX:%20y"
    for other, status in (
        ("https://evil.example/", 403),
        ("https://evil.example\\.shop.example/", 400),
        ("https://m.shop.example@evil.example/", 400),
        ("javascript:alert(1)", 400),
        (7, 400),
    ):
        assert follow(other).status_code == status


def test_variables_are_not_kept(shop: Shop) -> None:
    answer = shop.http.post("/defineVars", json=[{}, {}])
    assert (answer.status_code, answer.json()["code"]) == (403, "variables_not_kept")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert shop.http.options("/defineVars").status_code == 204
