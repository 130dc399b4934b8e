"""What the calls with a batch `{"d":[…]}` share: reading it, and telling what was not applied."""

from typing import Any

from litestar import Request

from mien.domain.rejects import Reject
from mien.http.body import MalformedBodyError, decode_json


def records_of(body: bytes) -> list[object]:
    """Give the records of a body, or raise `MalformedBodyError`."""
    decoded = decode_json(body)
    if not isinstance(decoded, dict) or not isinstance(records := decoded.get("d"), list):
        raise MalformedBodyError
    return records


def is_dry(request: Request[Any, Any, Any]) -> bool:
    """Tell whether a call only asks what would become of its records."""
    return request.query_params.get("dryRun") in ("1", "true")


def write_reject(reject: Reject, text: str) -> dict[str, object]:
    """Write a record that was not applied."""
    return {
        "status": "fail",
        "code": int(reject.code),
        "error": text,
        "record": reject.record,
    }


def plain_text(reject: Reject) -> str:
    """Say why a record was not applied, where no text of the original is known."""
    return f"{reject.reason}. Skipped record number : {reject.position}"
