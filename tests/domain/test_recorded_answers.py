"""Answers that the original was recorded to give: the text, the code and the echoed record."""

from typing import Any

import msgspec
import pytest

from mien.http.clevertap.upload import render
from mien.services.receipts import Receipt
from tests.domain.making import event, profile, reject_of


def answer_of(raw: object, position: int = 1) -> dict[str, Any]:
    reject = msgspec.structs.replace(reject_of(raw), position=position)
    answer: dict[str, Any] = msgspec.json.decode(render(Receipt((reject,))))
    assert answer["status"] == "fail"
    assert answer["processed"] == 0
    (unprocessed,) = answer["unprocessed"]
    return dict(unprocessed)


# U-08
@pytest.mark.parametrize(
    ("key", "value", "code", "text"),
    [
        ("Email", "$$$$$", 515, "Email is not valid"),
        ("Email", "1234", 515, "Email is not valid"),
        ("Phone", "223", 516, "Phone number is not valid"),
        ("Phone", "123", 516, "Phone number is not valid"),
        ("Phone", "+44+441234", 516, "Phone number is not valid"),
        ("Employed", "123", 517, "Employed needs to be Y/N"),
        ("Education", "123", 518, "Education needs to be School/College/Graduate."),
        ("Married", "123", 519, "Married needs to be Y/N"),
        ("Age", "aa", 520, "Age is invalid"),
    ],
)
def test_a_wrong_standard_field_gets_the_recorded_code_and_text(
    key: str, value: object, code: int, text: str
) -> None:
    raw = profile({key: value})
    assert answer_of(raw) == {
        "status": "fail",
        "code": code,
        "error": f"Profile data is incorrect. {text}.Skipped record number : 1",
        "record": raw,
    }


# U-07
@pytest.mark.parametrize("ts", [0, -1, "2016-07-12T07:25:40Z", "1468308340", 1468308340000, None])
def test_a_wrong_timestamp_gets_the_recorded_code_and_text(ts: object) -> None:
    text = "Timestamp should be present in the Unix Epoch format. Skipped record number : 1"
    for raw in (profile({"Name": "Ana"}, ts=ts), event(ts=ts)):
        assert answer_of(raw) == {"status": "fail", "code": 525, "error": text, "record": raw}


# U-14
def test_an_event_without_a_name_gets_the_recorded_code_and_text() -> None:
    raw = {"type": "event", "identity": "ana", "evtData": {}}
    assert answer_of(raw, position=2) == {
        "status": "fail",
        "code": 509,
        "error": "Event Name is incorrect. ErrorCode: 509 - Event name is mandatory. "
        "Skipped record number : 2",
        "record": raw,
    }


# U-14
def test_a_system_event_gets_the_recorded_code_and_text() -> None:
    raw = event(name="Web Page Viewed")
    assert answer_of(raw) == {
        "status": "fail",
        "code": 513,
        "error": "Event Name is incorrect. ErrorCode: 513 - Trying to raise a restricted system "
        "event. Skipped record number : 1",
        "record": raw,
    }


# U-08
def test_nothing_is_normalised_in_the_echo_when_email_fails() -> None:
    data = {"identity": 3, "Phone": "+35922333232", "Email": "$$$$$", "Age": "18"}
    assert answer_of(profile(data, identity="3"))["record"]["profileData"] == data


# U-08: the text was not recorded; it has the form of the others, which is before the phone.
def test_a_gender_that_fails_is_told_as_other_fields_and_before_the_phone() -> None:
    raw = profile({"Phone": "+35922333232", "Gender": "x"})
    assert answer_of(raw) == {
        "status": "fail",
        "code": 514,
        "error": "Profile data is incorrect. Gender needs to be M/F.Skipped record number : 1",
        "record": raw,
    }


# U-08
def test_a_phone_that_fails_is_echoed_as_it_came() -> None:
    data = {"identity": 3, "Phone": "223"}
    assert answer_of(profile(data, identity="3"))["record"]["profileData"] == data


# U-08
@pytest.mark.parametrize("key", ["Employed", "Education", "Married"])
def test_the_phone_is_echoed_as_a_number_when_a_later_field_fails(key: str) -> None:
    data = {"identity": 3, "Phone": "+35922333232", key: "123"}
    echoed = answer_of(profile(data, identity="3"))["record"]["profileData"]
    assert echoed == {"identity": 3, "Phone": 35922333232, key: "123"}


# U-08
def test_the_identity_of_the_data_is_echoed_as_a_text_when_age_fails() -> None:
    data = {"identity": 3, "Phone": "+35922333232", "Age": "aa"}
    echoed = answer_of(profile(data, identity="3"))["record"]["profileData"]
    assert echoed == {"identity": "3", "Phone": 35922333232, "Age": "aa"}


# U-08
@pytest.mark.parametrize("wrong", [{"identity": 0}, {"identity": 3, "FBID": "null"}], ids=repr)
def test_an_identity_of_the_data_is_echoed_as_it_came_when_an_id_fails(
    wrong: dict[str, object],
) -> None:
    data = {"Phone": "+35922333232", **wrong}
    echoed = answer_of(profile(data))["record"]["profileData"]
    assert echoed == {"Phone": 35922333232, **wrong}
    assert type(echoed["identity"]) is int


# U-08
def test_the_echo_keeps_every_other_part_of_the_record() -> None:
    raw = profile({"Age": "aa", "Name": "Ana"}, ts=1_600_000_000, source="import")
    assert answer_of(raw)["record"] == raw


# U-08
def test_the_record_itself_is_not_touched_by_its_echo() -> None:
    raw = profile({"identity": 3, "Phone": "+35922333232", "Age": "aa"})
    answer_of(raw)
    assert raw["profileData"] == {"identity": 3, "Phone": "+35922333232", "Age": "aa"}


# U-08
@pytest.mark.parametrize("phone", [{"$set": "+35922333232"}, {"$delete": 1}])
def test_an_operator_on_the_phone_is_echoed_as_it_came(phone: object) -> None:
    raw = profile({"Phone": phone, "Age": "aa"})
    assert answer_of(raw)["record"] == raw
