"""The people and events that are counted: the same for Mien and its floors, made by SQL.

The sentence that is asked: women from 25 to 30 in Paris who bought at least three times in
30 days and did not open the app this week.
"""

from bench.corpus import CITIES

DAY = 86_400
DAYS = 90
EVENTS = (
    "Charged",
    "App Launched",
    *(f"Screen {number} Viewed" for number in range(1, 19)),
)
"""Evenly done; their numbers are their places here, from 1."""

YOUNGEST, YEARS = 16, 60
BUYS_DAYS, BUYS, OPENS_DAYS = 30, 3, 7
LOW, HIGH = 25, 30
CITY = "Paris"

_city = " ".join(f"WHEN {place} THEN '{name}'" for place, name in enumerate(CITIES))

PERSON = f"""
SELECT n AS person,
    CASE WHEN hash(n, 1) % 2 = 0 THEN 'F' ELSE 'M' END AS gender,
    CAST($today AS DATE) - CAST({YOUNGEST} * 365 + hash(n, 2) % ({YEARS} * 365) AS INTEGER) AS born,
    CASE hash(n, 3) % {len(CITIES)} {_city} END AS city,
    CASE hash(n, 4) % 4 WHEN 0 THEN 'free' WHEN 1 THEN 'silver' WHEN 2 THEN 'gold' ELSE 'platinum' END
        AS plan,
    CAST(hash(n, 5) % 1000 AS BIGINT) AS score,
    (hash(n, 6) % 100000) / 100 AS balance
FROM range($first, $last) numbers(n)
"""
"""Rows of people, of the numbers from `first` to before `last`."""

SCATTERED = PERSON.replace("range($first, $last)", "range($first, $people + 1, $by)")
"""Rows of people of all numbers: of `first`, and of each that is so much more."""

EVENT = f"""
SELECT n AS sequence,
    CAST(1 + hash(n, 7) % {len(EVENTS)} AS INTEGER) AS name,
    CAST(1 + hash(n, 8) % $people AS BIGINT) AS person,
    CAST($now - {DAYS * DAY} + n * {DAYS * DAY} // $events AS BIGINT) AS moment,
    (hash(n, 9) % 20000) / 100 AS price,
    CAST(1 + hash(n, 10) % 5 AS BIGINT) AS quantity,
    concat('SKU-', hash(n, 11) % 5000) AS product
FROM range($first, $last) numbers(n)
"""
"""Rows of events, of the numbers from `first` to before `last`."""

STEP = 200_000
