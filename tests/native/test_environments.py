"""Nothing crosses between environments, over any endpoint of `/v1`."""

from tests.native.callers import Native, event, problem, profile
from tests.support.accounts import Accounts
from tests.support.servers import Server


def test_a_key_says_where_it_leads(server: Server, accounts: Accounts) -> None:
    live, test = accounts.open(time_zone="Europe/Paris")
    for key, kind in ((live, "live"), (test, "test")):
        caller = Native(server, key)
        with caller.http:
            assert caller.get("environment") == {
                "account_id": key.account_id,
                "environment": kind,
                "time_zone": "Europe/Paris",
            }


def test_a_live_key_sees_nothing_of_the_test_environment(
    native: Native, native_test: Native
) -> None:
    native_test.send(profile("ana", plan="x"), event("ana", "Seen"), profile("bo"))
    native_test.send(profile("ana", identity="bo"), profile("ana", Age="x"))
    object_id = native_test.get("profile", distinct_id="ana")["object_id"]
    for query in ("distinct_id=ana", f"object_id={object_id}"):
        for path in ("profile", "profile/history", "profile/events", "profile/download"):
            problem(native.http.get(f"/v1/{path}?{query}"), 404)
        problem(native.http.delete(f"/v1/profile?{query}"), 404)
    assert native.get("definitions/properties") == {"properties": []}
    assert native.get("definitions/events") == {"events": []}
    assert native.get("rejects") == {"rejects": []}
    assert native.http.get("/v1/rejects/download").content == b""
    assert native.get("merge-suggestions") == {"merge_suggestions": []}
    assert native_test.get("profile", distinct_id="ana")["properties"] == {"plan": "x"}


def test_the_same_ids_are_other_people(native: Native, native_test: Native) -> None:
    native.send(profile("ana", where="live"))
    native_test.send(profile("ana", where="test"))
    assert native.get("profile", distinct_id="ana")["properties"] == {"where": "live"}
    native_test.http.delete("/v1/profile?distinct_id=ana")
    assert native.get("profile", distinct_id="ana")["properties"] == {"where": "live"}


def test_a_reject_of_another_environment_is_unknown(native: Native, native_test: Native) -> None:
    native_test.send(profile("ana", Age="x"))
    reject = native_test.get("rejects")["rejects"][0]["id"]
    answer = native.replay({"id": reject, "record": profile("ana", a=1)})
    assert answer["results"][0]["reason"] == f"There is no reject {reject}"
    problem(native.http.get("/v1/profile?distinct_id=ana"), 404)
    assert "replayed_at" not in native_test.get("rejects")["rejects"][0]


def test_a_definition_is_changed_in_its_environment_only(
    native: Native, native_test: Native
) -> None:
    for each in (native, native_test):
        each.send(event("ana", "Seen"))
    native_test.http.patch("/v1/definitions/events?name=Seen", json={"state": "discarded"})
    assert native.result(event("ana", "Seen"))["status"] == "applied"
    assert native_test.result(event("ana", "Seen"))["code"] == 528


def test_a_cursor_is_good_in_its_environment_only(native: Native, native_test: Native) -> None:
    for each in (native, native_test):
        each.send(profile("ana", Age="x"), profile("ana", Age="x"))
    cursor = native_test.get("rejects", limit=1)["next_cursor"]
    answer = native.http.get("/v1/rejects", params={"cursor": cursor})
    assert problem(answer, 400)["code"] == "invalid_cursor"


def test_an_idempotency_key_is_of_its_environment(native: Native, native_test: Native) -> None:
    native_test.send(profile("ana", where="test"), key="k")
    assert native.send(profile("ana", where="live"), key="k")["results"][0]["created"] is True
