"""The demo's own files beside the store: keys, how far the loading came, and that it is done."""

from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec

T = TypeVar("T")

STORE_FILES = ("mien.db", "mien.db-wal", "mien.db-shm")


class DemoError(Exception):
    """Something that the demo cannot mend; the message says what to do."""


class Keys(msgspec.Struct, frozen=True):
    """What a client of the demo's environment signs in with."""

    account_id: str
    passcode: str


class Plan(msgspec.Struct, frozen=True):
    """Which story is told in this folder. `day` is the epoch second at which it ends.

    `keys` is None until the account is made.
    """

    people: int
    seed: int
    day: int
    keys: Keys | None = None


class Summary(msgspec.Struct, frozen=True):
    """What was loaded. `sent` and `seconds` are those of the last run only."""

    people: int
    identified: int
    profile_records: int
    events: int
    tokens: int
    rejected: int
    sent: int
    seconds: float
    distinct_id: str
    object_id: str


class Empty(msgspec.Struct, frozen=True):
    """Nothing is here yet."""


class CutOff(msgspec.Struct, frozen=True):
    """A first run ended before the account was known: its store is worth nothing."""


class Started(msgspec.Struct, frozen=True):
    """A first run ended while loading. `confirmed` are the batches that each lane settled."""

    plan: Plan
    keys: Keys
    confirmed: list[int]


class Finished(msgspec.Struct, frozen=True):
    """The whole demo is here."""

    plan: Plan
    keys: Keys
    summary: Summary


State: TypeAlias = Empty | CutOff | Started | Finished


class DemoFolder:
    """A data folder and the demo's three files in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path / "demo-server.log"
        self._plan = path / "demo.json"
        self._progress = path / "demo-progress.json"
        self._finished = path / "demo-finished.json"

    def state(self) -> State:
        """Tell what the folder holds; a store or a file that is not the demo's is a DemoError."""
        if not self._plan.exists():
            return self._checked_empty()
        plan = self._read(self._plan, Plan)
        if plan.keys is None:
            return CutOff()
        if self._finished.exists():
            return Finished(plan, plan.keys, self._read(self._finished, Summary))
        confirmed = self._read(self._progress, list[int]) if self._progress.exists() else []
        return Started(plan, plan.keys, confirmed)

    def begin(self, plan: Plan) -> None:
        """Note that an account is about to be made here."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._write(self._plan, plan)

    def keep_keys(self, plan: Plan, keys: Keys) -> None:
        """Keep the keys, which the server never shows again."""
        self._write(self._plan, msgspec.structs.replace(plan, keys=keys))

    def confirm(self, confirmed: list[int]) -> None:
        """Note how many batches of each lane are settled."""
        self._write(self._progress, confirmed)

    def finish(self, summary: Summary) -> None:
        """Mark the demo as complete: the last thing that a first run writes."""
        self._write(self._finished, summary)
        self._progress.unlink(missing_ok=True)

    def clear_store(self) -> None:
        """Remove a store that a run which was cut off left behind, and nothing else."""
        for name in STORE_FILES:
            (self.path / name).unlink(missing_ok=True)
        self._plan.unlink()

    def log_tail(self, lines: int = 12) -> str:
        """Give the last lines that the server wrote."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _checked_empty(self) -> Empty:
        if any((self.path / name).exists() for name in STORE_FILES):
            message = f"{self.path} holds a store that is not a demo. Choose another with --data."
            raise DemoError(message)
        return Empty()

    def _read(self, file: Path, shape: type[T]) -> T:
        try:
            return msgspec.json.decode(file.read_bytes(), type=shape)
        except msgspec.DecodeError as error:
            message = f"{file} cannot be read ({error}). Remove {self.path} and start again."
            raise DemoError(message) from error

    def _write(self, file: Path, content: object) -> None:
        """Replace a file whole, readable by its owner only: it may hold a passcode."""
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_bytes(msgspec.json.encode(content))
        draft.replace(file)
