"""A server with small limits."""

from collections.abc import Iterator

import pytest

from tests.support.servers import Key, Server


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server with small limits, which writes its log as JSON."""
    limits = {
        "MIEN_BODY_BYTES": "100000",
        "MIEN_BODY_SECONDS": "1",
        "MIEN_HEADER_SECONDS": "1",
        "MIEN_REQUEST_SECONDS": "2",
        "MIEN_UPLOAD_CONCURRENCY": "1",
        "MIEN_WAIT_SECONDS": "0.5",
        "MIEN_LOG_FORMAT": "json",
    }
    server = Server(tmp_path_factory.mktemp("strict"), limits).start()
    yield server
    assert server.stop() == 0, server.log()


@pytest.fixture(scope="module")
def key(strict: Server) -> Key:
    """Give a key of the strict server."""
    return strict.account()[0]
