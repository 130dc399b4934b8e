"""What a record tells of its device and session: read, or refused by its name."""

import pytest

from mien.domain.devices import Device, DeviceFacts, parse_device_facts
from mien.domain.records import EventRecord, parse_record
from mien.domain.rejects import Reject, RejectCode, Rejected


def test_what_is_told_is_learned_and_what_is_not_told_stays() -> None:
    device = Device("d1", make="Nokia", model="3310")
    learned = device.learn(parse_device_facts({"make": "Nokia", "os": "Series 20"}))
    assert learned == {"os": "Series 20"}
    assert (device.make, device.model, device.os) == ("Nokia", "3310", "Series 20")


@pytest.mark.parametrize(
    "raw",
    [None, [], {"shoe": "42"}, {"os": 1}, {"os": " "}, {"os": "a\x00b"}, {"os": "x" * 513}],
)
def test_what_is_no_fact_is_refused(raw: object) -> None:
    with pytest.raises(Rejected) as refused:
        parse_device_facts(raw)
    assert refused.value.code is RejectCode.DEVICE


def test_a_session_is_kept_beside_the_properties_of_the_event() -> None:
    raw = {"type": "event", "identity": "ana", "evtName": "Seen"}
    record = parse_record({**raw, "sessionData": {"utm_source": "mail", "number": 3}}, 1, now=10)
    assert isinstance(record, EventRecord)
    assert record.session == {"utm_source": "mail", "number": 3}
    wrongs: list[object] = [
        [],
        {"a": []},
        {"a": 2**70},
        {"a": "x" * 513},
        dict.fromkeys(map(str, range(33)), 1),
    ]
    for wrong in wrongs:
        refused = parse_record({**raw, "sessionData": wrong}, 1, now=10)
        assert isinstance(refused, Reject)
        assert refused.code is RejectCode.DEVICE


def test_facts_have_the_names_of_the_device() -> None:
    assert set(DeviceFacts.__struct_fields__) <= set(Device.__struct_fields__)


def test_only_the_system_may_raise_its_events() -> None:
    raw = {"type": "event", "objectId": "d1", "evtName": "App Launched"}
    assert isinstance(parse_record(raw, 1, now=10), Reject)
    assert isinstance(parse_record(raw, 1, now=10, is_system=True), EventRecord)
