"""How commands find the server of their data folder, and prove to it that they may ask.

Analytics of one machine belongs to one process (ADR 0020). So a server writes where it listens,
and a secret of this run, into a file that only its own user can read: whoever can read that could
read the store as well.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mien.domain.errors import ConflictError
from mien.store.engine import open_store
from mien.store.setup import FolderInUseError, only_server

SCHEME = "Mien-Local"
"""How a command authorises itself: this word, and Base64 of account id, colon and secret."""

LOCAL_KEY = 0
"""Stands for the key of who calls with the secret of the server; no key has this number."""

_FILE = "server.json"
_START_SECONDS = 10.0
_EVERY_SECONDS = 0.05


class LocalServer(msgspec.Struct, frozen=True):
    """Where a server listens for its own machine, its secret, and the id of its process."""

    url: str
    secret: str
    process: int


class NoServerToAskError(ConflictError):
    """Another process has the data folder, and it is no server that could be asked."""

    code = "no_server_to_ask"
    mend = "Wait until the command that has the folder is done, or the server has started."

    def __init__(self, folder: Path, process: str) -> None:
        super().__init__(
            f"The data folder {folder} is in use by process {process}, which does not answer questions. "
            "Wait until it is done, then run the command again."
        )


def folder_of(data: Path, store_url: str) -> Path:
    """Give the folder that a server holds: that of the store's file, else the data folder."""
    file = open_store(store_url).path
    return data if file is None else file.parent


def tell(folder: Path, url: str, secret: str) -> None:
    """Write where this process listens, for its own user alone."""
    fresh = folder / f"{_FILE}.new"
    fresh.unlink(missing_ok=True)
    # Made with its mode: at no moment may others read it.
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(LocalServer(url, secret, os.getpid())))
    fresh.replace(folder / _FILE)


def forget(folder: Path) -> None:
    """Remove what was told, as this process ends."""
    (folder / _FILE).unlink(missing_ok=True)


@contextmanager
def reach(folder: Path, *, seconds: float = _START_SECONDS) -> Iterator[LocalServer | None]:
    """Give the server that has a folder; None when none has it, and keep others out meanwhile.

    One that is just starting is waited for. Raises `NoServerToAskError` if it is no server.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            with only_server(folder):
                yield None
                return
        except FolderInUseError as error:
            if (found := _find(folder)) is not None and str(found.process) == error.holder:
                break
            if time.monotonic() > deadline:
                raise NoServerToAskError(folder, error.holder) from error
        time.sleep(_EVERY_SECONDS)
    yield found


def _find(folder: Path) -> LocalServer | None:
    try:
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=LocalServer)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
