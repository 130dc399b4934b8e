"""`GET /sdk/mien.js`: our own SDK, as a page loads it with a script tag (K-03).

The file is built from `sdk/js` and is not in the repository; a wheel brings it along.
"""

import gzip
import hashlib
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get

from mien.domain.errors import NotFoundError
from mien.http.sdk.gate import PAGE_HEADERS

_HEADERS = {
    **PAGE_HEADERS,
    # An hour: a page then asks whether the script has changed, and gets a short answer.
    "Cache-Control": "public, max-age=3600",
    "Vary": "Accept-Encoding",
}
_TYPE = "text/javascript"
_FILE = Path(__file__).parent / "static" / "mien.js"


class ScriptNotBuiltError(NotFoundError):
    """The script of the JavaScript SDK was not built where this server runs."""

    code = "sdk_not_built"
    mend = "Install Node 20 or newer, run `make setup`, then start the server again."


class Script(msgspec.Struct, frozen=True):
    """The script as it is sent, and the tag by which a browser knows that it has it."""

    plain: bytes
    compressed: bytes
    tag: str


@get("/mien.js", include_in_schema=False, sync_to_thread=False)
def get_script(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the script, compressed for who can read that, or say that it has not changed."""
    script = read_script(_FILE)
    headers = {**_HEADERS, "ETag": script.tag}
    if script.tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=int(HTTPStatus.NOT_MODIFIED), headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(script.compressed, media_type=_TYPE, headers=headers)
    return Response(script.plain, media_type=_TYPE, headers=headers)


def read_script(file: Path) -> Script:
    """Read the script, or raise `ScriptNotBuiltError`; it is read once and then kept."""
    if not file.is_file():
        msg = "The script is not built: run `make setup` where the server's code is."
        raise ScriptNotBuiltError(msg)
    return _read(file)


@cache
def _read(file: Path) -> Script:
    plain = file.read_bytes()
    # Weak: what is compressed and what is not have the same meaning, not the same bytes.
    tag = f'W/"{hashlib.sha256(plain).hexdigest()[:16]}"'
    return Script(plain, gzip.compress(plain, 9, mtime=0), tag)
