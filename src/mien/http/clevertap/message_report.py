"""`POST /1/message/report.json`: what became of the messages of campaigns (G-12)."""

from typing import Any

import msgspec
from litestar import Request, post
from litestar.response.base import ASGIResponse

from mien.domain.cql.reports import parse_message_report
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.body import decode_json, read_body
from mien.http.clevertap.report_documents import MESSAGES

_PURPOSE = "message/report"

_NONE = msgspec.json.encode({"status": "success", "total_results": 0, "messages": []})
"""No campaign has begun, within whichever days: there are none."""


@post("/1/message/report.json", **MESSAGES)
async def message_report(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Tell of the campaigns that began within some days."""
    services, caller = services_of(request), caller_of(request)
    async with services.limits.place(caller.environment, _PURPOSE):
        parse_message_report(decode_json(await read_body(request, services.settings)))
        return json_answer(_NONE)
