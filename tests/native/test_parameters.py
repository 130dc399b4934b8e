"""Parameters of `/v1` that no call reads: they are refused, so that nothing is done by mistake."""

from tests.native.callers import Native, profile


# U-17
def test_a_dry_run_of_a_call_that_has_none_does_nothing(native: Native) -> None:
    native.send(profile("ana"))
    answer = native.http.delete("/v1/profile", params={"distinct_id": "ana", "dry_run": True})
    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        "dry_run: no parameter of this call, so nothing was done; known are distinct_id, object_id"
    )
    assert native.get("profile", distinct_id="ana")["distinct_id"] == "ana"


def test_a_call_without_parameters_takes_none(native: Native) -> None:
    tree = {"name": "All", "tree": {"all": []}}
    answer = native.http.post("/v1/segments", params={"dry_run": True}, json=tree)
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith("this call takes none")
    assert [each["name"] for each in native.get("segments")["segments"]] == ["Test users"]
