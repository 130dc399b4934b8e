"""Running `mien` as people and scripts do."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from mien.config import Settings, variable_of
from mien.main import cli
from tests.support.servers import MIEN, Server


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def mien(*arguments: object, settings: Mapping[str, str] | None = None) -> Done:
    """Run a command in this process, which is quicker; `settings` are its `MIEN_…` variables."""
    given: dict[str, str | None] = {**without_settings(), **(settings or {})}
    result = CliRunner(env=given).invoke(cli, [str(each) for each in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def process(*arguments: object, settings: Mapping[str, str] | None = None) -> Done:
    """Run a command as a process of its own, as the one who serves must be."""
    done = subprocess.run(
        [*MIEN, *map(str, arguments)],
        env=Server(Path(), dict(settings or {})).environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def without_settings() -> dict[str, str | None]:
    """Unset every variable of Mien that whoever runs the tests has set."""
    return {variable_of(each): None for each in fields(Settings)}


def on(server: Server, *arguments: object) -> Done:
    """Run a command on the store of a running server."""
    return mien(*arguments, "--data", server.data, settings=server.settings)


def read_json(done: Done) -> Any:
    """Give the JSON that a command printed, and nothing else."""
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def refusal(done: Done) -> str:
    """Give the one sentence with which a command refused; it has exit code 1 and no traceback."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    lines = done.stderr.removeprefix("Error: ").splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def new_account(folder: Path, name: str = "Shop") -> Any:
    """Make an account in a folder that no server uses."""
    return read_json(mien("account", "create", "--name", name, "--data", folder, "--json"))
