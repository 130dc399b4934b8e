"""Lines to copy into a shell: what to try on the demo, with its real ids and keys."""

import json
from datetime import UTC, datetime, timedelta
from shlex import quote
from typing import NamedTuple

from demo.folder import Keys, Plan, Summary

_EXPORTED_DAYS = 30


class Example(NamedTuple):
    """Something to try: what it shows, and the shell line that does it."""

    title: str
    line: str


def examples(url: str, plan: Plan, keys: Keys, summary: Summary) -> list[Example]:
    """Give what to try, in a good order."""
    basic = f"curl -s -u {quote(f'{keys.account_id}:{keys.passcode}')}"
    customer = quote(f"{url}/v1/profile?distinct_id={summary.distinct_id}")
    history = quote(f"{url}/v1/profile/history?distinct_id={summary.distinct_id}&limit=20")
    visitor = quote(f"{url}/v1/profile?object_id={summary.object_id}")
    return [
        Example("The best customer, by distinct id", f"{basic} {customer}"),
        Example("What changed on that profile, and when", f"{basic} {history}"),
        Example("A visitor who never signed up, by object id", f"{basic} {visitor}"),
        Example("Upload an event, as CleverTap's clients do", _upload(url, keys, summary)),
        Example("Export who bought in the last 30 days, page by page", _export(url, plan, keys)),
    ]


def _headers(keys: Keys) -> str:
    names = {"X-CleverTap-Account-Id": keys.account_id, "X-CleverTap-Passcode": keys.passcode}
    return " ".join(f"-H {quote(f'{name}: {value}')}" for name, value in names.items())


def _upload(url: str, keys: Keys, summary: Summary) -> str:
    event = {
        "identity": summary.distinct_id,
        "type": "event",
        "evtName": "Product Viewed",
        "evtData": {"Product": "Earl Grey Supreme", "Price": 10.5},
    }
    body = quote(json.dumps({"d": [event]}))
    content = "-H 'Content-Type: application/json'"
    return f"curl -s {_headers(keys)} {content} {url}/1/upload -d {body}"


def _export(url: str, plan: Plan, keys: Keys) -> str:
    """Write a line that asks for a cursor and then for the first page."""
    last_day = datetime.fromtimestamp(plan.day, UTC)
    first_day = last_day - timedelta(days=_EXPORTED_DAYS)
    query = {
        "event_name": "Charged",
        "from": int(f"{first_day:%Y%m%d}"),
        "to": int(f"{last_day:%Y%m%d}"),
    }
    start = f"curl -s {_headers(keys)} {quote(f'{url}/1/profiles.json?batch_size=50')}"
    cursor = """sed -n 's/.*"cursor": *"\\([^"]*\\)".*/\\1/p'"""
    page = f'curl -s {_headers(keys)} "{url}/1/profiles.json?cursor=$CURSOR"'
    return f"CURSOR=$({start} -d {quote(json.dumps(query))} | {cursor}); {page}"
