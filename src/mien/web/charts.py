"""Charts as pages draw them: numbers laid out here, drawn as SVG by `templates/charts.html`.

Where something stands is in percent of the plot, so a chart is as wide as its place and its text
stays readable. Each chart has a sentence that says what it shows, and its numbers as a table.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec

_LABELS = 7
"""Labels below a plot; on a narrow screen every other one is left out."""

_STEPS = (1, 2, 2.5, 5, 10)
_LINES = 4
_THOUSAND = 1_000
_SIZES = ("", "k", "M", "G", "T")


class Label(msgspec.Struct, frozen=True):
    """What a place of a plot is called: `short` below it, `full` in the table."""

    short: str
    full: str


class Series(msgspec.Struct, frozen=True):
    """Numbers of one thing, a number for each place of the plot; none is less than 0."""

    name: str
    numbers: Sequence[float]


class Tick(msgspec.Struct, frozen=True):
    """A line across the plot with its number; `y` is from the top."""

    y: float
    text: str


class Mark(msgspec.Struct, frozen=True):
    """A label below the plot; `anchor` is the side of the text that stands at `x`."""

    x: float
    text: str
    anchor: str
    is_minor: bool


class Slot(msgspec.Struct, frozen=True):
    """The part of the plot that belongs to a place, and what is said of it."""

    x: float
    width: float
    label: Label
    numbers: Sequence[str]


class Dot(msgspec.Struct, frozen=True):
    """Where a line stands so far; `tail` leads there from the last number that is whole."""

    x: float
    y: float
    tail: str


class Column(msgspec.Struct, frozen=True):
    """A part of a column; `place` says which of the series it is, `is_open` that it grows yet."""

    x: float
    y: float
    width: float
    height: float
    place: int
    is_open: bool


class Plot(msgspec.Struct, frozen=True):
    """Numbers over time, of one series or several: drawn as lines, or as columns that are stacked.

    The last place may not be over: `so_far` says what it is then (`today so far`), and it is drawn
    apart, so that nobody takes it for a fall.
    """

    title: str
    labels: Sequence[Label]
    series: Sequence[Series]
    is_stacked: bool = False
    so_far: str = ""

    @property
    def top(self) -> float:
        """The number at the upper edge."""
        return nice_top(max(self._heights, default=0))

    @property
    def ticks(self) -> list[Tick]:
        """The lines across, from the top."""
        step = _step(self.top)
        count = round(self.top / step)
        return [
            Tick(_rounded(100 - 100 * place / count), shortened(step * place))
            for place in range(count, -1, -1)
        ]

    @property
    def marks(self) -> list[Mark]:
        """The labels below."""
        count = len(self.labels)
        every = max(1, math.ceil(count / _LABELS))
        places = range(0, count, every)
        return [
            Mark(x, self.labels[place].short, _anchor(x), is_minor=nth % 2 == 1)
            for nth, place in enumerate(places)
            for x in [self._x(place)]
        ]

    @property
    def slots(self) -> list[Slot]:
        """What is said of each place when one points at it."""
        middles = [self._x(place) for place in range(len(self.labels))]
        edges = [0.0, *((left + right) / 2 for left, right in pairwise(middles)), 100.0]
        return [
            Slot(
                _rounded(edges[place]),
                _rounded(edges[place + 1] - edges[place]),
                label,
                [written(each.numbers[place]) for each in self.series],
            )
            for place, label in enumerate(self._told)
        ]

    @property
    def paths(self) -> list[str]:
        """The points of the line of each series, in a square of 100 by 100, without what is so far."""
        whole = len(self.labels) - bool(self.so_far)
        return [" ".join(self._points(each)[:whole]) for each in self.series]

    @property
    def area(self) -> str:
        """The points around what is below the first line."""
        path = self.paths[0]
        return f"0,100 {path} {path.split()[-1].partition(',')[0]},100" if path else ""

    @property
    def dots(self) -> list[Dot]:
        """Where the line of each series stands so far; none if its last place is over."""
        if not self.so_far or not self.labels:
            return []
        ends = [(self._points(each)[-2:], each.numbers[-1]) for each in self.series]
        x = self._x(len(self.labels) - 1)
        return [Dot(x, self._y(number), " ".join(tail)) for tail, number in ends]

    @property
    def columns(self) -> list[Column]:
        """The parts of the columns; those of one place stand upon each other."""
        width = 100 / max(1, len(self.labels))
        gap = width * 0.2
        drawn: list[Column] = []
        for place in range(len(self.labels)):
            base = 0.0
            for nth, each in enumerate(self.series):
                height = 100 * each.numbers[place] / self.top
                base += height
                if height:
                    x = width * place + gap / 2
                    drawn.append(
                        Column(
                            _rounded(x),
                            _rounded(100 - base),
                            _rounded(width - gap),
                            _rounded(height),
                            nth,
                            is_open=bool(self.so_far) and place == len(self.labels) - 1,
                        )
                    )
        return drawn

    @property
    def summary(self) -> str:
        """What the chart shows, in a sentence or two."""
        if not self.labels or not self.series:
            return "Nothing to show."
        said = f"From {self.labels[0].full} to {self.labels[-1].full}."
        for each in self.series:
            most = max(range(len(each.numbers)), key=lambda place: each.numbers[place])
            said += (
                f" {each.name}: most on {self.labels[most].full}, {written(each.numbers[most])};"
                f" {self.so_far or 'last'} {written(each.numbers[-1])}."
            )
        return said

    @property
    def _heights(self) -> list[float]:
        if self.is_stacked:
            return [sum(each) for each in zip(*(one.numbers for one in self.series), strict=True)]
        return [number for each in self.series for number in each.numbers]

    @property
    def _told(self) -> list[Label]:
        """The labels; the one of a place that is not over says so."""
        if not self.so_far or not self.labels:
            return list(self.labels)
        last = self.labels[-1]
        return [*self.labels[:-1], Label(last.short, f"{last.full}, {self.so_far}")]

    def _points(self, series: Series) -> list[str]:
        return [f"{self._x(at):g},{self._y(number):g}" for at, number in enumerate(series.numbers)]

    def _y(self, number: float) -> float:
        return _rounded(100 - 100 * number / self.top)

    def _x(self, place: int) -> float:
        count = len(self.labels)
        if self.is_stacked:
            return _rounded(100 * (place + 0.5) / count)
        return _rounded(100 * place / (count - 1)) if count > 1 else 50.0


class Bar(msgspec.Struct, frozen=True):
    """A bar with what it is of; `share` of all is in percent, and may be left out.

    `href` leads to what the bar is of.
    """

    label: str
    number: float
    width: float
    share: str = ""
    href: str = ""

    @property
    def text(self) -> str:
        """The number as it is written."""
        return written(self.number)


class Bars(msgspec.Struct, frozen=True):
    """Bars below each other, the longest as wide as there is room."""

    title: str
    rows: Sequence[Bar]


class Sparkline(msgspec.Struct, frozen=True):
    """A small line beside a number: how it went, without axes."""

    title: str
    numbers: Sequence[float]

    @property
    def points(self) -> str:
        """The points of the line, in a square of 100 by 100 with a little room around."""
        low, high = min(self.numbers, default=0), max(self.numbers, default=0)
        reach, last = (high - low) or 1, max(1, len(self.numbers) - 1)
        middle = 44 if low == high else 0
        return " ".join(
            f"{_rounded(100 * place / last):g},{_rounded(94 - middle - 88 * (number - low) / reach):g}"
            for place, number in enumerate(self.numbers)
        )

    @property
    def summary(self) -> str:
        """What the line shows, in words."""
        if not self.numbers:
            return f"{self.title}: no numbers yet"
        first, last = written(self.numbers[0]), written(self.numbers[-1])
        return f"{self.title}: from {first} to {last}, most {written(max(self.numbers))}"


def bars(
    title: str,
    rows: Sequence[tuple[str, float]],
    *,
    of: float | None = None,
    hrefs: Sequence[str] = (),
) -> Bars:
    """Lay out bars; `of` is what all is, for the share of each."""
    longest = max((number for _, number in rows), default=0) or 1
    return Bars(
        title,
        [
            Bar(
                label,
                number,
                _rounded(100 * number / longest),
                share_of(number, of) if of is not None else "",
                hrefs[place] if hrefs else "",
            )
            for place, (label, number) in enumerate(rows)
        ],
    )


def share_of(part: float, whole: float) -> str:
    """Write which share of a whole a part is; one that is there never becomes 0."""
    if not whole or not part:
        return "0 %"
    share = 100 * part / whole
    return "< 0.1 %" if share < 0.1 else f"{share:.1f} %"  # noqa: PLR2004 - the last digit shown


def written(number: float) -> str:
    """Write a number for people: thousands apart, at most two decimals."""
    if isinstance(number, int) or number == int(number):
        return f"{int(number):,}"
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def shortened(number: float) -> str:
    """Write a number in little room: 12.5k, 3M."""
    size = 0
    while abs(number) >= _THOUSAND and size < len(_SIZES) - 1:
        number, size = number / _THOUSAND, size + 1
    return f"{number:g}{_SIZES[size]}"


def nice_top(highest: float) -> float:
    """Give a round number that is no less than the highest one."""
    step = _step(highest)
    return step * max(1, math.ceil(highest / step))


def _step(highest: float) -> float:
    """Give the round distance of lines across a plot; a whole one, since most numbers are counts."""
    wanted = max(highest, 1) / _LINES
    if wanted <= 1:
        return 1
    size: int = 10 ** math.floor(math.log10(wanted))
    steps = [each * size for each in _STEPS if each * size == int(each * size)]
    return next(each for each in steps if each >= wanted * 0.999)


def _anchor(x: float) -> str:
    if x == 0:
        return "start"
    return "end" if x > 95 else "middle"  # noqa: PLR2004 - percent: nothing may stand beyond


def _rounded(number: float) -> float:
    return round(number, 2)
