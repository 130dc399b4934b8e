"""`POST /1/now.json`: how many people are there at this moment (G-12)."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, post
from litestar.response.base import ASGIResponse

from mien import clock
from mien.domain.cql.reports import parse_splits
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.body import decode_json, read_body
from mien.http.clevertap.report_documents import NOW
from mien.http.state import Services
from mien.services.accounts import Caller

_PURPOSE = "now"

_encode = msgspec.json.Encoder().encode


@post("/1/now.json", **NOW)
async def now(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Count who did something in the last five minutes."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, _PURPOSE):
        body = await read_body(request, services.settings)
        splits = parse_splits(decode_json(body) if body.strip() else {})
        return json_answer(await services.run_long(lambda: _count(services, caller, splits)))


def _count(services: Services, caller: Caller, splits: Sequence[str]) -> bytes:
    found = services.reports.active(caller.environment, clock.now_ms() // 1_000, splits)
    return _encode({"status": "success", "count": found.count, **found.splits})
