"""An act and the note of it: both are on disk, or neither is (D-01)."""

from functools import partial
from typing import NoReturn

import pytest

from mien.domain.errors import ConflictError
from mien.domain.identities import server_object_id
from mien.domain.segments import All
from mien.services.changing import change_profile
from mien.services.receipts import Applied
from mien.services.retrying import write_retried, write_together
from mien.services.segments import count_segments, create_segment
from mien.store.engine import RetryTransactionError, Transaction
from tests.support.uploading import NOON_MS, Desk, profile


def refuse(_: Transaction, __: object) -> NoReturn:
    msg = "no room for a note"
    raise ConflictError(msg)


def test_an_act_whose_note_cannot_be_written_is_not_done(desk: Desk) -> None:
    def act() -> object:
        return create_segment(
            desk.store, desk.environment, name="All", tree=All(()), source="member:1"
        )

    with pytest.raises(ConflictError, match="no room"):
        write_together(act, refuse)
    assert count_segments(desk.store, desk.environment) == 0
    assert write_together(act, lambda _, __: True)
    assert count_segments(desk.store, desk.environment) == 1


def test_a_note_is_written_once_with_what_it_is_about(desk: Desk) -> None:
    attempts, noted = iter([True]), list[object]()

    def work(tx: Transaction) -> str:
        if next(attempts, False):
            raise RetryTransactionError
        return "done"

    def also(_: Transaction, done: object) -> bool:
        noted.append(done)
        return done == "done"

    def act() -> None:
        write_retried(desk.store, lambda _: "before")
        write_retried(desk.store, work)
        write_retried(desk.store, lambda _: "after")

    write_together(act, also)
    assert noted == ["before", "done"]
    act()
    assert noted == ["before", "done"]


async def test_a_change_of_a_person_whose_note_cannot_be_written_is_not_made(desk: Desk) -> None:
    await desk.send(profile("ana", plan="free"))
    change = partial(
        change_profile,
        desk.ingest,
        desk.environment,
        server_object_id(desk.get("ana").id),
        {"plan": "gold"},
        now_ms=NOON_MS,
        source="member:1",
    )
    with pytest.raises(ConflictError, match="no room"):
        await change(also=refuse)
    noted: list[object] = []

    def also(_: Transaction, result: object) -> bool:
        noted.append(result)
        return True

    await change(also=also)
    [result] = noted
    assert isinstance(result, Applied)
    assert result.is_changed
