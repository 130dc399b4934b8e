"""What a team would write by hand: PostgreSQL, a JSONB document a person, a row an event."""

from datetime import UTC, datetime

import duckdb
import psycopg

from bench import handshake
from bench.crowd import EVENT, PERSON, STEP
from bench.floors.duckdb_counts import SENTENCE as OF_SENTENCE
from bench.floors.duckdb_counts import values_of
from bench.jobs import Crowd, FloorOrder, Question, Report

SCHEMA = """
CREATE TABLE people (person bigint PRIMARY KEY, document jsonb NOT NULL);
CREATE TABLE events (person bigint NOT NULL, name int NOT NULL, moment bigint NOT NULL,
    properties jsonb NOT NULL);
"""
INDEXES = """
CREATE INDEX ON people USING gin (document jsonb_path_ops);
CREATE INDEX ON events (name, moment, person);
ANALYZE;
"""
PROPERTIES = """
SELECT count(*) FROM people
WHERE document @> '{"gender": "F"}' AND document @> jsonb_build_object('city', %(city)s::text)
"""
SENTENCE = """
SELECT count(*) FROM people
WHERE document @> '{"gender": "F"}' AND document @> jsonb_build_object('city', %(city)s::text)
    AND (document ->> 'born')::date > %(after)s AND (document ->> 'born')::date <= %(until)s
    AND person IN (SELECT person FROM events WHERE name = 1 AND moment >= %(bought_since)s
        GROUP BY person HAVING count(*) >= %(buys)s)
    AND NOT EXISTS (SELECT 1 FROM events opened WHERE opened.person = people.person
        AND name = 2 AND moment >= %(opened_since)s)
"""
PEOPLE_ROWS = f"SELECT person, json_object('gender', gender, 'born', born, 'city', city, 'plan', plan, 'score', score, 'balance', balance) FROM ({PERSON})"
EVENT_ROWS = f"SELECT person, name, moment, json_object('price', price, 'quantity', quantity, 'product', product) FROM ({EVENT})"


def main() -> None:
    """Do the job of the order on standard input and report it."""
    order = handshake.receive(FloorOrder)
    with psycopg.connect(order.database, autocommit=True) as database:
        if isinstance(order.job, Crowd):
            report = fill(database, order.job)
        else:
            assert isinstance(order.job, Question)
            report = ask(database, order.job)
    handshake.send(report)


def ask(database: "psycopg.Connection[tuple[object, ...]]", job: Question) -> Report:
    """Ask one question again and again."""
    sql = {"properties": PROPERTIES, "sentence": SENTENCE}[job.about]
    values = values_of(OF_SENTENCE, job.now)
    database.execute(sql, values).fetchall()
    return handshake.repeat(lambda: database.execute(sql, values).fetchall(), job.times)


def fill(database: "psycopg.Connection[tuple[object, ...]]", job: Crowd) -> Report:
    """Make the tables and their indexes."""
    watch, maker = handshake.wait_for_go(), duckdb.connect()
    database.execute(SCHEMA)
    today = datetime.fromtimestamp(job.now, UTC).date()
    values: dict[str, object] = {"first": 1, "last": job.people + 1, "today": today}
    _copy(database, "people (person, document)", maker.execute(PEOPLE_ROWS, values))
    for first in range(0, job.events, STEP):
        values = {
            "first": first,
            "last": min(first + STEP, job.events),
            "now": job.now,
            "people": job.people,
            "events": job.events,
        }
        rows = maker.execute(EVENT_ROWS, values)
        _copy(database, "events (person, name, moment, properties)", rows)
    for statement in INDEXES.strip().split("\n"):
        database.execute(statement)
    return watch.report(records=job.people + job.events, call_seconds=[0.0])


def _copy(
    database: "psycopg.Connection[tuple[object, ...]]", table: str, rows: duckdb.DuckDBPyConnection
) -> None:
    statement = f"COPY {table} FROM STDIN"
    with database.cursor() as cursor, cursor.copy(statement) as copy:
        for row in iter(rows.fetchone, None):
            copy.write_row(row)


if __name__ == "__main__":
    main()
