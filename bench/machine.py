"""What the numbers were measured on."""

import os
import platform
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from msgspec import Struct

GIGABYTE = 1024**3


class Machine(Struct, frozen=True):
    """A description that a reader can compare with their own machine."""

    cpu: str
    cores: int
    memory_gigabytes: float
    system: str
    python: str
    sqlite: str
    mien: str

    def __str__(self) -> str:
        """Give it as a line of text."""
        return (
            f"{self.cores} cores of {self.cpu}, {self.memory_gigabytes:.0f} GiB memory, "
            f"{self.system}, Python {self.python}, SQLite {self.sqlite}, Mien {self.mien}"
        )


def this_machine() -> Machine:
    """Describe the machine that this runs on (Linux)."""
    return Machine(
        cpu=_field("/proc/cpuinfo", "model name"),
        cores=len(os.sched_getaffinity(0)),
        memory_gigabytes=int(_field("/proc/meminfo", "MemTotal").split()[0]) * 1024 / GIGABYTE,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        mien=_version("mien"),
    )


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
