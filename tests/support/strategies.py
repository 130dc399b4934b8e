"""Strategies for records of every kind, so few people and values that they meet often."""

from hypothesis import strategies as st

from tests.support.uploading import Record

PEOPLE = ("ana", "bo", "chi", "-5")
DEVICES = ("d1", "d2", "-d2", "d3", "mien_1", "mien_2")
EVENTS = ("Seen", "s e e n", "Bought", "Charged")
EMAILS = ("ana@example.com", "ANA@example.com", "bo@example.com", "none")
PHONES = ("+14155551234", "+1 (415) 555-1234", "+4930123456", "0")

values = st.one_of(
    st.integers(-3, 3),
    st.sampled_from(["", "gold", "silver", "$D_1700000000", "$D_x", "ä" * 300]),
    st.booleans(),
    st.floats(-1, 1, width=16),
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=3),
    st.none(),
)
operations = st.one_of(
    st.builds(lambda number: {"$incr": number}, st.integers(-2, 2)),
    st.builds(lambda number: {"$decr": number}, st.floats(-1, 1, width=16)),
    st.builds(lambda items: {"$add": items}, st.lists(st.sampled_from("abc"), max_size=2)),
    st.builds(lambda item: {"$remove": item}, st.sampled_from("abc")),
    st.builds(lambda value: {"$set": value}, values),
    st.sampled_from([{"$delete": 1}, {"$delete": 2}, {"$unknown": 1}]),
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "plan": values | operations,
        "score": operations | st.integers(0, 5),
        "Email": st.sampled_from(EMAILS) | st.just({"$delete": 1}),
        "Phone": st.sampled_from(PHONES) | st.just({"$delete": True}),
        "Age": st.sampled_from([30, "31", -1, {"$incr": 1}]),
        "MSG-dndEmail": st.booleans(),
        "MSG-dndPhone": st.booleans(),
        "MSG-push": st.booleans(),
        "FBID": st.sampled_from(["f1", "f2"]),
        "identity": st.sampled_from(PEOPLE),
        "category-unsubscribe": st.just({"email": ["news", "offers"]}),
        "category-resubscribe": st.just({"email": ["news"]}),
        "bad.key": st.just(1),
    },
)
ids = st.fixed_dictionaries(
    {},
    optional={
        "identity": st.sampled_from([*PEOPLE, "", "null"]),
        "FBID": st.sampled_from(["f1", "f2", "f3"]),
        "GPID": st.sampled_from(["g1", "g2"]),
        "objectId": st.sampled_from([*DEVICES, "not one"]),
    },
)
times = st.fixed_dictionaries(
    {}, optional={"ts": st.sampled_from([1, 1_700_000_000, 1_780_000_000, -1])}
)
event_data = st.dictionaries(st.sampled_from(["n", "m", "$bad"]), values, max_size=2)
tokens = st.fixed_dictionaries({"id": st.sampled_from(["t1", "t2"]), "type": st.just("fcm")})


def _profile(named: Record, data: Record, at: Record) -> Record:
    return {"type": "profile", **named, "profileData": data, **at}


def _event(named: Record, name: str, data: Record, at: Record) -> Record:
    return {"type": "event", **named, "evtName": name, "evtData": data, **at}


def _token(device: str, token: Record) -> Record:
    return {"type": "token", "objectId": device, "tokenData": token}


records: st.SearchStrategy[Record] = st.one_of(
    st.builds(_profile, ids, fields, times),
    st.builds(_event, ids, st.sampled_from(EVENTS), event_data, times),
    st.builds(_token, st.sampled_from(DEVICES), tokens),
)
batches = st.lists(records, min_size=1, max_size=6)
