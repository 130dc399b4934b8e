"""Where `mien export` has its file written: at the running server, or in its own process."""

import shutil
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import msgspec

from mien.cli.asking import Alone, Remote, ServerRefusedError
from mien.config import Settings
from mien.domain.exports import ExportState
from mien.domain.segment_json import to_json
from mien.services.copies import questions_of
from mien.services.counting import Counting
from mien.services.file_exports import Export, FileExports, Wanted
from mien.services.local import LOCAL_KEY
from mien.services.wires import Wire
from mien.store.accounts import Environment

_EVERY_SECONDS = 0.2
_TRIES = 5
_CHUNK_BYTES = 1024 * 1024


class State(msgspec.Struct, frozen=True):
    """How far an export is."""

    id: int
    state: ExportState
    total: int
    done: int
    rows: int
    bytes: int
    problem: str | None = None


class Desk(Protocol):
    """Who writes the export. What is unknown raises an error that says so."""

    def start(self, wanted: Wanted) -> State:
        """Begin it."""
        ...

    def look(self, export: int) -> State:
        """Tell how far it is."""
        ...

    def wait(self) -> None:
        """Let it go on for a moment."""
        ...

    def fetch(self, state: State, part: Path, tag: str, told: Callable[[str], None]) -> None:
        """Bring the file to `part`, behind what is there of one whose mark was `tag`.

        `told` is given the mark before anything is written.
        """
        ...

    def delete(self, export: int) -> None:
        """Remove it, once the file is here."""
        ...


class RemoteDesk:
    """The running server."""

    def __init__(self, remote: Remote, environment: Environment) -> None:
        self._remote, self._account = remote, environment.public_id

    def start(self, wanted: Wanted) -> State:
        """Begin it."""
        return self._remote.ask(self._account, "POST", "exports", State, body_of(wanted))

    def look(self, export: int) -> State:
        """Tell how far it is."""
        return self._remote.ask(self._account, "GET", f"exports/{export}", State)

    def wait(self) -> None:
        """Let it go on for a moment."""
        time.sleep(_EVERY_SECONDS)

    def fetch(self, state: State, part: Path, tag: str, told: Callable[[str], None]) -> None:
        """Bring the file; a connection that breaks is opened again."""
        for attempt in range(1, _TRIES + 1):
            have = part.stat().st_size if tag and part.is_file() else 0
            if have and have == state.bytes:
                return
            headers = {"Range": f"bytes={have}-", "If-Range": tag} if have else {}
            path = f"exports/{state.id}/file"
            try:
                with self._remote.open(self._account, "GET", path, headers=headers) as answer:
                    tag = answer.getheader("ETag") or ""
                    told(tag)
                    _append(answer, part)
                    return
            except (OSError, HTTPException) as error:
                if attempt == _TRIES:
                    msg = f"The download broke off ({error}); run the command again to go on."
                    raise ServerRefusedError(msg) from error
                self.wait()

    def delete(self, export: int) -> None:
        """Remove it."""
        self._remote.ask(self._account, "DELETE", f"exports/{export}", State)


class OwnDesk:
    """The process of the command."""

    def __init__(self, alone: Alone, environment: Environment, settings: Settings) -> None:
        questions = questions_of(alone.projection, settings)
        self._exports = FileExports(
            alone.store, Counting(questions), settings.data, room_mb=settings.export_room
        )
        self._alone, self._id = alone, environment.environment_id
        self._zone = ZoneInfo(environment.time_zone)

    def start(self, wanted: Wanted) -> State:
        """Begin it, with all that was uploaded in it."""
        self._alone.catch_up(self._id)
        source = Wire.NATIVE.source(LOCAL_KEY)
        return _state(self._exports.start(self._id, wanted, self._zone, source=source))

    def look(self, export: int) -> State:
        """Tell how far it is."""
        return _state(self._exports.get(self._id, export))

    def wait(self) -> None:
        """Write a little."""
        self._exports.writer.advance()

    def fetch(self, state: State, part: Path, tag: str, told: Callable[[str], None]) -> None:  # noqa: ARG002 - as the other
        """Copy the file."""
        shutil.copyfile(self._exports.open(self._id, state.id).path, part)

    def delete(self, export: int) -> None:
        """Remove it."""
        self._exports.delete(self._id, export)


def _append(answer: HTTPResponse, part: Path) -> None:
    """Write an answer to a file: behind what is there if it is the rest, else anew."""
    mode = "ab" if answer.status == HTTPStatus.PARTIAL_CONTENT else "wb"
    with part.open(mode) as file:
        while chunk := answer.read(_CHUNK_BYTES):
            file.write(chunk)
    if answer.length:
        msg = f"{answer.length} bytes are missing"
        raise ConnectionError(msg)


def _state(export: Export) -> State:
    stored = export.stored
    return State(
        stored.export_id,
        export.state,
        stored.total,
        stored.done,
        stored.written,
        stored.size,
        stored.problem or None,
    )


def body_of(wanted: Wanted) -> dict[str, Any]:
    """Write what is wanted as the API is asked for it."""
    body: dict[str, Any] = {"format": wanted.format}
    people = {"tree": to_json(wanted.people)}
    if wanted.event is None:
        body["profiles"] = people
    else:
        told = to_json(wanted.event)
        body["events"] = {"event": told.pop("did"), "of": people, **told}
    if wanted.columns is not None:
        body["columns"] = list(wanted.columns)
    if wanted.keeps_formulas:
        body["csv_formulas"] = "keep"
    return body
