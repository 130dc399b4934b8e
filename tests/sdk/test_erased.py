"""A device that goes on sending after its person was erased is somebody new (P-15)."""

from collections.abc import Callable

import pytest

from tests.native.callers import Json, Native
from tests.native.callers import event as native_event
from tests.native.callers import profile as native_profile
from tests.sdk.pages import DEVICE, Page, event
from tests.support.websdk import Browser

Late = Callable[[Native, Page, Browser], None]


def over_upload(native: Native, _page: Page, _browser: Browser) -> None:
    native.compatible({"type": "event", "objectId": DEVICE, "evtName": "Late", "evtData": {"n": 1}})


def over_our_api(native: Native, _page: Page, _browser: Browser) -> None:
    native.send({"type": "event", "object_id": DEVICE, "name": "Late", "properties": {"n": 1}})


def over_our_sdk(_native: Native, page: Page, _browser: Browser) -> None:
    page.send(event("Late", n=1))


def over_the_web_sdk(_native: Native, _page: Page, browser: Browser) -> None:
    browser.guid = DEVICE
    assert browser.event("Late", n=1).guid == DEVICE


LATE = [over_upload, over_our_api, over_our_sdk, over_the_web_sdk]


def person(native: Native) -> Json:
    """Send somebody with a device, and give them as they are then."""
    native.send(
        {**native_profile("ana", Name="Ana", Email="ana@example.com"), "object_id": DEVICE},
        {**native_event("ana", "Charged", Amount=9), "object_id": DEVICE},
        {"type": "token", "object_id": DEVICE, "token": {"id": "token", "type": "fcm"}},
        native_profile(
            "ana", **{"MSG-dndEmail": True, "category-unsubscribe": {"email": ["News"]}}
        ),
    )
    return native.get("profile", distinct_id="ana")


@pytest.mark.parametrize("send_late", LATE, ids=lambda each: each.__name__)
def test_a_late_request_of_the_device_makes_a_new_profile_with_no_old_data(
    native: Native, page: Page, browser: Browser, send_late: Late
) -> None:
    before = person(native)
    answer = native.http.delete("/v1/profile", params={"distinct_id": "ana"})
    assert answer.status_code == 200
    send_late(native, page, browser)
    for gone in ({"distinct_id": "ana"}, {"object_id": before["object_id"]}):
        assert native.http.get("/v1/profile", params=gone).status_code == 404
    found = native.get("profile", object_id=DEVICE)
    assert found["object_id"] != before["object_id"]
    assert (found["type"], found["properties"], found.get("groups", {})) == ("anonymous", {}, {})
    assert "Charged" not in found["events"]
    assert found["events"]["Late"]["count"] == 1
    assert [each["object_id"] for each in found["devices"]] == [DEVICE]
    assert "token" not in found["devices"][0]
    downloaded = native.http.get("/v1/profile/download", params={"object_id": DEVICE}).text
    for old in ("ana", "Ana", "Charged", "token", "News"):
        assert f'"{old}' not in downloaded, old


def test_the_number_of_an_erased_profile_is_never_taken_again(native: Native) -> None:
    before = person(native)["object_id"]
    native.http.delete("/v1/profile", params={"object_id": before})
    late = native.result({"type": "event", "object_id": before, "name": "Late"})
    assert (late["status"], late["code"]) == ("rejected", 526)
    native.send(native_profile("ana"))
    assert native.get("profile", distinct_id="ana")["object_id"] != before
