"""Scripts, styles and icons: built from `web/` by `scripts/web`, served from memory.

The name of each file has a hash of what is in it, so a browser may keep it for ever.
"""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

STATIC = Path(__file__).parent / "static"

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_ENCODINGS = {"br": ".br", "gzip": ".gz"}
_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


class Asset(msgspec.Struct, frozen=True):
    """A file as it is sent; `bodies` is by Content-Encoding, the empty one is plain."""

    media_type: str
    bodies: dict[str, bytes]


class Assets:
    """The built files by the names that sources have, and by those under which they are served."""

    def __init__(self, folder: Path = STATIC) -> None:
        manifest = folder / "manifest.json"
        self._names: dict[str, str] = (
            msgspec.json.decode(manifest.read_bytes()) if manifest.is_file() else {}
        )
        self._files = {stored: _read(folder / stored) for stored in self._names.values()}

    @property
    def are_built(self) -> bool:
        """Are there any? A checkout has none until `make setup` ran."""
        return bool(self._files)

    def url(self, name: str) -> str:
        """Give where a file is served, by the name that its source has."""
        return f"/assets/{self._names.get(name, name)}"

    def find(self, stored: str) -> Asset | None:
        """Find a file by the name under which it is served."""
        return self._files.get(stored)


@get("/assets/{name:str}", sync_to_thread=False)
def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Give a script, a style or the icons, compressed as the browser can read it."""
    found = request.app.state.dashboard.assets.find(name)
    if found is None:
        raise NotFoundException
    accepted = request.headers.get("accept-encoding", "")
    encoding = next((each for each in _ENCODINGS if each in accepted), "")
    headers = {**_HEADERS, "Content-Encoding": encoding} if encoding else _HEADERS
    return Response(
        found.bodies[encoding],
        status_code=int(HTTPStatus.OK),
        media_type=found.media_type,
        headers=headers,
    )


def _read(file: Path) -> Asset:
    packed = {
        encoding: file.with_name(file.name + suffix).read_bytes()
        for encoding, suffix in _ENCODINGS.items()
    }
    return Asset(_TYPES[file.suffix], {"": file.read_bytes(), **packed})
