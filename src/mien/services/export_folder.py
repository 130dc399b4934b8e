"""The folder of exported files: for the eyes of the server alone, and never the last of the disk."""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from mien import clock
from mien.analytics.parquet import SCRATCH
from mien.domain.errors import ConflictError
from mien.domain.exports import Format

_HOME = "home"
_LINES = "lines"
_MB = 1_000_000


class NoRoomForExportsError(ConflictError):
    """Less of the disk is free than exports are to leave (`MIEN_EXPORT_ROOM`)."""

    code = "no_room_for_exports"
    mend = "Delete exports that are no longer needed, or make room on the disk of the server."

    def __init__(self, room_mb: int) -> None:
        super().__init__(
            f"Exports leave {room_mb:,} MB of the disk free, and there is less; delete exports that "
            "are no longer needed, or make room."
        )


class PartLostError(Exception):
    """The file holds less than was written of it."""


class ExportFolder:
    """The files of exports, by environment and number. Made when it is first written to.

    `room_mb` is how much of the disk stays free.
    """

    def __init__(self, path: Path, *, room_mb: int) -> None:
        self.path, self._room_mb = path, room_mb

    def home(self) -> str:
        """Give the name of this folder, by which servers of one database tell theirs apart."""
        self._make()
        file = self.path / _HOME
        if not file.exists():
            # Whole from the first moment: a name that was cut off would be that of another folder.
            with NamedTemporaryFile(dir=self.path, prefix=f"{_HOME}.") as new:
                new.write(clock.new_secret().hex().encode())
                new.flush()
                os.fsync(new.fileno())
                with suppress(FileExistsError):
                    os.link(new.name, file)
            self.keep(file)
        return file.read_text()

    def check_room(self) -> None:
        """Raise `NoRoomForExportsError` if the disk is nearly full."""
        self._make()
        if shutil.disk_usage(self.path).free < self._room_mb * _MB:
            raise NoRoomForExportsError(self._room_mb)

    def file(self, key: tuple[int, int], kind: Format) -> Path:
        """Give the path of a finished file."""
        return self.path / f"{key[0]}-{key[1]}.{kind}"

    def lines(self, key: tuple[int, int], kind: Format) -> Path:
        """Give the path of the lines that are written first; of what stays lines, its file."""
        if kind is Format.PARQUET:
            return self.path / f"{key[0]}-{key[1]}.{_LINES}"
        return self.file(key, kind)

    @contextmanager
    def append(self, path: Path, *, size: int) -> Iterator[BinaryIO]:
        """Open a file behind its first `size` bytes, and drop the rest; what is written is kept.

        Raises `PartLostError` if it is shorter.
        """
        self._make()
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            if file.seek(0, os.SEEK_END) < size:
                raise PartLostError
            file.truncate(size)
            file.seek(size)
            yield file
            file.flush()
            os.fsync(file.fileno())

    def keep(self, path: Path) -> int:
        """See to it that a file outlives the machine; give its size."""
        path.chmod(0o600)
        for each in (path, self.path):
            opened = os.open(each, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)
        return path.stat().st_size

    def remove(self, key: tuple[int, int]) -> None:
        """Remove all files of an export."""
        for kind in Format:
            self.file(key, kind).unlink(missing_ok=True)
        self.lines(key, Format.PARQUET).unlink(missing_ok=True)
        self._drop_scratch(key)

    def drop_lines(self, key: tuple[int, int], kind: Format) -> None:
        """Remove the lines that a finished file was made of, unless they are that file."""
        if (lines := self.lines(key, kind)) != self.file(key, kind):
            lines.unlink(missing_ok=True)
            self._drop_scratch(key)

    def sweep(self, wanted: Collection[tuple[int, int]]) -> int:
        """Remove the files of all exports but those that are wanted; give how many exports."""
        gone = set(self.keys()) - set(wanted)
        for key in gone:
            self.remove(key)
        return len(gone)

    def keys(self) -> Iterator[tuple[int, int]]:
        """Give the environment and number of each export that has a file, once or twice."""
        for file in self.path.glob("*-*.*"):
            environment, _, export = file.stem.partition("-")
            if environment.isdecimal() and export.isdecimal():
                yield int(environment), int(export)

    def used_bytes(self) -> int:
        """Give how much room the files take."""
        sizes = 0
        for file in self.path.glob("*"):
            # It may go in this very moment.
            with suppress(FileNotFoundError):
                sizes += file.stat().st_size
        return sizes

    def _drop_scratch(self, key: tuple[int, int]) -> None:
        """Remove what `ParquetWriter` left beside its file if it was killed."""
        path = self.file(key, Format.PARQUET).with_suffix(SCRATCH)
        shutil.rmtree(path, ignore_errors=True)

    def _make(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
