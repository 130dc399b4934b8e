"""Tokens over HTTP: a profile token reads its profile and nothing else (P-13); signing keys (K-03)."""

from datetime import datetime
from typing import Any

import httpx
import jwt
import pytest

from mien import clock
from tests.native.callers import Json, Native, event, problem, profile
from tests.support.accounts import Accounts
from tests.support.servers import Server


def make_token(native: Native, **body: object) -> str:
    """Make a profile token."""
    answer = native.http.post("/v1/profile/token", json=body)
    assert answer.status_code == 200, answer.text
    token = answer.json()["token"]
    assert isinstance(token, str)
    return token


def read_own(native: Native, token: str, account: str | None = None) -> httpx.Response:
    """Read a profile as an app does: without a passcode."""
    return httpx.get(
        f"{native.http.base_url}/sdk/v1/profile",
        params={"account": native.key.account_id if account is None else account},
        headers={"Authorization": f"Bearer {token}", "Origin": "https://shop.example"},
    )


def own(native: Native, token: str) -> Json:
    """Read a profile that is there."""
    answer = read_own(native, token)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


def refusal(answer: httpx.Response, status: int = 401) -> Json:
    """Read a refusal that a page can see, and for which no browser asks for a password."""
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "www-authenticate" not in answer.headers
    return problem(answer, status)


def test_an_app_reads_the_profile_of_its_own_user(native: Native) -> None:
    """P-13: properties and events, and none of the ids, devices and push tokens."""
    native.send(
        profile("ana", Name="Ana", plan="gold"),
        {**event("ana", "Charged", 1_700_000_000), "object_id": "d-7"},
        {"type": "token", "object_id": "d-7", "token": {"id": "secret", "type": "fcm"}},
        profile("bo", plan="silver"),
    )
    answer = read_own(native, make_token(native, distinct_id="ana"))
    found = answer.json()
    assert found.pop("updated_at")
    assert found == {
        "distinct_id": "ana",
        "type": "identified",
        "properties": {"Name": "Ana", "plan": "gold"},
        "events": {"Charged": {"count": 1, "first_seen": 1700000000, "last_seen": 1700000000}},
    }
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "no-store"


def test_a_device_has_a_token_too(native: Native) -> None:
    native.send({"type": "profile", "object_id": "d-1", "properties": {"theme": "dark"}})
    found = own(native, make_token(native, object_id="d-1", lifetime_seconds=60))
    assert found["type"] == "anonymous"
    assert found["properties"] == {"theme": "dark"}
    assert "distinct_id" not in found


def test_a_token_ends_when_it_says(native: Native) -> None:
    native.send(profile("ana"))
    before = clock.now_ms() / 1_000
    for body, seconds in (({}, 3_600), ({"lifetime_seconds": 86_400}, 86_400)):
        answer = native.http.post("/v1/profile/token", json={"distinct_id": "ana", **body}).json()
        expires_at = datetime.fromisoformat(answer["expires_at"]).timestamp()
        assert expires_at == pytest.approx(before + seconds, abs=10)
        claims = jwt.decode(answer["token"], options={"verify_signature": False})
        assert claims["exp"] == expires_at


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "exactly one"),
        ({"distinct_id": "ana", "object_id": "d"}, "exactly one"),
        ({"distinct_id": "ana", "lifetime_seconds": 59}, "lifetime_seconds"),
        ({"distinct_id": "ana", "lifetime_seconds": 86_401}, "lifetime_seconds"),
        ({"distinct_id": 7}, "distinct_id"),
        ({"distinct_id": "ana", "reads": "all"}, "reads"),
    ],
)
def test_a_call_of_a_wrong_form_makes_no_token(body: Json, said: str, native: Native) -> None:
    assert said in problem(native.http.post("/v1/profile/token", json=body), 400)["detail"]


def test_nobody_gets_no_token(native: Native) -> None:
    problem(native.http.post("/v1/profile/token", json={"distinct_id": "ana"}), 404)
    without = httpx.post(f"{native.http.base_url}/v1/profile/token", json={"distinct_id": "ana"})
    assert problem(without, 401)["code"] == "unknown_account"


def test_a_token_of_another_environment_opens_nothing(native: Native, native_test: Native) -> None:
    for each in (native, native_test):
        each.send(profile("ana", where=each.key.account_id))
    token = make_token(native, distinct_id="ana")
    said = refusal(read_own(native_test, token))
    assert said["code"] == "invalid_token"
    assert "another environment" in said["detail"]
    assert own(native, token)["properties"] == {"where": native.key.account_id}
    assert refusal(read_own(native, token, "NO-ACCOUNT"))["code"] == "unknown_account"
    assert refusal(read_own(native, token, ""))["code"] == "unknown_account"


def test_a_token_that_is_no_good_is_refused_with_a_sentence(native: Native) -> None:
    native.send(profile("ana"))
    token = make_token(native, distinct_id="ana")
    head, body, signature = token.split(".")
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    for bad, said in (
        (f"{head}.{body}.{signature[:-4]}AAAA", "was altered"),
        (jwt.encode({**claims, "exp": 1_700_000_000}, "k" * 32, "HS256"), "was altered"),
        (jwt.encode(claims, "", "none"), "is not signed with HS256"),
        ("no.token.at-all", "no JSON Web Token"),
    ):
        found = refusal(read_own(native, bad))
        assert found["code"] == "invalid_token"
        assert said in found["detail"]
    url = f"{native.http.base_url}/sdk/v1/profile?account={native.key.account_id}"
    assert refusal(httpx.get(url))["code"] == "invalid_token"
    assert refusal(httpx.get(url, auth=("ana", token)))["code"] == "invalid_token"


def test_a_profile_token_opens_nothing_else(native: Native) -> None:
    """P-13: it reads that profile only, and writes nothing."""
    native.send(profile("ana"))
    headers = {"Authorization": f"Bearer {make_token(native, distinct_id='ana')}"}
    account = {"X-CleverTap-Account-Id": native.key.account_id}
    with httpx.Client(base_url=native.http.base_url, headers={**headers, **account}) as app:
        for path in ("/v1/profile?distinct_id=ana", "/v1/rejects", "/1/profile.json?identity=ana"):
            assert app.get(path).status_code == 401
        assert app.post("/v1/batch", json={"records": [profile("ana", a=1)]}).status_code == 401
        assert app.delete("/v1/profile?distinct_id=ana").status_code == 401
    assert native.get("profile", distinct_id="ana")["properties"] == {}


def test_after_erasure_a_token_finds_nothing_whoever_comes_back(native: Native) -> None:
    native.send(profile("ana", plan="gold"))
    token = make_token(native, distinct_id="ana")
    native.http.delete("/v1/profile?distinct_id=ana")
    assert "not there any more" in refusal(read_own(native, token), 404)["detail"]
    native.send(profile("ana", plan="new"))
    refusal(read_own(native, token), 404)


def test_a_token_follows_its_profile_into_a_merge_and_out_of_it(native: Native) -> None:
    """P-13 with P-07: the app of either reads the survivor, and after an undo its own again."""
    native.send(profile("ana", city="Rome"), profile("bo", plan="pro"))
    tokens = {name: make_token(native, distinct_id=name) for name in ("ana", "bo")}
    body = {"one": {"distinct_id": "ana"}, "other": {"distinct_id": "bo"}}
    merged = native.http.post("/v1/merges", json=body).json()
    both = {"city": "Rome", "plan": "pro"}
    assert [own(native, token)["properties"] for token in tokens.values()] == [both, both]
    assert native.http.post(f"/v1/merges/{merged['id']}/undo").status_code == 200
    assert own(native, tokens["ana"])["properties"] == {"city": "Rome"}
    assert own(native, tokens["bo"])["properties"] == {"plan": "pro"}
    native.http.post("/v1/merges", json=body)
    native.http.delete("/v1/profile?distinct_id=ana")
    for token in tokens.values():
        refusal(read_own(native, token), 404)


def test_a_browser_may_ask_before_it_reads(native: Native) -> None:
    """K-02: the preflight of a request with `Authorization`."""
    answer = httpx.options(
        f"{native.http.base_url}/sdk/v1/profile?account=x",
        headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"},
    )
    assert answer.status_code == 204
    assert "Authorization" in answer.headers["access-control-allow-headers"]


def test_signing_keys_are_made_listed_and_revoked(native: Native, native_test: Native) -> None:
    """K-03: the secret is in one answer only."""
    made = native.http.post("/v1/signing-keys", json={"label": "web shop"}).json()
    secret = made.pop("secret")
    assert len(secret) == 43
    assert native.get("signing-keys") == {"signing_keys": [made]}
    assert made["id"] == 1
    assert native_test.get("signing-keys") == {"signing_keys": []}
    revoked = native.http.delete("/v1/signing-keys/1")
    assert revoked.status_code == 200
    assert revoked.json() == {**made, "revoked_at": revoked.json()["revoked_at"]}
    assert native.get("signing-keys") == {"signing_keys": [revoked.json()]}
    problem(native.http.delete("/v1/signing-keys/1"), 404)
    problem(native_test.http.delete("/v1/signing-keys/1"), 404)
    problem(native.http.delete("/v1/signing-keys/99999999999999999999"), 404)
    assert "label" in problem(native.http.post("/v1/signing-keys", json={}), 400)["detail"]


def test_more_signing_keys_than_ten_are_refused(native: Native) -> None:
    for number in range(10):
        label = {"label": f"server {number}"}
        assert native.http.post("/v1/signing-keys", json=label).status_code == 200
    refused = problem(native.http.post("/v1/signing-keys", json={"label": "one more"}), 400)
    assert refused["code"] == "limit_exceeded"
    assert "10" in refused["detail"]


def test_the_tokens_of_two_accounts_do_not_mix(
    server: Server, native: Native, accounts: Accounts
) -> None:
    other = Native(server, accounts.open()[0])
    with other.http:
        other.send(profile("ana", where="other"))
        token = make_token(other, distinct_id="ana")
        refusal(read_own(native, token))
