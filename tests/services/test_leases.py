"""A lease is held by one process at a time, and passes on when that one ends in whatever way."""

import subprocess
import sys
import time

import pytest

from mien import clock
from mien.services.leases import Lease
from mien.store.engine import Store

HOLD = """
import sys, time
from mien.services.leases import Lease
from mien.store.engine import open_store
lease = Lease(open_store(sys.argv[1]), sys.argv[2], seconds=1)
while True:
    lease.keep()
    print("held" if lease.is_held else "free", flush=True)
    time.sleep(0.1)
"""


def kept_until_held(lease: Lease, *, seconds: float) -> float:
    """Keep it as a process does until it is held; give how long that took."""
    began = time.monotonic()
    while not lease.is_held:
        assert time.monotonic() - began < seconds
        time.sleep(0.05)
        lease.keep()
    return time.monotonic() - began


def test_one_of_two_holds_it_and_passes_it_on(pair_of_stores: tuple[Store, Store]) -> None:
    name = clock.new_secret().hex()
    one, other = (Lease(store, name) for store in pair_of_stores)
    for _ in range(3):
        one.keep()
        other.keep()
        assert (one.is_held, other.is_held) == (True, False)
    one.release()
    other.keep()
    one.keep()
    assert (one.is_held, other.is_held) == (False, True)


def test_who_is_silent_stops_to_hold_it_before_another_takes_it(store: Store) -> None:
    one, other = (Lease(store, "work", seconds=0.6) for _ in range(2))
    one.keep()
    other.keep()
    while one.is_held:
        other.keep()
        assert not other.is_held
    assert kept_until_held(other, seconds=30) > 0.1
    one.keep()
    assert not one.is_held


def test_it_is_taken_at_once_when_that_is_asked_but_not_from_who_is_busy(store: Store) -> None:
    one, other = (Lease(store, "work") for _ in range(2))
    one.is_busy = True
    one.keep()
    other.keep(at_once=True)
    assert not other.is_held
    one.is_busy = False
    one.keep()
    other.keep(at_once=True)
    one.keep()
    assert (one.is_held, other.is_held) == (False, True)


@pytest.mark.timeout(240)
def test_a_process_that_was_killed_loses_it(pair_of_stores: tuple[Store, Store]) -> None:
    """kill -9: another takes over once it was silent for long enough, and not before."""
    store, name = pair_of_stores[0], clock.new_secret().hex()
    url = store.url.render_as_string(hide_password=False)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, url, name], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    while holder.stdout.readline() != "held\n":
        assert holder.poll() is None
    other = Lease(store, name, seconds=1)
    for _ in range(10):
        other.keep()
        assert not other.is_held
        time.sleep(0.05)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert kept_until_held(other, seconds=60) > 0.5
