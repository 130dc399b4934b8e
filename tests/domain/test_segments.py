"""The segment language: its forms, its canonical form, its English, and its page."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given

from mien.domain.conditions import OPERATORS, VALUES
from mien.domain.english import describe
from mien.domain.expand import LEVELS, PARTS
from mien.domain.expand import VALUES as ALL_VALUES
from mien.domain.ids import SegmentId
from mien.domain.segment_json import parse_segment, to_json
from mien.domain.segments import DEPTH, NODES, Node
from tests.domain.trees import trees

PLAN: dict[str, object] = {"property": "Plan", "op": "equals", "value": "Gold"}
FORMS: list[tuple[dict[str, object], str]] = [
    ({"all": []}, "Everybody."),
    ({"any": []}, "Nobody."),
    (PLAN, 'People whose Plan is "Gold".'),
    ({"all": [PLAN]}, 'People whose Plan is "Gold".'),
    ({"not": PLAN}, 'People other than people whose Plan is "Gold".'),
    (
        {"all": [{"any": [PLAN, {"test_user": True}]}, {"not": {"test_user": True}}]},
        'People (whose Plan is "Gold" or who are test users) and '
        "(other than people who are test users).",
    ),
    (
        {"property": "Plan", "op": "any_of", "values": [1, 2.5, False, "Gold", "gold"]},
        'People whose Plan is 1, 2.5, false, "Gold" or "gold".',
    ),
    (
        {"property": "Plan", "op": "any_of", "values": list(range(12))},
        "People whose Plan is 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 or 2 more.",
    ),
    ({"property": "Plan", "op": "exists"}, "People whose Plan is known."),
    (
        {"property": "Plan", "op": "equals", "value": "ä😀\x1b[2J\n"},
        'People whose Plan is "ä😀\\x1b[2J\\n".',
    ),
    ({"property": "Plan", "op": "equals", "value": ""}, 'People whose Plan is "".'),
    (
        {"property": "Plan", "op": "contains", "value": "50%"},
        'People whose Plan contains "50%".',
    ),
    (
        {"property": "Plan", "op": "starts_with", "value": "Go"},
        'People whose Plan starts with "Go".',
    ),
    (
        {"device": [{"fact": "app_version", "op": "version_below", "value": "2.10"}]},
        "People with a device whose app_version is a version before 2.10.",
    ),
    (
        {"property": "Firmware", "op": "version_at_least", "value": "2.0"},
        "People whose Firmware is version 2.0 or later.",
    ),
    ({"property": "Score", "op": "less_than", "value": 1}, "People whose Score is less than 1."),
    ({"property": "Score", "op": "at_most", "value": 1.5}, "People whose Score is at most 1.5."),
    ({"property": "Score", "op": "more_than", "value": -1}, "People whose Score is more than -1."),
    ({"derived": "Age", "op": "at_least", "value": 18}, "People whose Age is at least 18."),
    (
        {"derived": "Age", "op": "between", "low": 25, "high": 30},
        "People whose Age is between 25 and 30.",
    ),
    (
        {"property": "Renewal", "op": "before", "day": "2026-03-29"},
        "People whose Renewal is before 2026-03-29.",
    ),
    (
        {"property": "Renewal", "op": "on", "day": "2026-03-29"},
        "People whose Renewal is on 2026-03-29.",
    ),
    (
        {"property": "Renewal", "op": "after", "day": "1969-12-31"},
        "People whose Renewal is after 1969-12-31.",
    ),
    (
        {"derived": "Last Seen", "op": "in_last", "days": 7},
        "People whose Last Seen is in the last 7 days.",
    ),
    (
        {"property": "Renewal", "op": "in_next", "days": 1},
        "People whose Renewal is in the next day.",
    ),
    (
        {"property": "DOB", "op": "anniversary", "days": 7},
        "People whose DOB has an anniversary in the next 7 days.",
    ),
    (
        {"property": "Likes", "op": "has_any", "values": ["art", "tea"]},
        'People whose Likes has "art" or "tea".',
    ),
    (
        {"property": "Likes", "op": "has_all", "values": ["art", "tea"]},
        'People whose Likes has "art" and "tea".',
    ),
    ({"did": "Charged"}, "People who did Charged."),
    (
        {
            "did": "Charged",
            "window": {"last_days": 30},
            "where": [{"property": "Amount", "op": "more_than", "value": 9}],
            "count": {"op": "at_least", "value": 3},
        },
        "People for whom the number of Charged in the last 30 days where Amount is more than 9 "
        "is at least 3.",
    ),
    (
        {
            "did": "Charged",
            "window": {"last_hours": 1},
            "sum": {"of": "Amount", "op": "exists"},
        },
        "People for whom the sum of Amount over Charged in the last hour is known.",
    ),
    (
        {
            "did": "Charged",
            "window": {"from": "2026-01-01", "to": "2026-01-31"},
            "average": {"of": "Amount", "op": "at_most", "value": 3},
        },
        "People for whom the average Amount of Charged from 2026-01-01 to 2026-01-31 is at most 3.",
    ),
    (
        {
            "did": "Charged",
            "window": {"since": 1_700_000_000, "until": 1_700_000_060},
            "where": [
                {"not": {"property": "Shop", "op": "equals", "value": "b"}},
                {"session": "utm_source", "op": "exists"},
            ],
            "first_time": True,
        },
        "People who did Charged for the first time from second 1700000000 to before second "
        '1700000060 where it is not so that Shop is "b" and the session\'s utm_source is known.',
    ),
    (
        {
            "did": "Charged",
            "window": {"from": "2026-01-01"},
            "distinct": {"of": "Shop", "op": "equals", "value": 2},
        },
        "People for whom the number of different Shop in Charged from 2026-01-01 on is 2.",
    ),
    (
        {
            "did": "Charged",
            "where": [
                {
                    "items": "Items",
                    "has": [
                        {"property": "Category", "op": "equals", "value": "Shoes"},
                        {"not": {"property": "Price", "op": "at_most", "value": 50}},
                    ],
                },
                {"not": {"items": "Gifts", "has": [{"property": "Sku", "op": "exists"}]}},
            ],
        },
        'People who did Charged where Items has one where (Category is "Shoes" and it is not so '
        "that Price is at most 50) and it is not so that Gifts has one where Sku is known.",
    ),
    (
        {
            "did": "Charged",
            "window": {"to": "2026-01-31"},
            "first": {"op": "in_last", "days": 2},
        },
        "People for whom the day of the first Charged until 2026-01-31 is in the last 2 days.",
    ),
    (
        {"did": "App Launched", "last": {"op": "before", "day": "2026-01-01"}},
        "People for whom the day of the last App Launched is before 2026-01-01.",
    ),
    (
        {
            "device": [
                {"fact": "platform", "op": "equals", "value": "iOS"},
                {"fact": "country", "op": "equals", "value": "FR"},
            ]
        },
        'People with a device whose platform is "iOS" and country is "FR".',
    ),
    ({"channel": "email", "is": "reachable"}, "People who can be reached by e-mail."),
    (
        {"channel": "webpush", "is": "opted_out", "group": "News"},
        'People who opted out of web push for the group "News".',
    ),
    ({"test_user": True}, "People who are test users."),
    ({"disabled": True}, "People who are disabled."),
    ({"not": {"disabled": True}}, "People other than people who are disabled."),
    ({"segment": "7"}, 'People who are in the segment "7".'),
    (
        {"all": [{"all": [{"any": [PLAN, {"test_user": True}]}]}, {"segment": "test-users"}]},
        'People (whose Plan is "Gold" or who are test users) and '
        'who are in the segment "test-users".',
    ),
]


# S-01
@pytest.mark.parametrize(("raw", "english"), FORMS, ids=[repr(raw) for raw, _ in FORMS])
def test_a_form_is_its_own_canonical_form_and_reads_as_a_sentence(
    raw: dict[str, object], english: str
) -> None:
    tree = parse_segment(raw)
    assert to_json(tree) == raw
    assert describe(tree) == english


# S-01
def test_each_operator_has_a_form() -> None:
    shown = repr(FORMS)
    assert [op for op in OPERATORS if f"'op': '{op}'" not in shown] == []


# S-01
def test_what_means_the_same_in_other_words_has_one_canonical_form() -> None:
    said = {"property": "Plan", "op": "any_of", "values": ["b", 2.0, "a", True, 2, "b", 1]}
    tree = parse_segment(said)
    assert to_json(tree)["values"] == [1, 2, True, "a", "b"]
    assert to_json(parse_segment({"channel": "sms"})) == {"channel": "sms", "is": "reachable"}
    once = {"did": "Charged", "where": [], "count": {"op": "at_least", "value": 1.0}}
    assert to_json(parse_segment(once)) == {"did": "Charged"}


# S-01
@given(trees)
def test_a_tree_that_is_written_and_read_again_is_the_same(tree: Node) -> None:
    canonical = to_json(tree)
    read = parse_segment(canonical)
    assert parse_segment(to_json(read)) == read
    assert repr(to_json(parse_segment(to_json(read)))) == repr(to_json(read))
    assert describe(read).endswith(".")


def test_a_segment_inside_is_described_by_its_name() -> None:
    tree = parse_segment({"segment": "7"})
    assert describe(tree, {SegmentId("7"): "VIP"}) == 'People who are in the segment "VIP".'


PAGE = (Path(__file__).parents[2] / "docs" / "segments.md").read_text()


# S-01
def test_the_page_about_segments_shows_each_operator_and_only_what_can_be_read() -> None:
    assert [op for op in OPERATORS if f"`{op}`" not in PAGE] == []
    examples = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    whole = [*examples, *re.findall(r"`(\{\"(?:not|did)\": .*?\})`", PAGE)]
    assert len(whole) == 5
    for text in whole:
        raw = msgspec.json.decode(text)
        assert to_json(parse_segment(raw)) == raw


# S-02
def test_the_page_about_segments_tells_the_limits() -> None:
    assert f"{DEPTH} levels; {NODES} nodes" in PAGE
    assert f"{VALUES:,} values in a list" in PAGE
    assert f"{LEVELS} levels (going into one is a level), {PARTS:,}\nparts" in PAGE
    assert f"{ALL_VALUES:,} values in all lists" in PAGE
