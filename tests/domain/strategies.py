"""What Hypothesis draws: JSON of any shape, and records that are nearly right."""

from hypothesis import strategies as st

from mien.domain.fields import STANDARD_FIELDS
from mien.domain.rejects import Rejected
from mien.domain.values import INTEGER_MAX, INTEGER_MIN, check_key
from tests.domain.making import NOW

HUGE = 10**30
RESERVED = {
    *STANDARD_FIELDS,
    *("identity", "Identity", "FBID", "GPID"),
    *("category-unsubscribe", "category-resubscribe"),
}
"""Keys of profileData that are no custom properties."""

json_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-HUGE, HUGE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["", " ", "\x00", "$D_", "$D_1", "null", "-1", "Y", "\x1c18", "x" * 600])
)
any_json = st.recursive(
    json_scalars,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=6), inner, max_size=5)
    ),
    max_leaves=20,
)

operator_names = st.sampled_from(["$set", "$add", "$remove", "$delete", "$incr", "$decr"])
known_keys = st.sampled_from(
    [
        *sorted(RESERVED),
        "plan",
        "score",
        "a.b",
        "x" * 121,
        " ",
    ]
)
known_values = st.sampled_from(
    ["ana@example.com", "+14155551234", "M", "Y", "School", 34, "$D_19900131", True, 1, "text"]
)
near_data = st.dictionaries(
    known_keys | st.text(max_size=6),
    any_json
    | known_values
    | st.dictionaries(operator_names, any_json | known_values, max_size=2)
    | st.dictionaries(st.text(max_size=5), st.lists(st.text(max_size=5), max_size=3), max_size=2),
    max_size=6,
)
event_names = st.sampled_from(["Charged", "charged", "Viewed", "App Launched"]) | any_json
near_records = st.fixed_dictionaries(
    {"type": st.sampled_from(["profile", "event", "token"])},
    optional={
        "identity": st.just("ana") | any_json,
        "FBID": any_json,
        "GPID": any_json,
        "objectId": st.just("device-1") | any_json,
        "ts": st.just(NOW) | any_json,
        "profileData": near_data | any_json,
        "evtName": event_names,
        "evtData": st.dictionaries(st.just("Items") | st.text(max_size=5), any_json, max_size=4),
        "tokenData": any_json
        | st.fixed_dictionaries(
            {},
            optional={
                "id": st.just("token") | any_json,
                "type": st.sampled_from(["fcm", "chrome"]) | any_json,
                "keys": any_json | st.just({"p256dh": "a", "auth": "b"}),
            },
        ),
    },
)


def _is_key(key: str) -> bool:
    try:
        check_key(key)
    except Rejected:
        return False
    return key not in RESERVED


texts = st.text(max_size=20).filter(lambda text: not text.startswith("$D_"))
integers = st.integers(INTEGER_MIN, INTEGER_MAX)
floats = st.floats(allow_nan=False, allow_infinity=False)
items = st.sampled_from("abcdefg")
lists = st.lists(items, max_size=6, unique=True)
values = (
    texts
    | st.booleans()
    | integers
    | floats
    | lists
    | st.integers(-(10**11), 10**11).map(lambda seconds: f"$D_{seconds}")
)
custom_keys = st.sampled_from(["plan", "score", "tags", "Prénom", "two words", "😀"]) | st.text(
    min_size=1, max_size=8
).filter(_is_key)
properties = st.dictionaries(custom_keys, values, max_size=6)
"""Properties as a document may hold them, and as a record may send them."""
