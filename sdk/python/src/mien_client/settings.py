"""What both clients are made with, checked once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypedDict

import httpx

from mien_client import clock
from mien_client.batches import DEFAULT_BATCH_RECORDS, MAX_BATCH_RECORDS
from mien_client.requests import USER_AGENT
from mien_client.talks import Rules

DEFAULT_TIMEOUT_SECONDS = 30.0
DEFAULT_MAX_RETRIES = 5
DEFAULT_TOKEN_LIFETIME = timedelta(hours=1)


class Options(TypedDict, total=False):
    """How a client behaves, sync or async; all may be left out.

    `timeout` is in seconds, for connecting and for each read and write (30).
    `max_retries` counts the sendings after the first (5). `batch_size` is the most
    records of one request, up to 1,000 (500). `chance`, `now` and `new_key` are the
    real ones unless a test hands in its own. A setting that cannot work is a ValueError.
    """

    timeout: float
    max_retries: int
    batch_size: int
    chance: Callable[[], float]
    now: Callable[[], datetime]
    new_key: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the server is, who asks, and how patient the client is.

    `timeout` is in seconds, for connecting and for each read and write.
    """

    base_url: str
    account_id: str
    passcode: str = field(repr=False)
    timeout: float
    max_retries: int
    batch_size: int

    def __post_init__(self) -> None:
        """Refuse what cannot work, with a ValueError that says what would."""
        url = httpx.URL(self.base_url)
        demands = {
            "base_url must be an http(s) address": url.scheme in {"http", "https"} and url.host,
            # HTTP Basic ends the name at the first colon (RFC 7617, 2).
            "account_id must not be empty or hold a colon": (
                self.account_id and ":" not in self.account_id
            ),
            "passcode must not be empty": self.passcode,
            "timeout must be more than 0 seconds": self.timeout > 0,
            "max_retries must be 0 or more": self.max_retries >= 0,
            f"batch_size must be 1 to {MAX_BATCH_RECORDS}": (
                1 <= self.batch_size <= MAX_BATCH_RECORDS
            ),
        }
        unmet = [demand for demand, is_met in demands.items() if not is_met]
        if unmet:
            raise ValueError("; ".join(unmet))


class HttpOptions(TypedDict):
    """What `httpx.Client` and `httpx.AsyncClient` are both made with."""

    base_url: str
    auth: httpx.BasicAuth
    timeout: float
    headers: dict[str, str]


def http_options(settings: Settings) -> HttpOptions:
    """Give the options of the HTTP client."""
    return {
        "base_url": settings.base_url,
        "auth": httpx.BasicAuth(settings.account_id, settings.passcode),
        "timeout": settings.timeout,
        "headers": {"Accept": "application/json", "User-Agent": USER_AGENT},
    }


def configure(
    base_url: str, *, account_id: str, passcode: str, options: Options
) -> tuple[HttpOptions, Rules]:
    """Check what a client is made with, and give what it sends with and the rules it goes by."""
    if unknown := options.keys() - Options.__annotations__.keys():
        message = f"unknown argument(s): {', '.join(sorted(unknown))}"
        raise TypeError(message)
    given: dict[str, Any] = {**_DEFAULTS, **options}
    settings = Settings(
        base_url,
        account_id,
        passcode,
        timeout=given["timeout"],
        max_retries=given["max_retries"],
        batch_size=given["batch_size"],
    )
    rules = Rules(
        max_retries=settings.max_retries,
        batch_size=settings.batch_size,
        chance=given["chance"],
        now=given["now"],
        new_key=given["new_key"],
    )
    return http_options(settings), rules


_DEFAULTS: Options = {
    "timeout": DEFAULT_TIMEOUT_SECONDS,
    "max_retries": DEFAULT_MAX_RETRIES,
    "batch_size": DEFAULT_BATCH_RECORDS,
    "chance": clock.chance,
    "now": clock.now,
    "new_key": clock.new_key,
}
