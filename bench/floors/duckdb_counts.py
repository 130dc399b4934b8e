"""Floor of counting: SQL by hand over two tables of DuckDB, people and raw events.

It asks for what a count answers: how many are meant, and how many people there are.
"""

from datetime import UTC, date, datetime, timedelta

import duckdb

from bench import handshake
from bench.crowd import BUYS, BUYS_DAYS, CITY, DAY, EVENT, HIGH, LOW, OPENS_DAYS, PERSON, STEP
from bench.jobs import Crowd, FloorOrder, Question, Report

MEMORY = "800MB"

PROPERTIES = """
SELECT (SELECT count(*) FROM people WHERE gender = 'F' AND city = $city),
    (SELECT count(*) FROM people)
"""
SENTENCE = """
SELECT (SELECT count(*) FROM people WHERE gender = 'F' AND city = $city
    AND born > $after AND born <= $until
    AND person IN (SELECT person FROM events WHERE name = 1 AND moment >= $bought_since
        GROUP BY person HAVING count(*) >= $buys)
    AND person NOT IN (SELECT person FROM events WHERE name = 2 AND moment >= $opened_since)),
    (SELECT count(*) FROM people)
"""


def main() -> None:
    """Do the job of the order on standard input and report it."""
    order = handshake.receive(FloorOrder)
    database = duckdb.connect(order.database, config={"memory_limit": MEMORY})
    if isinstance(order.job, Crowd):
        report = fill(database, order.job)
    else:
        assert isinstance(order.job, Question)
        sql = {"properties": PROPERTIES, "sentence": SENTENCE}[order.job.about]
        values = values_of(sql, order.job.now)
        database.execute(sql, values).fetchall()
        report = handshake.repeat(lambda: database.execute(sql, values).fetchall(), order.job.times)
    database.close()
    handshake.send(report)


def fill(database: duckdb.DuckDBPyConnection, job: Crowd) -> Report:
    """Make the tables; rows come in the order of time."""
    watch = handshake.wait_for_go()
    today = datetime.fromtimestamp(job.now, UTC).date()
    people = {"first": 1, "last": job.people + 1, "today": today}
    database.execute(f"CREATE TABLE people AS {PERSON}", people)
    for first in range(0, job.events, STEP):
        values = {
            "first": first,
            "last": min(first + STEP, job.events),
            "now": job.now,
            "people": job.people,
            "events": job.events,
        }
        into = "INSERT INTO events" if first else "CREATE TABLE events AS"
        database.execute(f"{into} {EVENT}", values)
    database.execute("CHECKPOINT")
    return watch.report(records=job.people + job.events, call_seconds=[0.0])


def values_of(sql: str, now: int) -> dict[str, object]:
    """Give the values that a question has places for."""
    today = datetime.fromtimestamp(now, UTC).date()
    start = now - now % DAY
    values: dict[str, object] = {
        "city": CITY,
        "after": years_before(today, HIGH + 1),
        "until": years_before(today, LOW),
        "bought_since": start - (BUYS_DAYS - 1) * DAY,
        "opened_since": start - (OPENS_DAYS - 1) * DAY,
        "buys": BUYS,
    }
    return {name: value for name, value in values.items() if f"${name}" in sql}


def years_before(day: date, years: int) -> date:
    """Give the day so many years before."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28) + timedelta(days=1)


if __name__ == "__main__":
    main()
