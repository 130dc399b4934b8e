"""What nobody waits for is stopped: by who asked, and only theirs."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mien.analytics.asker import Asker, asker
from mien.analytics.engine import Analytics
from mien.domain.errors import QuestionDroppedError

ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b"
PATIENCE = 60.0


def test_a_question_is_stopped_when_who_asked_leaves(duckdb: Analytics) -> None:
    leaver, begun = Asker(), threading.Event()

    def work() -> object:
        # The thread is in the engine within a moment of this.
        begun.set()
        return duckdb.query(ENDLESS, {}, seconds=PATIENCE)

    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(leaver.ask, work)
        begun.wait(PATIENCE)
        with pytest.raises(TimeoutError):
            asked.result(0.3)
        leaver.leave()
        with pytest.raises(QuestionDroppedError):
            asked.result(PATIENCE / 4)
    assert duckdb.query("SELECT 1", {}, seconds=PATIENCE) == [(1,)]


def test_who_has_left_is_asked_for_no_more(analytics: Analytics) -> None:
    leaver = Asker()
    leaver.leave()
    with pytest.raises(QuestionDroppedError):
        leaver.ask(lambda: analytics.query("SELECT 1", {}, seconds=PATIENCE))
    assert analytics.query("SELECT 1", {}, seconds=PATIENCE) == [(1,)]


def test_what_is_done_is_not_called_off() -> None:
    leaver = Asker()
    with leaver.wait(pytest.fail):
        pass
    leaver.leave()


def test_a_thread_knows_who_asks_as_long_as_it_works_for_them() -> None:
    one, other = Asker(), Asker()

    def is_known(wanted: Asker) -> Callable[[], bool]:
        return lambda: asker() is wanted

    assert one.ask(is_known(one))
    assert one.ask(lambda: other.ask(is_known(other)) and is_known(one)())
    assert not is_known(one)()
