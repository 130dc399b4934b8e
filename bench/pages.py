"""What the web SDK of CleverTap sends for visits of pages, as requests.

Each visitor has a browser and an address of their own, as a proxy tells them; one half
sends by script tag, the other by fetch. Visits overlap: at any time there is a crowd.
"""

import re
from collections.abc import Iterator
from itertools import zip_longest
from urllib.parse import urlencode

import msgspec

from bench.corpus import CITIES, PLANS, Record, event, profile
from bench.jobs import Pages, Target
from bench.journeys import device
from bench.wire import Request, get_as_page
from tests.support.lz import compress

CROWD = 200
"""Visitors who are there at the same time: a request of each comes before the next of anybody."""

LOGIN, BUYER = 3, 4
"""One of so many visitors logs in; one of so many buys."""

SCRIPT = re.compile(rb"\$WZRK_WR\.s\([^)]*\);$")
FETCHED = re.compile(rb'^\{"tr":.*"meta":(?!.*"rejected")')
"""What an answer says that took every record."""

SITE = "https://shop.example"
USER_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/{0}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.4 Mobile/15E148 Safari/604.{0}",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/{0}.0.0.0 Mobile Safari/537.36",
)
LANGUAGES = ("en-US,en;q=0.9", "pt-BR,pt;q=0.8", "de-DE,de;q=0.7", "hi-IN,hi;q=0.9,en;q=0.5")

_encode = msgspec.json.Encoder().encode


def requests(target: Target, job: Pages) -> Iterator[Request]:
    """Give the requests of all visits of a job."""
    last = job.first + job.count
    for first in range(job.first, last, CROWD):
        crowd = range(first, min(first + CROWD, last))
        for place, step in enumerate(zip_longest(*map(visit, crowd))):
            for number, sent in zip(crowd, step, strict=True):
                if sent is not None:
                    yield request(target, number, place, sent, job.now)


def request(target: Target, number: int, place: int, sent: tuple[str, Record], now: int) -> Request:
    """Give the request by which a visitor's browser sends one payload."""
    kind, payload = sent
    guid = device(number, 0)
    head = {
        "id": target.account_id,
        "g": guid,
        "s": now,
        "pg": place // 3 + 1,
        "af": {"lib": "web-sdk-v2.5.2", "protocol": "https"},
    }
    packed = compress(_encode({**payload, **head}).decode())
    query = {"t": 96, "type": kind, "d": packed, "rn": place + 1, "i": now, "sn": 0, "gc": guid}
    query |= {"useIP": "false", "origin": SITE, "r": now * 1_000 + place}
    is_fetch = number % 2 == 0
    return get_as_page(
        target,
        f"/a?{urlencode(query)}",
        _headers(number, is_fetch=is_fetch),
        FETCHED if is_fetch else SCRIPT,
    )


def visit(number: int) -> list[tuple[str, Record]]:
    """Give what one visitor's browser sends, in order: the type of each request and its payload."""
    sent: list[tuple[str, Record]] = [
        ("page", _page(number, 0)),
        ("push", _pushed(event(number * 4))),
        ("push", {"type": "profile", "profile": {"city": CITIES[number % 9], "tz": "GMT+0530"}}),
        ("page", _page(number, 1)),
        ("push", _pushed(event(number * 4 + 1))),
        ("push", _pushed(event(number * 4 + 2))),
        ("ping", {}),
    ]
    if number % LOGIN == 0:
        sent.insert(3, ("push", {"type": "profile", "profile": _login(number), "isOUL": True}))
    if number % BUYER == 0:
        sent.append(("push", {"type": "event", "evtName": "Charged", "evtData": _purchase(number)}))
    return sent


def _page(number: int, place: int) -> Record:
    page: Record = {"cpg": f"{SITE}/hats/{number * 7 % 900}?page={place}", "pg": place + 1}
    if place == 0 and number % 5 == 0:
        page |= {"us": "newsletter", "um": "email", "uc": f"May {number % 12}"}
    return page


def _pushed(record: Record) -> Record:
    return {"type": "event", "evtName": record["evtName"], "evtData": record["evtData"]}


def _login(number: int) -> Record:
    """Give the profile of a login; the SDK sends a phone as a number."""
    person = profile(number, 0)
    said: Record = msgspec.convert(person["profileData"], dict)
    phone = int(str(said["Phone"]))
    return {**said, "Phone": phone, "Identity": person["identity"], "tz": "GMT+0530"}


def _purchase(number: int) -> Record:
    items = [{"name": f"hat {place}", "price": 9.5 + place} for place in range(number % 3 + 1)]
    return {
        "Amount": 9.5 * len(items),
        "Currency": "EUR",
        "plan": PLANS[number % 4],
        "Items": items,
    }


def _headers(number: int, *, is_fetch: bool) -> dict[str, str]:
    headers = {
        "Accept": "application/json" if is_fetch else "*/*",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Accept-Language": LANGUAGES[number % len(LANGUAGES)],
        "Referer": f"{SITE}/",
        "Sec-Fetch-Dest": "empty" if is_fetch else "script",
        "Sec-Fetch-Mode": "cors" if is_fetch else "no-cors",
        "Sec-Fetch-Site": "cross-site",
        "User-Agent": USER_AGENTS[number % len(USER_AGENTS)].format(100 + number % 30),
        "X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
    }
    return {**headers, "Origin": SITE} if is_fetch else headers
