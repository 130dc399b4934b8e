"""What the calls with a batch `{"d":[…]}` share: reading it, and telling what was not applied."""

from typing import Any

from litestar import Request

from mien.domain.errors import InvalidInputError
from mien.domain.rejects import Reject
from mien.http.body import MalformedBodyError, decode_json

_SAID = {"1": True, "true": True, "0": False, "false": False, "": False}


def records_of(body: bytes) -> list[object]:
    """Give the records of a body, or raise `MalformedBodyError`."""
    decoded = decode_json(body)
    if not isinstance(decoded, dict) or not isinstance(records := decoded.get("d"), list):
        raise MalformedBodyError
    return records


def is_dry(request: Request[Any, Any, Any]) -> bool:
    """Tell whether a call only asks what would become of its records.

    Raises `InvalidInputError` for a `dryRun` that is unclear: it might be meant to apply nothing.
    """
    said = request.query_params.get("dryRun", "0")
    if (is_asked := _SAID.get(said.lower())) is None:
        problem = f"'{said[:20]}' is none of 1, true, 0 and false; nothing was applied"
        raise InvalidInputError(path="dryRun", problem=problem)
    return is_asked


def refuse_dry_run(request: Request[Any, Any, Any]) -> None:
    """Refuse `dryRun` on a call that has none: it would be done for real."""
    if is_dry(request):
        problem = "this call cannot be tried; nothing was done. Leave it out to do it"
        raise InvalidInputError(path="dryRun", problem=problem)


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
