"""Floor of reading: a Litestar route that does nothing, served as Mien is served."""

import asyncio
import sys

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, MediaType, Response, get


@get("/healthz", sync_to_thread=False)
def empty() -> Response[bytes]:
    """Answer at once."""
    return Response(b'{"status":"success"}', media_type=MediaType.JSON)


def main() -> None:
    """Serve on the port given as the first argument until killed."""
    app = Litestar([empty], openapi_config=None)
    server = Server(
        app,
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.ASGI,
        websockets=False,
        log_enabled=False,
    )
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()
