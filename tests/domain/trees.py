"""Random segments, seeded with what engines disagree on.

Dates before 1970, absent values, `%` and `_` in texts, integers beyond 2^53, upper and
lower case, days on which clocks change (S-03).
"""

from datetime import date

from hypothesis import strategies as st

from mien.domain import conditions as c
from mien.domain import segments as s
from mien.domain.derived import DERIVED_FIELDS
from mien.domain.preferences import Channel
from mien.domain.totals import TOO_LARGE
from mien.domain.values import ValueType

TEXTS = ["Gold", "gold", "GO%", "g_ld", "O'Hara", "", "Ä", "ä", "\\", "1", "true", "İ", "%", "1.10"]
VERSIONS = ["1", "1.0", "1.9", "01.10", "0.0", "2.1.0.1"]
NUMBERS = [0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 0.5, 0.1, -2.25, 1e300, float(2**53)]
NAMES = ["Plan", "select", "order by", "Ключ", "😀"]
ITEM_NAMES = ["Plan", "0", "a/b~1c", "*", "😀"]
EVENT_NAMES = ["Charged", "charged", "Product Viewed", "App Launched"]
DAYS = [date(1969, 12, 31), date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)]

texts, numbers, days = st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.sampled_from(DAYS)
versions = st.sampled_from(VERSIONS)
wanted = texts.filter(bool)
counts = st.integers(1, 40)

texts_only = st.one_of(
    st.just(c.Exists()),
    st.builds(c.Equals, texts),
    st.builds(c.Contains, wanted),
    st.builds(c.StartsWith, wanted),
    *(st.builds(kind, versions) for kind in (c.VersionBelow, c.VersionAtLeast)),
)


def _of_numbers(limits: st.SearchStrategy[c.Number]) -> st.SearchStrategy[c.Condition]:
    return st.one_of(
        st.builds(c.Equals, limits),
        *(
            st.builds(kind, limits)
            for kind in (c.LessThan, c.LessOrEqual, c.MoreThan, c.MoreOrEqual)
        ),
        st.tuples(limits, limits).map(lambda two: c.Between(min(two), max(two))),
    )


numbers_only = _of_numbers(numbers)
dates_only = st.one_of(
    *(st.builds(kind, days) for kind in (c.Before, c.On, c.After)),
    st.builds(c.InLast, counts),
    st.builds(c.InNext, counts),
    st.builds(c.Anniversary, counts),
)
lists_only = (
    st.lists(texts, min_size=1, max_size=3)
    .map(tuple)
    .flatmap(lambda several: st.sampled_from([c.HasAny(several), c.HasAll(several)]))
)
scalars: st.SearchStrategy[c.Scalar] = texts | numbers | st.booleans()
conditions: st.SearchStrategy[c.Condition] = st.one_of(
    texts_only,
    numbers_only,
    dates_only,
    lists_only,
    st.builds(c.Equals, scalars),
    st.builds(c.AnyOf, st.lists(scalars, min_size=1, max_size=4).map(tuple)),
)

item_filters = st.builds(s.ItemFilter, st.sampled_from(ITEM_NAMES), conditions, st.booleans())
has_items = st.builds(
    s.HasItem,
    st.sampled_from(NAMES),
    st.lists(item_filters, min_size=1, max_size=3).map(tuple),
    st.booleans(),
)
filters: st.SearchStrategy[s.Filter | s.HasItem] = st.one_of(
    st.builds(s.Filter, st.sampled_from(NAMES), conditions, st.sampled_from(s.Told), st.booleans()),
    has_items,
)
seconds = st.integers(1_774_400_000, 1_775_000_000)
windows: st.SearchStrategy[s.Window | None] = st.one_of(
    st.none(),
    st.builds(s.LastDays, counts),
    st.builds(s.LastHours, counts),
    st.builds(s.Days, days, st.none()),
    st.tuples(days, days).map(lambda two: s.Days(min(two), max(two))),
    st.tuples(seconds, counts).map(lambda two: s.Moments(two[0], two[0] + two[1] * 3_000)),
)
aggregates = st.one_of(
    st.just(s.AT_LEAST_ONCE),
    st.builds(s.Aggregate, st.just(s.Figure.COUNT), st.integers(0, 3).map(c.LessOrEqual)),
    st.builds(s.Aggregate, st.sampled_from(sorted(s.OF_TIME)), dates_only),
    st.builds(s.Aggregate, st.just(s.Figure.DISTINCT), numbers_only, st.sampled_from(NAMES)),
    st.builds(
        s.Aggregate,
        st.sampled_from(sorted(s.OF_NUMBERS)),
        _of_numbers(numbers.filter(lambda number: abs(number) < TOO_LARGE)),
        st.sampled_from(NAMES),
    ),
)

_OF_TYPE = {
    ValueType.STRING: texts_only,
    ValueType.INTEGER: numbers_only,
    ValueType.DATE: dates_only,
}
leaves: st.SearchStrategy[s.Node] = st.one_of(
    st.builds(s.Property, st.sampled_from(NAMES), conditions),
    st.sampled_from(sorted(DERIVED_FIELDS)).flatmap(
        lambda name: st.builds(s.Derived, st.just(name), _OF_TYPE[DERIVED_FIELDS[name].type])
    ),
    st.builds(
        s.Did,
        st.sampled_from(EVENT_NAMES),
        windows,
        st.lists(filters, max_size=2).map(tuple),
        aggregates,
        st.booleans(),
    ),
    st.lists(
        st.builds(s.Fact, st.sampled_from(["platform", "country"]), texts_only),
        min_size=1,
        max_size=2,
    ).map(lambda facts: s.DeviceIs(tuple(facts))),
    st.builds(
        s.Reachable,
        st.sampled_from(Channel),
        st.sampled_from(s.ChannelState),
        st.none() | st.just("News"),
    ),
    st.just(s.TestUser()),
    st.just(s.Disabled()),
)
trees: st.SearchStrategy[s.Node] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(s.Not, inner),
        *(st.builds(kind, st.lists(inner, max_size=3).map(tuple)) for kind in (s.All, s.Any)),
    ),
    max_leaves=6,
)
