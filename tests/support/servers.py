"""A real Mien server as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from mien.services.accounts import NewKey, create_account
from mien.store.setup import prepare

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0


MIEN = (sys.executable, "-m", "mien.main")


def free_port() -> int:
    """Give a port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class DidNotStartError(AssertionError):
    """The server ended, or stayed silent; it says what it wrote."""


@dataclass(frozen=True)
class Key:
    """What opens an environment."""

    account_id: str
    passcode: str

    @property
    def headers(self) -> dict[str, str]:
        """The two headers of the compatible API."""
        return {"X-CleverTap-Account-Id": self.account_id, "X-CleverTap-Passcode": self.passcode}


def key_of(made: NewKey) -> Key:
    """Give the key that was made with an account."""
    return Key(made.account_id, made.passcode)


@dataclass
class Server:
    """A server over one data folder; `settings` are its `MIEN_…` variables."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def store_url(self) -> str:
        """Where its store is."""
        return self.settings.get("MIEN_STORE_URL", f"sqlite:///{self.data / 'mien.db'}")

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its process."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("MIEN_")}
        return {**own, **self.settings}

    def start(self) -> "Server":
        """Start it and wait until it serves."""
        self.data.mkdir(parents=True, exist_ok=True)
        log = (self.data / "server.log").open("ab")
        self.process = subprocess.Popen(
            [*MIEN, "serve", "--data", self.data, "--host", "127.0.0.1", "--port", str(self.port)],
            env=self.environment,
            stdout=log,
            stderr=log,
        )
        log.close()
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.url}/healthz").status_code == httpx.codes.OK:
                    return self
            except httpx.TransportError:
                time.sleep(0.02)
        raise DidNotStartError(self.log())

    def stop(self) -> int:
        """Ask it to stop, and give its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOP_SECONDS)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(_STOP_SECONDS)

    def log(self) -> str:
        """What it wrote so far."""
        return (self.data / "server.log").read_text(errors="replace")

    def mien(self, *arguments: str) -> str:
        """Run another `mien` command on its store, and give what it printed."""
        done = subprocess.run(
            [*MIEN, *arguments, "--data", str(self.data)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def account(self) -> tuple[Key, Key]:
        """Make an account in its store, and give the keys of live and test."""
        store = prepare(self.store_url, may_migrate=False)
        made = create_account(store, name="Test")
        store.close()
        return key_of(made.live), key_of(made.test)
