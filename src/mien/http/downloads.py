"""Files as answers: whole or from where a broken download ended (RFC 9110, ranges)."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from typing import Any, BinaryIO

from litestar import Request, Response
from litestar.response import Stream

from mien.services.file_exports import ExportFile

_CHUNK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)

Run = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs work on a thread."""


async def answer_file(
    request: Request[Any, Any, Any], file: ExportFile, run: Run
) -> Stream | Response[bytes]:
    """Answer with a file, or with the one range of it that is asked for.

    Several ranges, and what is no range of bytes, are answered with the whole file, as the RFC
    lets a server do.
    """
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": file.media_type,
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "ETag": file.tag,
        "Last-Modified": format_datetime(
            datetime.fromtimestamp(file.made_at // 1_000, UTC), usegmt=True
        ),
        "Cache-Control": "private, no-store",
    }
    wanted = _range(request, file)
    if wanted is not None and wanted.start >= file.size:
        refused = {**headers, "Content-Range": f"bytes */{file.size}"}
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        return Response(b"", status_code=int(status), headers=refused, media_type="text/plain")
    part = range(file.size) if wanted is None else wanted
    headers["Content-Length"] = str(len(part))
    status = HTTPStatus.OK
    if wanted is not None:
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
    # Opened now: what is removed while it is sent is sent to its end.
    opened = await run(file.opened)
    return Stream(
        _chunks(opened, part, run),
        status_code=int(status),
        headers=headers,
    )


def _range(request: Request[Any, Any, Any], file: ExportFile) -> range | None:
    """Give the range that is asked for, cut to the file; None for all of it."""
    found = _RANGE.fullmatch(request.headers.get("range", "").strip())
    condition = request.headers.get("if-range")
    if found is None or not any(found.groups()) or condition not in (None, file.tag):
        return None
    first, last = found.groups()
    if not first:
        # So many last bytes.
        return range(max(file.size - int(last), 0) if int(last) else file.size, file.size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, file.size) if last else file.size)


async def _chunks(opened: BinaryIO, part: range, run: Run) -> AsyncIterator[bytes]:
    with opened:
        opened.seek(part.start)
        rest = len(part)
        while rest and (chunk := await run(partial(opened.read, min(rest, _CHUNK_BYTES)))):
            rest -= len(chunk)
            yield chunk
