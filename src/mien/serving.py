"""One server process: opening what it needs, serving until told to stop, closing in order."""

import asyncio
import gc
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import click
import structlog
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from mien import clock
from mien.config import Settings, read_settings
from mien.http.app import make_app
from mien.http.limits import Limits
from mien.http.state import Services
from mien.services.accounts import Doorkeeper
from mien.services.ingest import Ingest
from mien.store import accounts
from mien.store.setup import only_server, prepare

_log = structlog.get_logger()

_SWITCH_SECONDS = 0.0005
"""How soon a waiting thread gets the interpreter: readers need not wait 5 ms for the writer."""

_READ_THREADS = 8


@click.command("serve")
@click.option("--data", type=click.Path(path_type=Path), help="The data folder.")
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on.")
def serve_command(data: Path | None, host: str | None, port: int | None) -> None:
    """Serve until stopped."""
    settings = read_settings()
    serve(
        replace(
            settings,
            data=data or settings.data,
            host=host or settings.host,
            port=settings.port if port is None else port,
        )
    )


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted.

    Raises `StoreRefusedError` when the data folder or the database cannot be used.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    with _services(settings) as services:
        # What is loaded now lives as long as the process: no need to look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        asyncio.run(_serve(services))


@contextmanager
def _services(settings: Settings) -> Iterator[Services]:
    with ExitStack() as stack:
        if not settings.store_url:
            stack.enter_context(only_server(settings.data))
        store = prepare(settings.store, may_migrate=not settings.store_url)
        stack.callback(store.close)
        with store.write() as tx:
            signing_key = accounts.secret(tx, "cursors", clock.new_secret())
        workers = stack.enter_context(ThreadPoolExecutor(_READ_THREADS, "read"))
        ingest = Ingest(store)
        stack.callback(ingest.close)
        yield Services(
            settings,
            store,
            ingest,
            Doorkeeper(store),
            Limits(
                upload=settings.upload_concurrency,
                other=settings.read_concurrency,
                wait_seconds=settings.wait_seconds,
            ),
            workers,
            signing_key,
        )


async def _serve(services: Services) -> None:
    settings = services.settings
    server = Server(
        make_app(services),
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=15_000),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.serve()
