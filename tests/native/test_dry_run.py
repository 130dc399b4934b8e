"""U-17 as a law: whatever is sent, a dry run answers what the real call then answers."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.native.callers import Native

_ids = st.sampled_from(["ana", "bo", "cy", "null", " "])
_devices = st.sampled_from(["d1", "d2", "-d1", "%", "mien_1"])
_texts = st.sampled_from(["a", "b", "x" * 600, "$D_1", "$D_x"])
_plain = st.one_of(
    _texts, st.booleans(), st.integers(-3, 3), st.just(2**63), st.floats(-2, 2), st.none()
)
_values = st.one_of(
    _plain,
    st.lists(_texts, max_size=3),
    st.builds(
        lambda operator, operand: {operator: operand},
        st.sampled_from(["$set", "$add", "$remove", "$incr", "$decr", "$delete", "$what"]),
        st.one_of(_plain, st.lists(_texts, max_size=3)),
    ),
)
_keys = st.sampled_from(
    [
        "plan",
        "n",
        "tags",
        "Email",
        "Phone",
        "Age",
        "identity",
        "FBID",
        "MSG-dndEmail",
        "MSG-sms",
        "a%",
    ]
)
_properties = st.dictionaries(_keys, _values, max_size=4)
_times = st.sampled_from([1, 1_700_000_000, 1_760_000_000, 1_760_000_001, -1, 4_000_000_000, "x"])
_who = {
    "distinct_id": _ids,
    "facebook_id": st.sampled_from(["f1", "f2"]),
    "object_id": _devices,
    "at": _times,
}
_profiles = st.fixed_dictionaries(
    {"type": st.just("profile"), "properties": _properties}, optional=_who
)
_events = st.fixed_dictionaries(
    {"type": st.just("event")},
    optional={
        **_who,
        "name": st.sampled_from(["Charged", "charged", "Seen", "App Launched", ""]),
        "properties": st.one_of(_properties, st.none()),
    },
)
_tokens = st.fixed_dictionaries(
    {"type": st.just("token")},
    optional={
        "object_id": _devices,
        "token": st.fixed_dictionaries(
            {}, optional={"id": _texts, "type": st.sampled_from(["fcm", "apns", "chrome"])}
        ),
    },
)
_records = st.one_of(_profiles, _profiles, _events, _tokens, _plain)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(_records, min_size=1, max_size=8))
def test_a_dry_run_answers_what_the_real_call_then_answers(
    native: Native, records: list[Any]
) -> None:
    dry = native.send(*records, dry_run=True)
    real = native.send(*records)
    assert dry == {**real, "dry_run": True}
