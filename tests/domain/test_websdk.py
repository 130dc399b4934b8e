"""What the web SDK says, as records (K-01)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.errors import InvalidInputError
from mien.domain.records import EventRecord, ProfileRecord, TokenRecord, parse_records
from mien.domain.rejects import Reject
from mien.domain.websdk import Envelope, Visit, read_visit

NOW = 1_800_000_000
FRESH = "0123456789abcdef0123456789abcdef"

Json = dict[str, Any]


def read(payload: Json, kind: str = "push", **beside: str) -> Visit:
    return read_visit(
        payload,
        Envelope(kind, **beside),
        now=NOW,
        new_guid=lambda: FRESH,
        facts={"platform": "Web"},
    )


def profile(**properties: object) -> Json:
    visit = read({"type": "profile", "profile": properties})
    [record] = visit.records
    data = record["profileData"]
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize(
    ("payload", "beside", "guid"),
    [
        ({}, {}, FRESH),
        ({"g": None}, {}, FRESH),
        ({"g": ""}, {}, FRESH),
        ({"g": "abc"}, {}, "abc"),
        ({"g": "abc"}, {"guid": "other"}, "abc"),
        ({}, {"guid": "abc"}, "abc"),
        ({"g": "abc:OO"}, {}, "abc"),
        ({"g": "-abc"}, {}, "-abc"),
        ({"g": "abc", "rc": True}, {}, FRESH),
        ({"g": "abc", "isOUL": True}, {}, "abc"),
        ({"isOUL": True}, {"guid": "abc"}, FRESH),
    ],
)
def test_a_visitor_has_the_guid_that_was_packed(payload: Json, beside: Json, guid: str) -> None:
    assert read(payload, "ping", **beside).object_id == guid


@pytest.mark.parametrize(
    ("packed", "beside", "session"),
    [
        (None, "", NOW),
        (NOW - 100, "", NOW - 100),
        (NOW - 100, str(NOW - 50), NOW - 100),
        (None, str(NOW - 50), NOW - 50),
        (NOW - 100_000, str(NOW - 50), NOW - 50),
        (NOW - 100_000, "", NOW),
        (NOW + 30, "", NOW + 30),
        (NOW + 100, "", NOW),
        ("soon", "soon", NOW),
        (True, "-5", NOW),
        (2**80, "9" * 80, NOW),
    ],
)
def test_a_session_is_the_one_packed_unless_it_is_stale(
    packed: object, beside: str, session: int
) -> None:
    assert read({"s": packed}, "ping", session=beside).session == session


@pytest.mark.parametrize(
    ("sent_at", "ts"),
    [
        ("", None),
        (str(NOW), None),
        (str(NOW - 30), None),
        (str(NOW - 3_600), NOW - 3_600),
        (str(NOW + 3_600), None),
        (str(NOW - 40 * 86_400), None),
        ("1e9", None),
    ],
)
def test_what_waited_keeps_its_time(sent_at: str, ts: int | None) -> None:
    [record] = read({}, "ping", sent_at=sent_at).records
    assert record.get("ts") == ts


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://shop.example/a?b=1#top", "https://shop.example/a?b=1"),
        (f"https://shop.example/a?b={'1' * 600}", "https://shop.example/a"),
        (f"https://shop.example/{'a' * 600}", None),
        ("a\x00b", None),
        (7, None),
        (None, None),
    ],
)
def test_a_page_tells_its_url_as_far_as_it_fits(url: object, shown: str | None) -> None:
    [record] = read({"cpg": url}, "page").records
    assert record["evtData"] == ({} if shown is None else {"URL": shown})


def test_where_a_browser_is_is_kept_apart_from_who_it_is() -> None:
    """K-01: an offset is no time zone, and neither is a property of the person."""
    for told, facts in (
        ("GMT+0530", {"utc_offset": "+0530"}),
        ("-0330", {"utc_offset": "-0330"}),
        ("America/Argentina/Salta", {"time_zone": "America/Argentina/Salta"}),
        ("nowhere", {}),
        (5, {}),
    ):
        visit = read({"type": "profile", "profile": {"tz": told, "Plan": "x"}, "af": {"lib": "9"}})
        [record] = visit.records
        assert record["profileData"] == {"Plan": "x"}
        assert record["deviceData"] == {"platform": "Web", "sdk_version": "9", **facts}


def test_a_phone_gets_its_plus_back() -> None:
    for value in (14155551234, "14155551234", "+14155551234"):
        assert profile(Phone=value) == {"Phone": "+14155551234"}
    for other in (1.5, "call me", True, {"$delete": True}):
        assert profile(Phone=other) == {"Phone": other}


def test_values_are_stripped_as_the_sdk_documents() -> None:
    assert profile(**{" a.b:c$d'e\"f\\ ": '  it\'s "so" \\ ', "n": 1, "b": True}) == {
        "abcdef": "its so ",
        "n": 1,
        "b": True,
    }


def test_operators_keep_their_names_and_paths() -> None:
    assert profile(
        a={"$add": [1, 2.5, "x'", True, None]},
        b={"$remove": 3},
        c={"$incr": 1.5},
        d={"$delete": True},
        e={"$set": [1]},
        f={"$set": "$E_gold"},
        **{"Trip.x": {"$set": 1}, "g": {"$pow": 2}, "h": {"$set": 1, "$add": 2}},
    ) == {
        "a": {"$add": ["1", "2.5", "x", True, None]},
        "b": {"$remove": "3"},
        "c": {"$incr": 1.5},
        "d": {"$delete": True},
        "e": {"$set": ["1"]},
        "f": {"$set": "gold"},
        "Trip.x": {"$set": 1},
        "g": {"$pow": 2},
        "h": {"$set": 1, "$add": 2},
    }


@pytest.mark.parametrize(
    ("fields", "facts"),
    [
        ({"Latitude": 47.371234567, "Longitude": -8}, {"latitude": "47.3712", "longitude": "-8"}),
        ({"Latitude": 90.1, "Longitude": "8"}, {}),
        ({"Latitude": True, "Longitude": None}, {}),
    ],
    ids=["told", "beyond", "no numbers"],
)
def test_where_a_page_says_it_is(fields: Json, facts: Json) -> None:
    """P-17."""
    [record] = read({"type": "profile", "profile": {}, "af": fields}).records
    assert record["deviceData"] == {"platform": "Web", **facts}


@pytest.mark.parametrize(
    ("name", "is_reserved"),
    [
        ("Bought", False),
        ("Charged", False),
        ("Notification Viewed", False),
        ("notification clicked", False),
        ("App Launched", True),
        (" appuninstalled ", True),
        ("UTM Visited", True),
        (None, False),
    ],
)
def test_a_page_may_not_raise_what_only_the_system_does(name: object, is_reserved: bool) -> None:  # noqa: FBT001
    visit = read({"type": "event", "evtName": name})
    assert visit.raises_reserved is is_reserved


def test_privacy_and_proof_are_read_from_a_profile() -> None:
    visit = read({"type": "profile", "profile": {"ct_optout": True, "identity_token": "x.y.z"}})
    assert (visit.opts_out, visit.token) == (True, "x.y.z")
    [record] = visit.records
    assert record["profileData"] == {"ct_optout": True}
    other = read({"type": "profile", "profile": {"ct_optout": "yes", "identity_token": 7}})
    assert (other.opts_out, other.token) == (None, None)


def test_a_push_subscription_becomes_a_token() -> None:
    subscription = {"endpoint": "t", "keys": {"p256dh": "a", "auth": "b"}, "g": "d1"}
    records = parse_records(read(subscription, "data").records, now=NOW, is_system=True)
    assert [type(each) for each in records] == [ProfileRecord, TokenRecord]
    [gone] = parse_records(
        read({"action": "unregister", "g": "d1"}, "data").records, now=NOW, is_system=True
    )
    assert isinstance(gone, TokenRecord)
    assert gone.gives_up


names = st.sampled_from(
    ["Identity", "Email", "Phone", "tz", "ct_optout", "MSG-email", "a.b", "x", "$", ""]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(names | st.sampled_from(["$add", "$set", "$incr"]), inner, max_size=3)
    ),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "type",
        "g",
        "s",
        "pg",
        "af",
        "profile",
        "evtName",
        "evtData",
        "cpg",
        "us",
        "wm",
        "referrer",
        "isOUL",
        "rc",
        "dsync",
        "action",
        "endpoint",
        "keys",
        "id",
        "wzrk_error",
    ]
)
payloads = st.dictionaries(
    keys, values | st.sampled_from(["event", "profile", "unregister", True]), max_size=8
)
kinds = st.sampled_from(["page", "push", "ping", "data", "", "x"])


def read_if_it_may_be(payload: Json, kind: str, **beside: str) -> Visit | None:
    try:
        return read(payload, kind, **beside)
    except InvalidInputError:
        return None


@given(payloads, kinds, st.text(max_size=12), st.text(max_size=12))
def test_anything_a_client_sends_is_read_or_refused(
    payload: Json, kind: str, one: str, other: str
) -> None:
    """K-01: garbage never becomes a fault."""
    visit = read_if_it_may_be(payload, kind, guid=one, session=other, number=one, sent_at=other)
    if visit is None:
        return
    assert 0 < visit.session <= NOW + 60
    assert visit.number >= 0
    for record in parse_records(visit.records, now=NOW, is_system=not visit.raises_reserved):
        assert isinstance(record, (ProfileRecord, EventRecord, TokenRecord, Reject))
