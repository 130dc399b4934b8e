"""Random people who meet random segments now and then, seeded with what engines disagree on.

Dates before 1970, absent values, `%` and `_` in texts, integers beyond 2^53, upper and
lower case, days on which clocks change (S-03).
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from mien.domain.devices import Device, PushToken
from mien.domain.documents import IS_TEST, TEST_MARK, Document
from mien.domain.ids import ProfileId
from mien.domain.matching import Occurrence, Person
from mien.domain.preferences import DISABLED, OPT_INS, Channel, SubscriptionKey, SubscriptionKind
from mien.domain.values import Value
from tests.domain.trees import EVENT_NAMES, ITEM_NAMES, NAMES, days, numbers, texts, wanted

ZONES = [
    ZoneInfo(name)
    for name in ("UTC", "Europe/Paris", "America/Sao_Paulo", "Africa/Cairo", "Asia/Kathmandu")
]
MOMENT = int(datetime(2026, 3, 29, 0, 30, tzinfo=UTC).timestamp())
"""Half an hour before clocks change in Paris."""

moments = st.integers(MOMENT - 40 * 86_400, MOMENT + 3 * 86_400) | st.integers(
    MOMENT - 7_200, MOMENT + 7_200
)
dates = (moments | st.integers(-100_000, 100_000)).map("$D_{}".format) | days.map(
    "$D_{:%Y%m%d}".format
)

values: st.SearchStrategy[Value] = st.one_of(
    texts, numbers, st.booleans(), dates, st.lists(texts, max_size=3)
)
item = st.dictionaries(st.sampled_from(ITEM_NAMES), values, max_size=3)
items: st.SearchStrategy[object] = item | st.lists(item | values, max_size=4)
"""What an event may have besides: lists of objects and of whatever else, an object alone."""

occurrences = st.builds(
    Occurrence,
    st.sampled_from(EVENT_NAMES),
    moments,
    st.dictionaries(st.sampled_from(NAMES), values | items, max_size=3),
    st.dictionaries(st.sampled_from(NAMES), texts | st.integers(-5, 5), max_size=2),
)
devices = st.builds(
    Device,
    st.sampled_from(["d1", "d2"]),
    seen_at=moments,
    token=st.none() | st.sampled_from([PushToken("t", "fcm"), PushToken("t", "chrome")]),
    platform=st.none() | wanted,
    country=st.none() | wanted,
)
MAIL: SubscriptionKey = (SubscriptionKind.EMAIL, "ana@example.com")


@st.composite
def people(draw: st.DrawFn) -> Person:
    """Give a person with a few of everything."""
    properties = draw(st.dictionaries(st.sampled_from(NAMES), values, max_size=4))
    properties |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "Email": st.just("ana@example.com"),
                "Phone": st.just("+14155551234"),
                "DOB": dates,
                TEST_MARK: st.just(IS_TEST),
                DISABLED: st.booleans(),
                **dict.fromkeys(OPT_INS, st.booleans()),
            },
        )
    )
    groups = draw(
        st.dictionaries(st.sampled_from(list(Channel)), st.just({"News": False}), max_size=2)
    )
    document = Document(
        0,
        properties=properties,
        devices=draw(st.lists(devices, max_size=2, unique_by=lambda device: device.object_id)),
        groups={str(channel): left for channel, left in groups.items()},
    )
    return Person(
        ProfileId(draw(st.integers(1, 2**40))),
        document,
        (MOMENT - 86_400) * 1_000,
        draw(st.lists(occurrences, max_size=5)),
        draw(st.sampled_from([{}, {MAIL: True}])),
    )
