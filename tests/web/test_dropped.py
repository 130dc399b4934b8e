"""A browser that drops a request: the HTTP server tells it, and the work for it ends (S-04)."""

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, cast

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from litestar import Litestar, Request, route

from mien.analytics.asker import asker
from mien.domain.errors import QuestionDroppedError
from mien.services.parts import Parts
from mien.web.visit import Visit

ASKED = (
    b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\na=1",
)


class Dashboard:
    """A server's parts, as far as a question needs them."""

    run_long: Any = Parts.run_long
    run_awaited: Any = Parts.run_awaited

    def __init__(self, workers: ThreadPoolExecutor) -> None:
        self.workers = workers


class Looking:
    """A visit, as far as it may be dropped."""

    def __init__(self, request: Request[Any, Any, Any], workers: ThreadPoolExecutor) -> None:
        self.request, self.dashboard = request, Dashboard(workers)


def ask_on_and_on() -> NoReturn:
    while True:
        asker().check()
        time.sleep(0.01)


async def test_work_for_a_browser_that_went_is_stopped() -> None:
    begun: asyncio.Queue[None] = asyncio.Queue()
    ended: asyncio.Queue[QuestionDroppedError] = asyncio.Queue()

    @route("/", http_method=["GET", "POST"])
    async def answer(request: Request[Any, Any, Any]) -> None:
        await request.body()
        with ThreadPoolExecutor(1) as workers:
            looking = cast("Visit", Looking(request, workers))
            begun.put_nowait(None)
            try:
                await Visit.ask(looking, ask_on_and_on)
            except QuestionDroppedError as error:
                ended.put_nowait(error)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(
        Litestar([answer], logging_config=None),
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        for asked in ASKED:
            writer = await _connect(port)
            writer.write(asked)
            await begun.get()
            writer.close()
            assert "Nobody waits" in str(await ended.get())
        server.stop()  # type: ignore[no-untyped-call]
        await serving


async def _connect(port: int) -> asyncio.StreamWriter:
    while True:
        try:
            return (await asyncio.open_connection("127.0.0.1", port))[1]
        except OSError:
            await asyncio.sleep(0.02)
