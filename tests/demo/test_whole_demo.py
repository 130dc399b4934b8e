"""The demo as a person runs it: the real command, the real server, a folder of its own."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from demo.curls import examples
from demo.folder import DemoFolder, Finished
from demo.office import EMAIL, SEGMENTS, invite
from demo.screen import show_sign_in
from demo.server import Server, free_port
from demo.story import tell
from mien_client import EventRecord, Mien, ProfileType

HOST = "127.0.0.1"
START_SECONDS = 60


def demo(data: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "demo", "--data", str(data), "--port", "0", *options]


def load(data: Path, *, people: int) -> str:
    command = demo(data, "--people", str(people), "--no-serve")
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def finished(data: Path) -> Finished:
    state = DemoFolder(data).state()
    assert isinstance(state, Finished)
    return state


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a small demo, which no test changes."""
    data = tmp_path_factory.mktemp("made") / "mien-demo"
    load(data, people=50)
    return data


@pytest.fixture
def made(made_once: Path, tmp_path: Path) -> Path:
    """Give the folder of a small demo."""
    return Path(shutil.copytree(made_once, tmp_path / "mien-demo"))


def told_events(state: Finished, distinct_id: str) -> Counter[str]:
    """Count what the story tells of one person, before and after they were known."""
    now = datetime.fromtimestamp(state.plan.day, UTC)
    steps = list(tell(people=state.plan.people, seed=state.plan.seed, now=now))
    person = next(
        step.person for step in steps if getattr(step.record, "distinct_id", None) == distinct_id
    )
    return Counter(
        step.record.name
        for step in steps
        if step.person == person and isinstance(step.record, EventRecord)
    )


def stored_events(data: Path, state: Finished, distinct_id: str) -> Counter[str]:
    with (
        Server(DemoFolder(data), host=HOST, port=free_port(HOST, 0)) as server,
        Mien(server.url, account_id=state.keys.account_id, passcode=state.keys.passcode) as client,
    ):
        profile = client.profile(distinct_id=distinct_id)
    assert profile is not None
    assert profile.type is ProfileType.IDENTIFIED
    return Counter({name: summary.count for name, summary in profile.events.items()})


def test_a_loaded_person_is_read_back_whole(tmp_path: Path) -> None:
    data = tmp_path / "mien-demo"
    assert "Making the demo" in load(data, people=200)
    state = finished(data)
    assert state.summary.rejected == 0
    assert state.summary.people == pytest.approx(200, rel=0.05)
    customer = state.summary.distinct_id
    assert stored_events(data, state, customer) == told_events(state, customer)


def test_a_second_run_serves_what_is_there(made: Path) -> None:
    before = finished(made)
    assert "holds the demo already" in load(made, people=50)
    assert finished(made) == before


@pytest.mark.timeout(240)
def test_a_run_that_was_stopped_while_loading_is_resumed(tmp_path: Path) -> None:
    data = tmp_path / "mien-demo"
    first = subprocess.Popen(demo(data, "--people", "1200", "--no-serve"), stderr=subprocess.PIPE)
    deadline = time.monotonic() + START_SECONDS
    while not (data / "demo-progress.json").exists():
        assert first.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    first.send_signal(signal.SIGTERM)
    _, said = first.communicate(timeout=60)
    assert first.returncode == 130
    assert b"Stopped while loading" in said
    assert "Resumed" in load(data, people=1_200)
    state = finished(data)
    customer = state.summary.distinct_id
    assert stored_events(data, state, customer) == told_events(state, customer)


def test_it_serves_until_it_is_told_to_stop(made: Path) -> None:
    port = free_port(HOST, 0)
    command = [sys.executable, "-m", "demo", "--data", str(made), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        shown = []
        for line in run.stdout:
            shown.append(line)
            if line.startswith("Ctrl-C"):
                break
        health = httpx.get(f"http://{HOST}:{port}/healthz")
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=60) == 0
    assert health.status_code == 200
    assert any(finished(made).summary.distinct_id in line for line in shown)


def test_the_member_signs_in_as_it_says_and_finds_segments(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, keys = DemoFolder(made), finished(made).keys
    with Server(folder, host=HOST, port=free_port(HOST, 0)) as server:
        # As long as nobody came in with one there is a new password at each start.
        first, password = invite(folder, keys), invite(folder, keys)
        assert None not in (first, password)
        assert first != password
        listed = httpx.get(f"{server.url}/v1/segments", auth=(keys.account_id, keys.passcode))
        assert {each["name"] for each in listed.json()["segments"]} > SEGMENTS.keys()
        with httpx.Client(base_url=server.url, follow_redirects=True) as browser:
            form = {"email": EMAIL, "password": password, "next": "/live/segments"}
            page = browser.post("/sign-in", data=form)
        assert page.url.path == "/password"
        assert invite(folder, keys) is None
    show_sign_in(server.url, EMAIL, None, made)
    assert f"mien member password {EMAIL} --data {made}" in capsys.readouterr().out


def test_every_line_to_copy_works(made: Path) -> None:
    state = finished(made)
    with Server(DemoFolder(made), host=HOST, port=free_port(HOST, 0)) as server:
        for example in examples(server.url, state.plan, state.keys, state.summary):
            run = subprocess.run(
                ["bash", "-c", example.line], capture_output=True, text=True, check=True
            )
            assert '"error"' not in run.stdout, example
            assert run.stdout.startswith("{"), example


def test_a_port_in_use_is_told_in_a_sentence_before_anything_is_made(tmp_path: Path) -> None:
    data = tmp_path / "mien-demo"
    with socket.create_server((HOST, 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "demo", "--data", str(data), "--port", port]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1
    assert f"Port {port} on {HOST} cannot be used" in run.stderr
    assert "--port 8081" in run.stderr
    assert not data.exists()
