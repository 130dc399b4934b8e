"""Restores leave out those who were erased after the backup was taken (P-15)."""

from pathlib import Path

import pytest

from mien.domain.identities import Identity, IdentityKind
from mien.domain.ids import EnvironmentId
from mien.services.erase import erase
from mien.services.erasures import (
    cancel_erasure,
    carry_out_due,
    list_erasures,
    plan_erasures,
)
from mien.store import people, rejects
from mien.store.engine import Store
from mien.store.setup import prepare
from tests.store.backups import (
    NewUrl,
    back_up,
    fill,
    opened,
    opened_desk,
    person,
    put_back,
    url_of,
)
from tests.support.consistency import find_faults
from tests.support.uploading import NOON_MS, Desk

ENGINES = pytest.mark.parametrize("engine", ["sqlite", "postgresql"])


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Give a backup for tests to which it does not matter where it was taken."""
    store = prepare(f"sqlite:///{tmp_path / 'mien.db'}", may_migrate=True)
    with opened_desk(store) as desk:
        fill(desk, range(20))
    store.close()
    back_up(url_of(store), tmp_path / "backup")
    return tmp_path / "backup"


@ENGINES
def test_who_was_erased_since_the_backup_stays_erased(
    store: Store, engine: str, new_url: NewUrl, tmp_path: Path
) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(5))
    url = new_url(engine)
    file = tmp_path / "backup"
    back_up(url_of(store), file)
    put_back(file, url)
    gone = Identity(IdentityKind.IDENTITY, "person-1")
    with opened(url) as serving:
        assert erase(serving, desk.environment, gone) is not None
    assert put_back(file, url, may_replace=True).erased == 1
    with opened(url) as restored:
        there = Desk(restored, desk.ingest, desk.environment)
        assert there.find("person-1") is None
        assert there.find("device-1", IdentityKind.OBJECT_ID) is None
        assert there.get("person-2").document.properties["Name"] == "Zoë 2 \N{ROCKET}"
        assert find_faults(restored) == []
        with restored.read() as tx:
            assert rejects.page(tx, desk.environment, before=2**60, count=10) == []
    # And once more, since the restored store knows it too.
    assert put_back(file, url, may_replace=True).erased == 1


def test_nothing_of_the_erased_is_left_in_the_file(store: Store, tmp_path: Path) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(5))
    file, url = tmp_path / "backup", f"sqlite:///{tmp_path / 'new' / 'mien.db'}"
    back_up(url_of(store), file)
    gone = Identity(IdentityKind.IDENTITY, "person-3")
    assert erase(store, desk.environment, gone) is not None
    back_up(url_of(store), tmp_path / "later")
    put_back(file, url, erasures=tmp_path / "later")
    assert b"p4@example.com" in (tmp_path / "new" / "mien.db").read_bytes()
    assert b"p3@example.com" not in (tmp_path / "new" / "mien.db").read_bytes()


@ENGINES
def test_a_later_backup_says_who_was_erased_when_the_store_is_lost(
    store: Store, engine: str, new_url: NewUrl, tmp_path: Path
) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(5))
        back_up(url_of(store), tmp_path / "early")
        erase(store, desk.environment, Identity(IdentityKind.IDENTITY, "person-1"))
        desk.upload(*person(1))
    back_up(url_of(store), tmp_path / "late")
    url = new_url(engine)
    assert put_back(tmp_path / "early", url, erasures=tmp_path / "late").erased == 1
    with opened(url) as restored:
        there = Desk(restored, desk.ingest, desk.environment)
        assert there.find("person-1") is None
        with restored.read() as tx:
            kept = {row[1] for row in people.all_erasures(tx)}
    with store.read() as tx:
        assert {row[1] for row in people.all_erasures(tx)} <= kept


@ENGINES
def test_who_came_back_after_the_erasure_is_in_the_backup_and_stays(
    store: Store, engine: str, new_url: NewUrl, tmp_path: Path
) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(3))
        erase(store, desk.environment, Identity(IdentityKind.IDENTITY, "person-1"))
        desk.upload(*person(1))
    back_up(url_of(store), tmp_path / "backup")
    url = new_url(engine)
    put_back(tmp_path / "backup", url)
    assert put_back(tmp_path / "backup", url, may_replace=True).erased == 0
    with opened(url) as restored:
        assert Desk(restored, desk.ingest, desk.environment).find("person-1") is not None


@ENGINES
def test_erasures_of_another_company_are_not_applied(
    sound: Path, engine: str, new_url: NewUrl
) -> None:
    url = new_url(engine)
    other = prepare(url, may_migrate=True)
    with opened_desk(other) as desk:
        fill(desk, range(20))
        erase(other, desk.environment, Identity(IdentityKind.IDENTITY, "person-1"))
    other.close()
    assert put_back(sound, url, may_replace=True).erased == 0
    with opened(url) as restored:
        assert Desk(restored, desk.ingest, desk.environment).find("person-1") is not None
        with restored.read() as tx:
            assert people.all_erasures(tx) == []


def plan(store: Store, desk: Desk, number: int, *, due_ms: int = NOON_MS + 1) -> None:
    """Ask for the erasure of a person."""
    gone = Identity(IdentityKind.IDENTITY, f"person-{number}")
    plan_erasures(store, desk.environment, [gone], now_ms=NOON_MS, due_ms=due_ms, source="v1:1")


@ENGINES
def test_erasures_that_wait_go_on_waiting_after_a_restore_and_cancelled_ones_do_not(
    store: Store, engine: str, new_url: NewUrl, tmp_path: Path
) -> None:
    with opened_desk(store) as desk:
        fill(desk, range(5))
    for number in (0, 1):
        plan(store, desk, number)
    url, file = new_url(engine), tmp_path / "backup"
    back_up(url_of(store), file)
    put_back(file, url)
    with opened(url) as serving:
        cancel_erasure(serving, desk.environment, 1)
        plan(serving, desk, 2)
        plan(serving, desk, 3, due_ms=NOON_MS)
    assert put_back(file, url, may_replace=True).erased == 1
    with opened(url) as restored:
        there = Desk(restored, desk.ingest, desk.environment)
        known = list_erasures(restored, desk.environment, before=None, count=10)
        assert [(e.planned.erasure_id, e.receipt is not None) for e in known] == [
            (4, True),
            (3, False),
            (2, False),
        ]
        carry_out_due(restored, desk.environment, now_ms=NOON_MS + 1)
        found = [number for number in range(5) if there.find(f"person-{number}") is not None]
        assert found == [0, 4]
        plan(restored, desk, 0)
        newest = list_erasures(restored, desk.environment, before=None, count=1)[0]
        assert newest.planned.erasure_id == 5


def test_a_store_of_an_earlier_version_hands_on_no_planned_erasures(
    sound: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'old' / 'mien.db'}"
    put_back(sound, url)
    with opened(url) as store, store.write() as tx:
        tx._cursor.execute("DROP TABLE planned_erasures")
    put_back(sound, url, may_replace=True)
    with opened(url) as store:
        assert list_erasures(store, EnvironmentId(1), before=None, count=1) == []
