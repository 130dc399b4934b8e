"""How charts are laid out and drawn: positions, words for who cannot see them, hostile names."""

import re
import xml.etree.ElementTree as ET

import pytest

from mien.web import charts, frame
from mien.web.charts import Label, Plot, Series, Sparkline

DAYS = [Label(f"{day} Nov", f"{day} Nov 2026") for day in range(1, 5)]
NASTY = "<script>alert(1)</script>\u202e"


def draw(macro: str, chart: object) -> str:
    source = f"{{{{ charts.{macro}(chart) }}}}"
    return frame.make_templates().from_string(source).render(chart=chart)


def plot(*numbers: list[float], stacked: bool = False) -> Plot:
    names = ("New", "Identified", "Gone")
    series = [Series(name, each) for name, each in zip(names, numbers, strict=False)]
    return Plot("People", DAYS, series, is_stacked=stacked)


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (1, 1), (3, 3), (4, 4), (5, 6), (10, 10), (17, 20), (99, 100), (101, 150), (1_190, 1_500)],
)  # fmt: skip
def test_the_upper_edge_is_a_round_number_with_room_for_all(highest: float, top: float) -> None:
    assert charts.nice_top(highest) == top


def test_lines_across_have_even_numbers_from_top_to_bottom() -> None:
    ticks = plot([0, 1_190, 3, 4]).ticks
    assert [(each.y, each.text) for each in ticks] == [
        (0, "1.5k"),
        (33.33, "1k"),
        (66.67, "500"),
        (100, "0"),
    ]


def test_lines_across_never_have_a_part_of_a_count() -> None:
    for highest in range(1, 200):
        texts = [each.text for each in plot([0, highest]).ticks]
        assert all(text.isdigit() for text in texts), (highest, texts)


def test_a_line_goes_from_edge_to_edge_and_upside_is_up() -> None:
    assert plot([0, 5, 10, 0]).paths == ["0,100 33.33,50 66.67,0 100,100"]
    alone = Plot("People", DAYS[:1], [Series("New", [1])])
    assert alone.paths == ["50,0"]
    assert "50,0 50,0" in draw("line", alone)


def test_columns_of_several_series_stand_upon_each_other() -> None:
    drawn = plot([10, 0, 0, 0], [10, 5, 0, 0], stacked=True).columns
    assert [(each.place, each.y, each.height) for each in drawn] == [
        (0, 50, 50),
        (1, 0, 50),
        (1, 75, 25),
    ]
    assert all(each.x >= 0 and each.x + each.width <= 100 for each in drawn)


def test_a_day_that_is_not_over_is_drawn_apart_and_said() -> None:
    lines = Plot("Done", DAYS, [Series("New", [0, 5, 10, 1])], so_far="today so far")
    assert lines.paths == ["0,100 33.33,50 66.67,0"]
    assert lines.area == "0,100 0,100 33.33,50 66.67,0 66.67,100"
    assert [(each.x, each.y, each.tail) for each in lines.dots] == [(100, 90, "66.67,0 100,90")]
    drawn = draw("line", lines)
    assert "most on 3 Nov 2026, 10; today so far 1." in drawn
    assert drawn.count("4 Nov 2026, today so far") == 2, "where one points, and in the table"
    columns = Plot("Done", DAYS, lines.series, is_stacked=True, so_far="today so far").columns
    assert [each.is_open for each in columns] == [False, False, True]


def test_a_first_day_that_is_not_over_is_a_point_alone() -> None:
    alone = Plot("Done", DAYS[:1], [Series("New", [1])], so_far="today so far")
    assert (alone.paths, alone.area, alone.dots[0].y) == ([""], "", 0)
    assert "<circle" in draw("line", alone)
    assert Plot("Done", [], [Series("New", [])], so_far="today so far").dots == []


def test_no_more_labels_stand_below_than_there_is_room_for() -> None:
    days = [Label(str(day), str(day)) for day in range(90)]
    marks = Plot("People", days, [Series("New", [1] * 90)]).marks
    assert len(marks) == 7
    assert [each.is_minor for each in marks[:3]] == [False, True, False]
    assert marks[0].anchor == "start"


def test_the_numbers_are_said_in_words_and_as_a_table() -> None:
    chart = plot([0, 5, 10, 0], [1, 2.5, 0, 1_000])
    said = draw("line", chart)
    assert "From 1 Nov 2026 to 4 Nov 2026. New: most on 3 Nov 2026, 10; last 0." in said
    assert re.findall(r"<td>([^<]+)</td>", said) == ["0", "1", "5", "2.5", "10", "0", "0", "1,000"]
    assert Plot("People", [], []).summary == "Nothing to show."


@pytest.mark.parametrize("macro", ["line", "columns"])
def test_a_plot_without_numbers_is_drawn_too(macro: str) -> None:
    assert draw(macro, Plot("People", [], [Series("New", [])], is_stacked=macro == "columns"))
    assert draw(macro, Plot("People", [], [], is_stacked=macro == "columns"))


def test_bars_are_as_wide_as_their_share_of_the_longest() -> None:
    chart = charts.bars("Plans", [("gold", 50), ("free", 25), ("none", 0)], of=100)
    assert [(each.width, each.share) for each in chart.rows] == [
        (100, "50.0 %"),
        (50, "25.0 %"),
        (0, "0 %"),
    ]
    linked = charts.bars("Plans", [("gold", 1)], hrefs=["/live/people"])
    assert 'href="/live/people"' in draw("bars", linked)
    assert ">empty</th>" in draw("bars", charts.bars("Plans", [("", 1)]))
    assert charts.share_of(1, 10_000) == "< 0.1 %"


def test_a_sparkline_fills_its_place_and_a_flat_one_lies_in_the_middle() -> None:
    assert Sparkline("Size", [0, 10]).points == "0,94 100,6"
    assert Sparkline("Size", [3, 3]).points == "0,50 100,50"
    assert "Size: from 0 to 10, most 10" in draw("sparkline", Sparkline("Size", [0, 10]))
    assert "no numbers yet" in draw("sparkline", Sparkline("Size", []))


def test_names_from_users_are_text_and_nothing_has_a_style_of_its_own() -> None:
    hostile = Plot(NASTY, DAYS, [Series(NASTY, [1, 2, 3, 4]), Series("b", [0] * 4)])
    stacked = Plot(NASTY, DAYS, hostile.series, is_stacked=True)
    drawn = [
        draw("line", hostile),
        draw("columns", stacked),
        draw("bars", charts.bars(NASTY, [(NASTY, 1)])),
        draw("sparkline", Sparkline(NASTY, [1, 2])),
    ]
    for each in drawn:
        assert "<script" not in each
        assert "\u202e" not in each
        assert "style=" not in each
        ET.fromstring(f"<all>{each}</all>")  # noqa: S314 - our own mark-up


@pytest.mark.parametrize(
    ("number", "long", "short"),
    [(0, "0", "0"), (999, "999", "999"), (1_000, "1,000", "1k"), (12_500, "12,500", "12.5k"),
     (3_000_000, "3,000,000", "3M"), (2.5, "2.5", "2.5"), (2.345, "2.35", "2.345")],
)  # fmt: skip
def test_numbers_are_written_for_people(number: float, long: str, short: str) -> None:
    assert (charts.written(number), charts.shortened(number)) == (long, short)
