"""Trends of events, as far as the server answers (D-06)."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mien import clock
from mien.domain.members import Role
from tests.support.offices import Office

DAY = 86_400
NASTY = "=cmd|'/c'!A1"


def fill(office: Office) -> int:
    """Send events of today and of a week ago; give the present time in epoch seconds."""
    now = clock.now_ms() // 1_000

    def did(person: str, name: str, days: int, item: object) -> dict[str, object]:
        at = now - days * DAY
        properties = {"item": item}
        return {
            "type": "event",
            "distinct_id": person,
            "name": name,
            "at": at,
            "properties": properties,
        }

    office.send(
        did("ana", "Bought", 0, "tea"),
        did("ana", "Bought", 0, "tea"),
        did("bo", "Bought", 7, 3),
        did("bo", "=Seen", 0, NASTY),
    )
    return now


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


# D-06
def test_a_trend_has_a_line_for_each_event_and_day(office: Office) -> None:
    now = fill(office)
    with office.browser(Role.VIEWER) as browser:
        page = browser.get("/live/trends").text
        found = re.search(r'hx-get="(/live/trends/numbers[^"]+)"', page)
        assert found
        numbers = browser.get(found[1].replace("&amp;", "&")).text
        assert "Bought 3" in words(numbers)
        assert numbers.count("chart-slot") == 30
        assert "No events yet" in browser.get("/test/trends").text
        query = "event=bought&event=%3DSeen&days=30"
        lines = browser.get(f"/live/trends/trend.csv?{query}").text.splitlines()
        assert lines[0] == "day,bought,'=Seen"
        today = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo("Asia/Kolkata")).date()
        assert lines[-1] == f"{today},2,1"
        assert lines[-8] == f"{today - timedelta(days=7)},1,0"
        assert len(lines) == 31
        people = browser.get(f"/live/trends/trend.csv?{query}&measure=people").text
        assert people.splitlines()[-1] == f"{today},1,1"


# D-06
def test_weeks_and_months_are_told_apart(office: Office) -> None:
    fill(office)
    with office.browser(Role.VIEWER) as browser:
        weeks = browser.get("/live/trends/trend.csv?event=Bought&step=weekly&days=90").text
        months = browser.get("/live/trends/trend.csv?event=Bought&step=monthly&days=365").text
    assert re.fullmatch(r"week,Bought\n(\d{4}-W\d\d,\d+\n){13,14}", weeks)
    assert re.fullmatch(r"month,Bought\n(\d{4}-\d\d,\d+\n){12,13}", months)
    for each in (weeks, months):
        assert sum(int(line.partition(",")[2]) for line in each.splitlines()[1:]) == 3


# D-06
def test_an_event_is_split_by_its_most_frequent_values(office: Office) -> None:
    fill(office)
    with office.browser(Role.VIEWER) as browser:
        told = words(browser.get("/live/trends/numbers?event=Bought&by=item").text)
        assert "Bought 3 tea 2 3 1" in told
        nothing = browser.get("/live/trends/numbers?event=Bought&by=unheard").text
        assert "had no values in these days" in nothing


# D-06
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("event=Nope", "There is no event"),
        ("event=Bought&event=%3DSeen&by=item", "One event at a time is split"),
        ("event=a&event=b&event=c&event=d&event=e", "at most 4 are shown"),
        ("step=hourly", "it is one of daily, weekly, monthly"),
        ("measure=sum", "it is one of events, people"),
        ("days=8", "it is one of 7, 30"),
        ("days=x", ""),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(
    office: Office, query: str, said: str
) -> None:
    fill(office)
    with office.browser(Role.VIEWER) as browser:
        for path in ("/live/trends", "/live/trends/numbers", "/live/trends/trend.csv"):
            answer = browser.get(f"{path}?{query}")
            assert answer.status_code == 400
            assert said in answer.text
