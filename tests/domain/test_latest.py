"""The latest value of each event property is that of the latest event, however they arrive."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mien.domain.events import Activity
from mien.domain.latest import LatestValue, LatestValues

NAMES = (1, 2)
PROPERTIES = ("a", "b", "c")

Event = tuple[int, int, dict[str, int]]
"""An event by its name, its time and its properties; its place is that in the list."""

events = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.integers(1, 6),
        st.dictionaries(st.sampled_from(PROPERTIES), st.integers(0, 9)),
    ),
    max_size=12,
)


def expected(sent: list[Event]) -> dict[tuple[int, str], LatestValue]:
    """Go through the events by time, then by arrival, and let each one overwrite."""
    found = {}
    for name, at, properties in sorted(sent, key=lambda event: event[1]):
        for key, value in properties.items():
            found[name, key] = LatestValue(name, key, value, at)
    return found


def gather(sent: list[Event], order: list[int], *, stops: bool = False) -> LatestValues:
    """Add the events in some order; with `stops` only until they are said to be settled."""
    activity = Activity()
    properties: dict[int, set[str]] = {}
    for name, at, data in sent:
        activity.add(name, at)
        properties.setdefault(name, set()).update(data)
    latest = LatestValues(activity.events, properties)
    for place in order:
        if stops and latest.is_settled:
            break
        name, at, data = sent[place]
        latest.add(name, at, place + 1, msgspec.json.encode(data))
    return latest


def by_property(latest: LatestValues) -> dict[tuple[int, str], LatestValue]:
    return {(each.event, each.property): each for each in latest.values()}


# P-12
@given(st.data())
def test_in_any_order_the_value_of_the_latest_event_counts(data: st.DataObject) -> None:
    sent = data.draw(events)
    latest = gather(sent, data.draw(st.permutations(range(len(sent)))))
    assert by_property(latest) == expected(sent)
    assert latest.seen == len(sent)
    assert latest.is_settled


# P-12
@given(events)
def test_once_settled_no_event_that_arrived_before_changes_anything(sent: list[Event]) -> None:
    newest_first = list(reversed(range(len(sent))))
    assert by_property(gather(sent, newest_first, stops=True)) == expected(sent)


# P-12
def test_one_event_settles_a_long_activity_if_it_is_the_last_and_has_all_properties() -> None:
    sent: list[Event] = [(1, at, {"a": at, "b": at}) for at in range(1, 1_001)]
    latest = gather(sent, list(reversed(range(1_000))), stops=True)
    assert latest.seen == 1
    assert by_property(latest) == expected(sent)


# P-12
def test_an_event_that_lacks_a_property_leaves_it_to_those_before() -> None:
    sent: list[Event] = [(1, 1, {"a": 1, "b": 1}), (1, 2, {"a": 2}), (1, 3, {"a": 3})]
    latest = gather(sent, [2, 1, 0], stops=True)
    assert latest.seen == 3
    assert by_property(latest) == {
        (1, "a"): LatestValue(1, "a", 3, 3),
        (1, "b"): LatestValue(1, "b", 1, 1),
    }


# P-12
def test_events_without_properties_are_not_looked_for() -> None:
    assert gather([(1, 1, {}), (1, 2, {})], []).is_settled
