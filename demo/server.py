"""The demo's own `mien`: makes the account with the command, runs the server as a child."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import msgspec

from demo.folder import DemoError, DemoFolder, Keys

MIEN = Path(sys.executable).with_name("mien")
START_SECONDS = 60.0
STOP_SECONDS = 60.0


class _CreatedAccount(msgspec.Struct):
    """The part of `mien account create --json` that the demo needs."""

    live: Keys


def create_account(folder: DemoFolder, name: str) -> Keys:
    """Make an account in the folder's store and give the keys of its live environment."""
    command = [str(MIEN), "account", "create", "--name", name, "--data", str(folder.path), "--json"]
    run = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    if run.returncode != 0:
        message = f"The account could not be made: {(run.stderr or run.stdout).strip()}"
        raise DemoError(message)
    return msgspec.json.decode(run.stdout, type=_CreatedAccount).live


def free_port(host: str, wanted: int) -> int:
    """Give the port if nothing listens there; 0 asks for any. Raises DemoError if it is taken."""
    try:
        address = socket.getaddrinfo(host, wanted, type=socket.SOCK_STREAM)[0]
        with socket.socket(address[0], address[1]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address[4])
            return int(probe.getsockname()[1])
    except OSError as error:
        message = (
            f"Port {wanted} on {host} cannot be used: {error.strerror or error}. Stop what listens "
            "there, or choose another: .venv/bin/python -m demo --port 8081"
        )
        raise DemoError(message) from error


class Server:
    """`mien serve` as a child process, in a process group of its own.

    A Ctrl-C in the terminal thus reaches the demo alone, which then stops the
    child in order. What the child says goes to the folder's log.
    """

    def __init__(self, folder: DemoFolder, *, host: str, port: int) -> None:
        self._folder = folder
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        command = [
            str(MIEN),
            "serve",
            "--data",
            str(folder.path),
            "--host",
            host,
            "--port",
            str(port),
        ]
        with folder.log.open("ab") as log:
            self._child = subprocess.Popen(
                command, env=_environment(), stdout=log, stderr=log, process_group=0
            )

    def __enter__(self) -> Self:
        try:
            self._wait_until_healthy()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def serve(self) -> None:
        """Let it serve until Ctrl-C or SIGTERM; if it ends by itself, that is a DemoError."""
        try:
            self._child.wait()
        except KeyboardInterrupt:
            return
        self._raise_ended()

    def stop(self) -> None:
        """Ask the server to finish what it accepted and to end; insist if it does not.

        A second Ctrl-C meanwhile insists at once.
        """
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            self._child.kill()
            self._child.wait()

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                self._raise_ended()
            if _is_healthy(self.url):
                return
            time.sleep(0.05)
        message = f"The server did not get ready in {START_SECONDS:.0f} s. See {self._folder.log}"
        raise DemoError(message)

    def _raise_ended(self) -> None:
        message = (
            f"The server ended with status {self._child.returncode}. Its last words, from "
            f"{self._folder.log}:\n{self._folder.log_tail()}"
        )
        raise DemoError(message)


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2.0).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _environment() -> dict[str, str]:
    """Give this process's environment without Mien's settings: the demo's store is its folder."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MIEN_")}
