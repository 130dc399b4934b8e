"""Backups: taking one while servers write, and putting one back without the erased (P-15)."""

from pathlib import Path
from typing import TypeAlias

import msgspec

from mien import clock
from mien.domain.identities import Identity, IdentityKind, own_id
from mien.domain.ids import EnvironmentId, ProfileId
from mien.services.erase import erase_part, erasure_digest
from mien.store import accounts, backup, rejects, restore
from mien.store.backup import Manifest
from mien.store.engine import Row, Store, StoreRefusedError, open_store
from mien.store.portable import Progress, translated
from mien.store.restore import Remains
from mien.store.setup import prepare

_Digests: TypeAlias = set[tuple[EnvironmentId, bytes]]


class Restored(msgspec.Struct, frozen=True):
    """What a restore did: what the backup held, and whom it left out.

    `erased` counts profiles that were erased after the backup was taken.
    `knows_erasures` is false if a damaged store was replaced, which could not say.
    """

    manifest: Manifest
    erased: int
    knows_erasures: bool


def back_up(url: str, file: Path, *, mien: str, may_replace: bool, progress: Progress) -> Manifest:
    """Write a backup of the store at a URL to a file; servers may go on writing.

    Raises `StoreRefusedError` if there is no store, or there is such a file and it
    may not be replaced.
    """
    if file.exists() and not (may_replace and file.is_file()):
        msg = f"{file} exists already; choose another name, or add --replace."
        raise StoreRefusedError(msg)
    store = open_store(url)
    return backup.back_up(store, file, mien=mien, now_ms=clock.now_ms(), progress=progress)


def put_back(
    file: Path, url: str, *, erasures: Path | None, may_replace: bool, progress: Progress
) -> Restored:
    """Restore a backup to the store at a URL, on either engine, whole or not at all.

    Persons whom the replaced store, or the store in the file `erasures`, erased after
    the backup was taken stay erased. Raises `StoreRefusedError` for a file that is no
    sound backup, a store that a server uses, or one that holds data and may not be
    replaced.
    """
    manifest = backup.read_manifest(file)
    store = open_store(url)
    with restore.held(store), restore.workplace(store, "restoring") as staging:
        replaced = restore.find_remains(store, may_replace=may_replace)
        sources = [replaced] if erasures is None else [restore.read_remains(erasures), replaced]
        with translated(f"{file} cannot be copied"):
            backup.copy_file(file, staging, progress)
        if (damage := backup.find_damage(staging, manifest, progress)) is not None:
            msg = f"{file} is damaged, so nothing was restored: {damage}."
            raise backup.BackupRefusedError(msg)
        backup.drop_manifest(staging)
        progress("Erasing the erased", 0, 0)
        erased = _cleanse(staging, sources)
        restore.finish(staging, is_cleansed=erased > 0)
        restore.install(store, staging, over_damaged=replaced.is_damaged, progress=progress)
    return Restored(manifest, erased, not replaced.is_damaged or erasures is not None)


def _cleanse(staging: Path, sources: list[Remains]) -> int:
    """Hand on what must outlive the replaced stores; give how many profiles were erased."""
    working = prepare(f"sqlite:///{staging}", may_migrate=True)
    try:
        with working.write() as tx:
            rows = [row for each in sources for row in restore.hand_on(tx, each)]
            secret = accounts.secret(tx, "erasures", clock.new_secret()) if rows else b""
        if not rows:
            return 0
        digests = {(EnvironmentId(row[0]), row[1]) for row in rows}
        _erase_rejects(working, staging, secret, digests)
        erased = [
            erase_part(working, environment, identity)
            for environment, identity in sorted(_erased(staging, rows, secret, digests))
        ]
        with working.write() as tx:
            restore.keep_erasures(tx, rows)
        return sum(receipt is not None for receipt in erased)
    finally:
        working.close()


def _erased(
    staging: Path, rows: list[Row], secret: bytes, digests: _Digests
) -> set[tuple[EnvironmentId, Identity]]:
    """Find whom to erase: by profile, and by the ids of a person that another profile held then.

    A device or its token is no person: the one that it stood for then may not be the erased.
    """
    found = {(EnvironmentId(row[0]), own_id(ProfileId(row[2]))) for row in rows}
    for environment, kind, value, _ in restore.walk_identities(staging):
        if kind in (IdentityKind.OBJECT_ID, IdentityKind.PUSH_TOKEN):
            continue
        identity = Identity(IdentityKind(kind), value)
        if (environment, erasure_digest(secret, environment, identity)) in digests:
            found.add((environment, identity))
    return found


def _erase_rejects(working: Store, staging: Path, secret: bytes, digests: _Digests) -> None:
    """Erase rejected records that name an erased person, whether or not it has a profile here."""
    named = {
        (environment, person.decode())
        for environment, person in restore.walk_named_in_rejects(staging)
        for kind in IdentityKind
        if (environment, erasure_digest(secret, environment, Identity(kind, person.decode())))
        in digests
    }
    with working.write() as tx:
        for environment, person in sorted(named):
            rejects.erase_person(tx, environment, person)
