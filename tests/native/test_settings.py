"""The settings of an environment: shown, changed, refused, and heeded by what is sent after."""

from tests.native.callers import Native, problem, profile


def test_every_setting_is_shown_with_its_default(native: Native) -> None:
    shown = native.get("environment/settings")
    assert shown["unify_on"] == []
    assert shown["one_per_person"] == ["identity"]
    assert shown["merges_per_call"] == 100
    assert shown["requires_signed_identities"] is False


def test_what_is_not_named_stays(native: Native) -> None:
    for change in ({"unify_on": ["email"]}, {"origins": ["https://shop.example"]}):
        assert native.http.patch("/v1/environment/settings", json=change).status_code == 200
    shown = native.get("environment/settings")
    assert (shown["unify_on"], shown["origins"]) == (["email"], ["https://shop.example"])


def test_a_wrong_setting_is_refused_with_its_place(native: Native) -> None:
    for change, place in (
        ({"unify_on": ["shoe size"]}, "unify_on"),
        ({"merges_per_call": -1}, "merges_per_call"),
        ({"ids_per_kind": {"FBID": 0}}, "ids_per_kind.FBID"),
        ({"no_such": 1}, "no_such"),
    ):
        answer = problem(native.http.patch("/v1/environment/settings", json=change), 400)
        assert place in answer["detail"]
    assert native.get("environment/settings")["merges_per_call"] == 100


def test_counting_may_begin_at_zero_and_late_data_may_lose_on_the_compatible_api(
    native: Native,
) -> None:
    """U-12, U-22: both are choices of an environment."""
    changes = {"missing_is_zero": True, "late_data_loses": True}
    native.http.patch("/v1/environment/settings", json=changes)
    upload = native.http.post
    records = [
        {"type": "profile", "identity": "ana", "ts": 2_000, "profileData": {"plan": "new"}},
        {"type": "profile", "identity": "ana", "ts": 1_000, "profileData": {"plan": "old"}},
        {"type": "profile", "identity": "ana", "profileData": {"points": {"$incr": 2}}},
    ]
    assert upload("/1/upload", json={"d": records}).json()["status"] == "success"
    assert native.get("profile", distinct_id="ana")["properties"] == {"plan": "new", "points": 2}


def test_settings_of_one_environment_are_not_those_of_the_other(
    native: Native, native_test: Native
) -> None:
    native.http.patch("/v1/environment/settings", json={"missing_is_zero": True})
    answer = native_test.http.post(
        "/1/upload",
        json={"d": [{"type": "profile", "identity": "a", "profileData": {"n": {"$incr": 1}}}]},
    ).json()
    assert answer["unprocessed"][0]["code"] == 612
    native.send(profile("a", b=1))
