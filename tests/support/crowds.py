"""Places where servers run as processes, and crowds of clients that call them at once."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from mien.services.accounts import create_account
from mien.store import accounts
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.support.servers import Key, Server
from tests.support.uploading import Record

PATIENT = {"MIEN_UPLOAD_CONCURRENCY": "1000", "MIEN_ACCESS_LOG": "false"}
"""Settings under which a crowd is let in at once."""


@dataclass
class Place:
    """A folder, and a store in it or in PostgreSQL, where servers are started."""

    folder: Path
    store_url: str
    servers: list[Server] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)

    def serve(self, **settings: str) -> Server:
        """Start a server; on PostgreSQL each has a folder of its own."""
        number = len(self.servers) if self.store_url else 0
        variables = {**PATIENT, **settings}
        if self.store_url:
            variables["MIEN_STORE_URL"] = self.store_url
        server = Server(self.folder / f"data{number}", variables).start()
        self.servers.append(server)
        return server

    def open_store(self) -> Store:
        """Open the store itself, beside the servers."""
        url = self.store_url or f"sqlite:///{self.folder / 'data0' / 'mien.db'}"
        self.stores.append(prepare(url, may_migrate=False))
        return self.stores[-1]

    def account(self) -> tuple[Key, int]:
        """Make an account, and give the key and the number of its live environment."""
        store = self.open_store()
        made = create_account(store, name="Test").live
        with store.read() as tx:
            found = accounts.find_environment(tx, made.account_id)
        assert found is not None
        return Key(made.account_id, made.passcode), found.environment_id

    def close_stores(self) -> None:
        """Close the stores that were opened beside the servers."""
        while self.stores:
            self.stores.pop().close()

    def close(self) -> None:
        """Close the stores and end the servers that still run."""
        self.close_stores()
        for server in self.servers:
            if server.process is not None and server.process.poll() is None:
                server.kill()


@dataclass(frozen=True)
class Caller:
    """Calls servers with one key."""

    key: Key
    servers: tuple[Server, ...]

    def client(self, number: int = 0) -> httpx.Client:
        """Give a client of one of the servers."""
        server = self.servers[number % len(self.servers)]
        return httpx.Client(base_url=server.url, headers=self.key.headers, timeout=60)

    def upload_all(self, batches: Sequence[Sequence[Record]], clients: int = 20) -> list[Record]:
        """Send each batch once, from many clients at once; gives the answers in order."""
        answers: list[Record] = [{}] * len(batches)

        def send(which: int) -> None:
            with self.client(which) as client:
                for number in range(which, len(batches), clients):
                    answers[number] = upload(client, batches[number])

        at_once([partial(send, which) for which in range(clients)])
        return answers


def upload(client: httpx.Client, records: Sequence[Record]) -> Record:
    """Upload a batch; anything but a 200 fails."""
    answer = client.post("/1/upload", json={"d": list(records)})
    assert answer.status_code == httpx.codes.OK, answer.text
    found: Record = answer.json()
    return found


def at_once(works: Sequence[Callable[[], None]]) -> None:
    """Run all of this in threads that begin together; the first failure is raised."""
    ready = threading.Barrier(len(works))

    def begin(work: Callable[[], None]) -> None:
        ready.wait(30)
        work()

    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(begin, work) for work in works]:
            done.result()
