"""`POST /1/delete/profiles.json`: erasing people by identity or device id (P-15)."""

from functools import partial
from typing import Any

from litestar import Request, post
from litestar.response.base import ASGIResponse

from mien.domain.errors import InvalidInputError
from mien.domain.identities import Identity
from mien.http.answers import json_answer
from mien.http.auth import caller_of, services_of
from mien.http.body import decode_json, read_body
from mien.http.clevertap.batches import refuse_dry_run
from mien.http.clevertap.documents import DELETE
from mien.http.clevertap.ids import read_ids
from mien.services.erase import erase


@post("/1/delete/profiles.json", **DELETE)
async def delete_profiles(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Erase the people that `identity` or `guid` names; those that are not known are no error."""
    services, caller = services_of(request), caller_of(request)
    refuse_dry_run(request)
    async with services.limits.place(caller.environment, "delete"):
        wanted = _wanted(decode_json(await read_body(request, services.settings)))
        for identity in wanted:
            await services.run_long(partial(erase, services.store, caller.environment, identity))
    return json_answer(b'{"status":"success"}')


def _wanted(raw: object) -> list[Identity]:
    if not isinstance(raw, dict) or ("identity" in raw) == ("guid" in raw):
        raise InvalidInputError(
            path="", problem="Give either identity or guid: one id, or a list of up to 100"
        )
    return read_ids(raw, "identity" if "identity" in raw else "guid")
