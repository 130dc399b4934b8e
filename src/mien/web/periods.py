"""Days, weeks and months as charts call them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from mien.domain.cql.reports import Step
from mien.web.charts import Label


def labels_of(keys: Iterable[int], step: Step) -> list[Label]:
    """Give the labels of days, weeks or months by the keys that trends have."""
    return [_LABELS[step](key) for key in keys]


SO_FAR: Mapping[Step, str] = {
    Step.DAY: "today so far",
    Step.WEEK: "this week so far",
    Step.MONTH: "this month so far",
}
"""What the last of the days, weeks or months is that end now."""


def label_of_day(day: date) -> Label:
    """Give the label of a day."""
    short = f"{day.day} {day:%b}"
    return Label(short, f"{short} {day:%Y}")


def _day(key: int) -> Label:
    return label_of_day(date(key // 10_000, key // 100 % 100, key % 100))


def _week(key: int) -> Label:
    year, week = divmod(key, 100)
    first = date.fromisocalendar(year, week, 1)
    return Label(f"{first.day} {first:%b}", f"Week {week} of {year}, from {first.day} {first:%b}")


def _month(key: int) -> Label:
    first = date(key // 100, key % 100, 1)
    return Label(f"{first:%b}", f"{first:%B %Y}")


_LABELS: Mapping[Step, Callable[[int], Label]] = {
    Step.DAY: _day,
    Step.WEEK: _week,
    Step.MONTH: _month,
}
