"""One server process: opening what it needs, serving until told to stop, closing in order."""

import asyncio
import gc
import resource
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import structlog
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from msgspec.structs import asdict

from mien import clock, log
from mien.cli.printing import address
from mien.cli.welcome import tell_serving
from mien.config import Settings
from mien.http.app import Beside, make_app
from mien.http.limits import Limits, Pace
from mien.http.metrics import Metrics
from mien.http.middleware import Surroundings
from mien.http.native.download import write_person
from mien.http.sdk import browsers
from mien.http.state import Services
from mien.http.waiting import Waiting
from mien.jobs.export import Exporter
from mien.jobs.housekeeping import (
    end_sessions_hourly,
    erase_by_the_minute,
    expire_exports_hourly,
    note_uses_of_keys,
    tidy_hourly,
)
from mien.jobs.keeper import Keeper
from mien.jobs.project import Projector
from mien.jobs.sizes import SizeKeeper
from mien.services import local
from mien.services.accounts import Doorkeeper
from mien.services.arriving import Arriving
from mien.services.copies import lease_of, open_projection, questions_of
from mien.services.counting import Counting
from mien.services.definitions import DiscardedEvents
from mien.services.email_links import EmailLinks
from mien.services.environments import SettingsCache
from mien.services.file_exports import FileExports
from mien.services.ingest import Ingest
from mien.services.insights import Insights
from mien.services.parts import Parts
from mien.services.people_list import PeopleList
from mien.services.places import Places
from mien.services.reports import Reports
from mien.services.segment_sizes import SegmentSizes
from mien.services.signing_in import SignIns
from mien.services.user_tokens import IdentityTokens, ProfileTokens
from mien.signals import Signals
from mien.store import accounts
from mien.store.checkpoints import Checkpointer
from mien.store.engine import open_store
from mien.store.setup import only_server, prepare
from mien.watchdog import Watchdog
from mien.web.app import PARTS, make_dashboard
from mien.web.assets import Assets
from mien.web.state import Dashboard

_log = structlog.get_logger()

_SWITCH_SECONDS = 0.0005
"""How soon a waiting thread gets the interpreter: readers need not wait 5 ms for the writer."""

_READ_THREADS = 8
_HASH_THREADS = 2
"""Hashing a password takes 64 MiB: this bounds them, and what guessing takes from others."""

_LIST_SECONDS = 0.25
"""How long who looks at a list of people waits for the copy: it says as of when it is."""

_BACKLOG = 1_024
_OTHER_FILES = 128
"""Files that the process has open beside its connections."""

_LISTEN_SECONDS = 0.02
_CLOSE_SECONDS = 5.0
"""How long closing the store may take once the requests are done."""

_CLOSE_COPY_SECONDS = 30.0
"""How long the last step of the copy for counting, and closing it, may take then: seconds, of thousands of environments."""


class AddressRefusedError(Exception):
    """The server cannot listen where it should; the sentence says why."""

    def __init__(self, host: str, port: int, error: OSError) -> None:
        super().__init__(
            f"Cannot listen on {host}:{port}: {error.strerror}. "
            "Choose another --host or --port, or stop what listens there."
        )


class ServerEndedError(Exception):
    """The HTTP server ended though nobody asked it to."""

    def __init__(self) -> None:
        super().__init__("The HTTP server ended though nobody asked it to; start it again.")


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted.

    Raises `StoreRefusedError` when the data folder or the database cannot be used,
    `AddressRefusedError` when the address cannot, `InvalidSettingError` when the file of
    places cannot.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    lines = log.set_up(as_json=settings.log_format == "json")
    try:
        _serve_with(settings, lines)
        _log.info("server.stopped")
    finally:
        lines.drain()


def _serve_with(settings: Settings, lines: log.Outbox) -> None:
    watchdog = Watchdog()
    with _parts(settings, watchdog) as (services, dashboard):
        # What is loaded now lives as long as the process: no need to look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        uvloop.run(_serve(services, dashboard, lines, watchdog))


@contextmanager
def _parts(settings: Settings, watchdog: Watchdog) -> Iterator[tuple[Services, Dashboard]]:
    places = Places(settings.places_file)
    with ExitStack() as stack:
        file = open_store(settings.store).path
        folder = local.folder_of(settings.data, settings.store)
        stack.enter_context(only_server(folder))
        stack.callback(local.forget, folder)
        # Several servers may share a database: migrating it under them is for people to decide.
        store = prepare(settings.store, may_migrate=file is not None)
        stack.callback(store.close)
        with store.write() as tx:
            signing_key = accounts.secret(tx, "cursors", clock.new_secret())
        workers = stack.enter_context(ThreadPoolExecutor(_READ_THREADS, "read"))
        hashers = stack.enter_context(ThreadPoolExecutor(_HASH_THREADS, "hash"))
        workers.submit(browsers.get_ready)
        stack.enter_context(Checkpointer(store))
        projection = open_projection(store, settings)
        stack.callback(projection.analytics.close)
        metrics = Metrics()
        if (lease := lease_of(projection)) is not None:
            stack.enter_context(Keeper(lease))
        stack.enter_context(Projector(projection, settings.data, metrics.count_step, lease=lease))
        stack.callback(watchdog.allow, _CLOSE_COPY_SECONDS)
        ingest = Ingest(store, metrics.count_commit)
        stack.callback(ingest.close)
        questions = questions_of(projection, settings)
        counting = Counting(questions)
        exports = FileExports(store, counting, settings.data, room_mb=settings.export_room)
        stack.enter_context(Exporter(exports))
        stack.enter_context(SizeKeeper(SegmentSizes(store, counting)))
        parts = Parts(
            settings=settings,
            store=store,
            ingest=ingest,
            workers=workers,
            signing_key=signing_key,
            environments=SettingsCache(store),
            projection=projection,
            reports=Reports(questions),
            insights=Insights(questions),
            people=PeopleList(
                projection,
                fresh_seconds=min(settings.fresh_seconds, _LIST_SECONDS),
                query_seconds=settings.query_seconds,
            ),
            counting=counting,
            exports=exports,
        )
        yield _services(parts, metrics, places), _dashboard(parts, hashers)


def _services(parts: Parts, metrics: Metrics, places: Places) -> Services:
    """Give what the API needs."""
    settings, store = parts.settings, parts.store
    return Services(
        **asdict(parts),
        doorkeeper=Doorkeeper(store),
        limits=Limits(
            upload=settings.upload_concurrency,
            other=settings.read_concurrency,
            wait_seconds=settings.wait_seconds,
        ),
        pace=Pace(rate=settings.sdk_rate, burst=settings.sdk_burst),
        profile_tokens=ProfileTokens(store),
        identity_tokens=IdentityTokens(store),
        discarded=DiscardedEvents(store),
        email_links=EmailLinks(store),
        waiting=Waiting(settings.count_seconds),
        metrics=metrics,
        places=places,
    )


def _dashboard(parts: Parts, hashers: ThreadPoolExecutor) -> Dashboard:
    """Give what the dashboard needs."""
    return Dashboard(
        **asdict(parts),
        sign_ins=SignIns(parts.store, hours=parts.settings.session_hours),
        hashers=hashers,
        assets=Assets(),
        write_person=write_person,
        arriving=Arriving(parts),
    )


async def _serve(
    services: Services, dashboard: Dashboard, lines: log.Outbox, watchdog: Watchdog
) -> None:
    settings = services.settings
    app = make_app(
        services,
        lines if settings.access_log else None,
        beside=Beside(make_dashboard(dashboard), PARTS),
    )
    server = _make_server(app, settings)
    signals = Signals()
    serving = asyncio.create_task(server.serve())
    helpers = [
        asyncio.create_task(app.watch()),
        asyncio.create_task(_announce(services)),
        asyncio.create_task(
            tidy_hourly(services.store, services.workers, reject_days=settings.reject_days)
        ),
        asyncio.create_task(erase_by_the_minute(services.store, services.workers)),
        asyncio.create_task(note_uses_of_keys(services.doorkeeper, services.workers)),
        asyncio.create_task(
            expire_exports_hourly(services.exports, services.workers, days=settings.export_days)
        ),
        asyncio.create_task(
            end_sessions_hourly(services.store, services.workers, hours=settings.session_hours)
        ),
    ]
    try:
        await _first_of(serving, signals.first)
        if not signals.first.done():
            serving.result()
            raise ServerEndedError
        # Live views have no end of their own.
        dashboard.arriving.close()
        watchdog.allow(settings.drain_seconds + settings.stop_seconds + _CLOSE_SECONDS)
        await _stop(services, app, server, serving, signals.second)
    finally:
        for helper in helpers:
            helper.cancel()


async def _announce(services: Services) -> None:
    """Tell people and commands that the server serves, once it does."""
    settings = services.settings
    while True:
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
        except OSError:
            await asyncio.sleep(_LISTEN_SECONDS)
            continue
        writer.close()
        break
    folder = local.folder_of(settings.data, settings.store)
    local.tell(folder, address(settings, reachable=True), services.doorkeeper.local_secret)
    await services.run_long(lambda: tell_serving(settings, services.store))


def _make_server(app: Surroundings, settings: Settings) -> Server:
    """Make the HTTP server: HTTP/1 alone, which proxies speak, with its limits."""
    _allow_connections(settings.connections)
    return Server(
        app,
        address=_free_address(settings),
        port=settings.port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(settings.header_seconds * 1_000)),
        backlog=_BACKLOG,
        backpressure=settings.connections,
        websockets=False,
        log_enabled=False,
    )


async def _stop(
    services: Services,
    app: Surroundings,
    server: Server,
    serving: "asyncio.Task[None]",
    hurry: "asyncio.Future[None]",
) -> None:
    """Stop in order: say so, take no more, finish what is in flight; cut it off when late.

    The HTTP server waits for connections without an end of its own, so the bound is here.
    """
    settings = services.settings
    services.is_stopping = True
    _log.info("server.stopping", requests=app.count_in_flight())
    await asyncio.wait({hurry}, timeout=settings.drain_seconds)
    server.stop()  # type: ignore[no-untyped-call]
    await _first_of(serving, hurry, seconds=settings.stop_seconds)
    if not serving.done():
        _log.warning("server.stop_cut_short", requests=app.count_in_flight())


async def _first_of(*awaited: "asyncio.Future[None]", seconds: float | None = None) -> None:
    await asyncio.wait(awaited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)


def _free_address(settings: Settings) -> str:
    """Find the IP address to listen on, and make sure that nobody else does.

    The HTTP server would share the port with another server without a word.
    """
    family, kind, protocol, _, where = _resolve(settings)
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where)
        except OSError as error:
            raise AddressRefusedError(settings.host, settings.port, error) from error
    return str(where[0])


def _resolve(settings: Settings) -> tuple[int, int, int, str, tuple[str | int, ...]]:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AddressRefusedError(settings.host, settings.port, error) from error
    return found[0]  # type: ignore[return-value]  # of TCP alone, whose addresses are so


def _allow_connections(connections: int) -> None:
    """Raise the process's own limit of open files to what the connections need."""
    wanted = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
