"""The next version of Mien on a store of this one: this code and one more migration."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mien
from mien.store.setup import head
from tests.support.crowds import Caller, Place, upload
from tests.support.servers import Server
from tests.support.uploading import profile

STEP = '''
"""Notes: what a later version may add."""

import sqlalchemy as sa
from alembic import op

revision = "{later}"
down_revision = "{earlier}"


def upgrade() -> None:
    op.create_table("notes", sa.Column("note", sa.Text, primary_key=True))
    op.add_column("profiles", sa.Column("noted_at", sa.BigInteger))
'''
LATER = "9000"


@pytest.fixture(scope="module")
def next_version(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Make a copy of Mien with a further migration; gives the variable that makes it run."""
    folder = tmp_path_factory.mktemp("next")
    source = Path(mien.__file__).parent
    shutil.copytree(source, folder / "mien", ignore=shutil.ignore_patterns("__pycache__"))
    step = folder / "mien/store/migrations/versions/v9000_notes.py"
    step.write_text(STEP.format(later=LATER, earlier=head()))
    return {"PYTHONPATH": str(folder)}


def run(server: Server, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command on the store of a server that does not run."""
    return subprocess.run(
        [sys.executable, "-m", "mien.main", *arguments, "--data", str(server.data)],
        env={**server.environment, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def stopped_server(place: Place, key_of: list[Caller]) -> Server:
    """Give a server of this version that stored a profile and was stopped."""
    server = place.serve()
    key, _ = place.account()
    place.close_stores()
    caller = Caller(key, (server,))
    with caller.client() as client:
        upload(client, [profile("ana", n=1)])
    key_of.append(caller)
    assert server.stop() == 0
    return server


def check_serves(server: Server, caller: Caller) -> None:
    """See that a server knows what it knew, and takes more."""
    with Caller(caller.key, (server,)).client() as client:
        shown = client.get("/1/profile.json", params={"identity": "ana"}).json()
        assert shown["record"]["profileData"] == {"n": 1}
        upload(client, [profile("bo", n=2)])


def test_a_folder_of_an_earlier_version_is_migrated_when_the_server_starts(
    file_place: Place, next_version: dict[str, str]
) -> None:
    callers: list[Caller] = []
    server = stopped_server(file_place, callers)
    newer = file_place.serve(**next_version)
    check_serves(newer, callers[0])
    assert newer.stop() == 0
    refused = run(server, "serve")
    assert refused.returncode == 1
    assert f"schema version {LATER}" in refused.stderr
    assert "install that" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_postgresql_store_of_an_earlier_version_is_migrated_by_a_command_only(
    shared_place: Place, next_version: dict[str, str]
) -> None:
    callers: list[Caller] = []
    server = stopped_server(shared_place, callers)
    refused = run(server, "serve", **next_version)
    assert refused.returncode == 1
    assert f"needs {LATER}" in refused.stderr
    assert "mien migrate" in refused.stderr
    assert "Traceback" not in refused.stderr
    # It was only refused: the version that fits still runs on it.
    server.start()
    check_serves(server, callers[0])
    assert server.stop() == 0
    migrated = run(server, "migrate", **next_version)
    assert migrated.returncode == 0, migrated.stderr
    check_serves(shared_place.serve(**next_version), callers[0])
