"""`POST /1/demerge/profiles.json`: undoing every merge of people (G-13, P-07).

The original makes an anonymous profile of each device and drops all identities. Here each
profile is given back as it would be had it never been merged, so nothing is lost.
"""

from functools import partial
from typing import Any

from litestar import Request, post
from litestar.response.base import ASGIResponse

from mien.domain.errors import InvalidInputError
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.body import decode_json, read_body
from mien.http.clevertap.batches import refuse_dry_run
from mien.http.clevertap.documents import DEMERGE
from mien.http.clevertap.ids import read_ids
from mien.services.merges import demerge

_NAME = "identities"


@post("/1/demerge/profiles.json", **DEMERGE)
async def demerge_profiles(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Undo the merges of the people that `identities` names; who was never merged is no error."""
    services, caller = services_of(request), caller_of(request)
    refuse_dry_run(request)
    async with services.limits.place(caller.environment, "demerge"):
        raw = decode_json(await read_body(request, services.settings))
        if not isinstance(raw, dict) or not isinstance(raw.get(_NAME), list):
            raise InvalidInputError(path=_NAME, problem="Give a list of up to 100 identities")
        wanted = read_ids(raw, _NAME)
        await services.run_long(
            partial(demerge, services.store, caller.environment, wanted, source=caller.source)
        )
    return json_answer(b'{"status":"success"}')
