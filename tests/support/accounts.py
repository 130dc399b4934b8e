"""Accounts for tests, made in the store of a running server: much faster than by its command."""

from mien.services.accounts import create_account
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.support.servers import Key, Server, key_of


class Accounts:
    """Opens accounts on a running server."""

    def __init__(self, server: Server) -> None:
        self._store: Store = prepare(server.store_url, may_migrate=False)

    def open(self, *, time_zone: str = "UTC") -> tuple[Key, Key]:
        """Make an account, and give the keys of live and test."""
        made = create_account(self._store, name="Test", time_zone=time_zone)
        return key_of(made.live), key_of(made.test)

    def close(self) -> None:
        """Close the store."""
        self._store.close()
