"""Mien, and the empty route, as processes of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
from msgspec import Struct

from bench.child import ROOT
from bench.jobs import Target

START_SECONDS = 30.0
STOP_SECONDS = 120.0
POLL_SECONDS = 0.02
SHOWN_CHARACTERS = 2_000


class ServerFailedError(Exception):
    """A server did not start or stop as it should; the message ends with its last words."""

    def __init__(self, what: str, log: Path) -> None:
        words = log.read_text(errors="replace")[-SHOWN_CHARACTERS:]
        super().__init__(f"{what}; {log} ends with:\n{words}")


class Keys(Struct, frozen=True):
    """What a client of one environment sends."""

    account_id: str
    passcode: str


class Account(Struct, frozen=True):
    """The part of `mien account create --json` that is used."""

    live: Keys


class Server:
    """A running server process and where to reach it."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", port: int, keys: Keys, start_seconds: float
    ) -> None:
        self._process, self._port, self._keys = process, port, keys
        self.start_seconds = start_seconds
        """How long it took from its command until it was ready."""

    def target(self, connections: int) -> Target:
        """Say where a load of so many connections goes."""
        return Target(
            port=self._port,
            account_id=self._keys.account_id,
            passcode=self._keys.passcode,
            connections=connections,
        )

    def resident_bytes(self) -> int:
        """Give the memory that the process holds now."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(each for each in status.splitlines() if each.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024


def create_account(data: Path, variables: Mapping[str, str]) -> Keys:
    """Make an account in a data folder, and the folder; gives the keys of its live environment."""
    command = [*_mien(), "account", "create", "--name", "bench", "--data", str(data), "--json"]
    answer = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, env={**os.environ, **variables}
    )
    return msgspec.json.decode(answer.stdout, type=Account).live


@contextmanager
def mien(data: Path, keys: Keys, variables: Mapping[str, str]) -> Iterator[Server]:
    """Serve a data folder until the block ends, then stop it as an operator would."""
    port = _free_port()
    command = [*_mien(), "serve", "--data", str(data), "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, port, data.with_suffix(".log"), variables) as (process, took):
        yield Server(process, port, keys, took)


@contextmanager
def empty_route(log: Path) -> Iterator[Server]:
    """Serve the empty route until the block ends."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.floors.empty_route", str(port)]
    with _running(command, port, log, {}) as (process, took):
        yield Server(process, port, Keys("", ""), took)


@contextmanager
def _running(
    command: list[str], port: int, log: Path, variables: Mapping[str, str]
) -> "Iterator[tuple[subprocess.Popen[bytes], float]]":
    with log.open("ab") as output:
        began = time.perf_counter()
        process = _spawn(command, output, variables)
        try:
            _wait_until_healthy(process, port, log)
            yield process, time.perf_counter() - began
        finally:
            _stop(process, log)


def _spawn(
    command: list[str], output: IO[bytes], variables: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, **variables}
    return subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=ROOT)


def _wait_until_healthy(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.perf_counter() + START_SECONDS
    while process.poll() is None and time.perf_counter() < end:
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(POLL_SECONDS)
    what = "the server is not healthy" if process.poll() is None else "the server ended"
    raise ServerFailedError(what, log)


def _stop(process: "subprocess.Popen[bytes]", log: Path) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired as error:
        process.kill()
        what = f"the server did not stop within {STOP_SECONDS:.0f} seconds"
        raise ServerFailedError(what, log) from error


def _mien() -> list[str]:
    script = Path(sys.executable).with_name("mien")
    return [str(script)] if script.exists() else [sys.executable, "-m", "mien.main"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
