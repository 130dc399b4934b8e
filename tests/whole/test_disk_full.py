"""A server whose disk is full refuses with a 503, reads on, and takes uploads when there is room."""

import resource
import shutil
from pathlib import Path

import httpx

from mien.domain.ids import EnvironmentId
from tests.support.consistency import find_faults
from tests.support.crowds import Caller, Place, upload
from tests.support.servers import Server
from tests.support.uploading import Record, event, profile


def large(number: int) -> list[Record]:
    """Give a batch of some 100 kB."""
    text = f"{number:04} " * 50
    data = {f"key {n}": text for n in range(8)}
    return [
        profile("sum", n={"$incr": 1}),
        *({**event(f"p{number}", "Large"), "evtData": data} for _ in range(50)),
    ]


def let_write(server: Server, size: int) -> None:
    """Let a server write no file beyond a size: to it, the disk is full there."""
    assert server.process is not None
    _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, most))


def largest_file(folder: Path) -> int:
    """Give the size of the largest file of the store in a data folder."""
    return max(each.stat().st_size for each in folder.glob("mien.db*"))


def test_a_full_disk_is_answered_503_and_nothing_is_half_applied(file_place: Place) -> None:
    server = file_place.serve()
    key, number = file_place.account()
    file_place.close_stores()
    with Caller(key, (server,)).client() as client:
        upload(client, [profile("sum", n=0), profile("ana", n=1)])
        let_write(server, largest_file(server.data) + 300_000)
        taken, refusal = upload_until_refused(client)
        assert refusal.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert refusal.json()["status"] == "fail"
        assert refusal.headers["retry-after"]
        for _ in range(5):
            # A checkpoint may have made room meanwhile: then it is taken, and wholly.
            again = client.post("/1/upload", json={"d": large(taken)})
            if again.status_code == httpx.codes.OK:
                taken += 1
            else:
                assert again.status_code == httpx.codes.SERVICE_UNAVAILABLE
            shown = client.get("/1/profile.json", params={"identity": "sum"}).json()
            assert shown["record"]["profileData"] == {"n": taken}
        unknown = client.get("/1/profile.json", params={"identity": f"p{taken}"})
        assert unknown.status_code == httpx.codes.NOT_FOUND
        let_write(server, resource.RLIM_INFINITY)
        for n in range(taken, taken + 5):
            upload(client, large(n))
        shown = client.get("/1/profile.json", params={"identity": "sum"}).json()
        assert shown["record"]["profileData"] == {"n": taken + 5}
    assert find_faults(file_place.open_store(), only=EnvironmentId(number)) == []
    assert server.stop() == 0, server.log()


def upload_until_refused(client: httpx.Client) -> tuple[int, httpx.Response]:
    """Upload large batches until one is refused; gives how many were taken, and the refusal."""
    for number in range(1_000):
        answer = client.post("/1/upload", json={"d": large(number)})
        if answer.status_code != httpx.codes.OK:
            return number, answer
    raise AssertionError


def test_a_server_that_is_killed_while_its_disk_is_full_starts_with_all_it_answered(
    file_place: Place,
) -> None:
    server = file_place.serve()
    key, _ = file_place.account()
    file_place.close_stores()
    with Caller(key, (server,)).client() as client:
        upload(client, [profile("sum", n=0)])
        let_write(server, largest_file(server.data) + 200_000)
        taken, _ = upload_until_refused(client)
    server.kill()
    # As it stands there, also where nothing of the process is left: in a copy.
    shutil.copytree(server.data, file_place.folder / "data1")
    copy = Server(file_place.folder / "data1", server.settings).start()
    file_place.servers.append(copy)
    with Caller(key, (copy,)).client() as client:
        shown = client.get("/1/profile.json", params={"identity": "sum"}).json()
        assert shown["record"]["profileData"] == {"n": taken}
        upload(client, large(taken))
    assert find_faults(file_place.open_store()) == []
