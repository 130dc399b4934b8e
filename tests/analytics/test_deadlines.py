"""What is late is called off, and only that."""

import threading

import pytest

from mien.analytics.deadlines import Deadlines


def test_what_is_late_is_called_off() -> None:
    deadlines, called = Deadlines(), threading.Event()
    with deadlines.within(0.01, called.set):
        assert called.wait(30)
    deadlines.stop()


def test_an_earlier_deadline_does_not_wait_for_a_later_one() -> None:
    deadlines, called = Deadlines(), threading.Event()
    with deadlines.within(1_000, pytest.fail), deadlines.within(0.01, called.set):
        assert called.wait(30)
    deadlines.stop()


def test_what_is_done_in_time_is_not_called_off() -> None:
    deadlines, called = Deadlines(), threading.Event()
    with deadlines.within(0.01, pytest.fail):
        pass
    with deadlines.within(0.05, called.set):
        assert called.wait(30)
    deadlines.stop()


def test_the_thread_ends_when_it_is_stopped() -> None:
    deadlines = Deadlines()
    before = set(threading.enumerate())
    with deadlines.within(1_000, pytest.fail):
        [watcher] = set(threading.enumerate()) - before
    deadlines.stop()
    watcher.join(30)
    assert not watcher.is_alive()
