"""Settings: one table of names, defaults and meanings, read from the environment once."""

import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

DEFAULT_DATA = "mien-data"


@dataclass(frozen=True, slots=True)
class Settings:
    """How this process runs. Each field is set by `MIEN_` and its name in capitals."""

    data: Path = field(default=Path(DEFAULT_DATA), metadata={"help": "The data folder."})
    store_url: str = field(
        default="",
        metadata={
            "help": "Where the record is kept: empty for SQLite in the data folder, or "
            "`postgresql://user:password@host/database`."
        },
    )
    analytics_url: str = field(
        default="",
        metadata={
            "help": "Where the copy for counting is kept: empty for DuckDB in the data folder, or "
            "`clickhouse://user:password@host:8123/database` (`clickhouses://` with TLS)."
        },
    )
    analytics_cluster: str = field(
        default="",
        metadata={
            "help": "The cluster of ClickHouse, by its name there, over which that copy is spread; "
            "empty for one server."
        },
    )
    analytics_memory: int = field(
        default=800,
        metadata={
            "help": "How much memory counting in DuckDB may take, in MB; beyond it uses the disk."
        },
    )
    query_seconds: float = field(
        default=20.0,
        metadata={
            "help": "How long a question to analytics may take before it is stopped, in seconds."
        },
    )
    fresh_seconds: float = field(
        default=2.0,
        metadata={
            "help": "How long a question waits for what was just uploaded to be counted, in seconds."
        },
    )
    count_seconds: float = field(
        default=1.0,
        metadata={
            "help": "How long a call of `/1/counts/…` waits before it is answered `partial`, with "
            "a `req_id` under which the answer is fetched, in seconds."
        },
    )
    host: str = field(default="127.0.0.1", metadata={"help": "The address to listen on."})
    port: int = field(default=8080, metadata={"help": "The port to listen on."})
    upload_concurrency: int = field(
        default=15, metadata={"help": "Uploads of one environment in flight; more wait a second."}
    )
    read_concurrency: int = field(
        default=15,
        metadata={"help": "Requests of one environment to another endpoint in flight."},
    )
    wait_seconds: float = field(
        default=1.0, metadata={"help": "How long a request over the limit waits before a 429."}
    )
    sdk_rate: float = field(
        default=50.0,
        metadata={
            "help": "Requests a second that one client may send to what pages call (`/a` …), on "
            "average; 0 for no bound."
        },
    )
    sdk_burst: int = field(
        default=500, metadata={"help": "Such requests that one client may send at once."}
    )
    proxies: int = field(
        default=0,
        metadata={
            "help": "How many proxies stand before the server: so many last entries of "
            "`X-Forwarded-For` are believed. With 0 whoever connects is the client."
        },
    )
    body_bytes: int = field(
        default=16 * 1024 * 1024,
        metadata={"help": "Largest request body, after decompression, in bytes."},
    )
    body_seconds: float = field(
        default=30.0, metadata={"help": "How long a client may take to send its body, in seconds."}
    )
    header_seconds: float = field(
        default=15.0,
        metadata={
            "help": "How long a client may take to send the head of a request, or leave a "
            "connection unused, in seconds."
        },
    )
    request_seconds: float = field(
        default=60.0,
        metadata={"help": "How long a request may take in all before it gets a 503, in seconds."},
    )
    connections: int = field(
        default=1_000, metadata={"help": "Connections served at once; more wait to be accepted."}
    )
    drain_seconds: float = field(
        default=0.0,
        metadata={
            "help": "How long a server that was told to stop still takes requests while "
            "`/readyz` says no, so that a load balancer can look elsewhere, in seconds."
        },
    )
    stop_seconds: float = field(
        default=20.0,
        metadata={
            "help": "How long a server that was told to stop waits for the requests in flight, "
            "in seconds."
        },
    )
    access_log: bool = field(default=True, metadata={"help": "Log a line for each request."})
    log_format: str = field(
        default="text",
        metadata={"help": "How logs are written: `text` or `json`.", "choices": ("text", "json")},
    )
    late_data_loses: bool = field(
        default=False,
        metadata={
            "help": "On `/1/upload`, let a record with an older `ts` leave newer values (`/v1` "
            "always does)."
        },
    )
    missing_is_zero: bool = field(
        default=False,
        metadata={"help": "On `/1/upload`, let `$incr` start a missing property at 0."},
    )
    region_hosts: str = field(
        default="",
        metadata={
            "help": "Host names, separated by commas, on which keys and cursors are good; empty "
            "for any."
        },
    )
    session_hours: float = field(
        default=12.0,
        metadata={
            "help": "How long a member of the dashboard stays signed in without using it, in "
            "hours; 30 days at most however much it is used."
        },
    )
    places_file: str = field(
        default="",
        metadata={
            "help": "A MaxMind-format file (`.mmdb`) of cities or countries that says where a "
            "visitor's network address is; empty: places come from what clients send alone."
        },
    )
    export_days: float = field(
        default=4.0,
        metadata={"help": "How long exports to files are kept from their beginning on, in days."},
    )
    export_room: int = field(
        default=500,
        metadata={
            "help": "How much of the disk exports to files leave free, in MB; one that would take "
            "more ends."
        },
    )
    reject_days: int = field(
        default=30, metadata={"help": "How long rejected records are kept, in days."}
    )

    @property
    def store(self) -> str:
        """The URL of the store that is meant."""
        return self.store_url or f"sqlite:///{self.data / 'mien.db'}"


def variable_of(setting: Field[Any]) -> str:
    """Give the environment variable that sets a setting."""
    return f"MIEN_{setting.name.upper()}"


class InvalidSettingError(Exception):
    """A setting does not have the form that it needs."""


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raises `InvalidSettingError` naming the variable."""
    values: dict[str, object] = {}
    for each in fields(Settings):
        name = variable_of(each)
        if (text := environment.get(name)) is not None:
            values[each.name] = _parse(name, text, type(each.default))
            _check_choice(name, text, each.metadata.get("choices"))
    return Settings(**values)  # type: ignore[arg-type]  # parsed by the type of the default


def unknown_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Give the `MIEN_` variables that set nothing: a misspelt one would else go unseen."""
    known = {variable_of(each) for each in fields(Settings)}
    return sorted(name for name in environment if name.startswith("MIEN_") and name not in known)


def _parse(name: str, text: str, kind: type) -> object:
    try:
        if kind is bool:
            return {"1": True, "true": True, "0": False, "false": False}[text.lower()]
        return kind(text) if issubclass(kind, (int, float, str)) else Path(text)
    except (KeyError, ValueError) as error:
        msg = f"{name} is {text!r}, which is not of the form {kind.__name__}"
        raise InvalidSettingError(msg) from error


def _check_choice(name: str, text: str, choices: tuple[str, ...] | None) -> None:
    if choices is not None and text not in choices:
        msg = f"{name} is {text!r}, which is none of {', '.join(choices)}"
        raise InvalidSettingError(msg)
