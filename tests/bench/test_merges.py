"""The load of merges merges, and leaves everybody as they were."""

from typing import Literal

import httpx
import pytest

from bench import child
from bench.connections import Connection, ask
from bench.corpus import identity
from bench.jobs import InOrder, LoadOrder, Merges, Profiles, Target
from bench.load import uploads


@pytest.mark.parametrize("measured", ["merge", "undo"])
def test_every_pair_is_merged_and_taken_apart(
    client: httpx.Client, target: Target, measured: Literal["merge", "undo"]
) -> None:
    """P-07: two pairs, three times over, and nobody is merged in the end."""
    connection = Connection(target)
    with connection.socket:
        for call in uploads(target, Profiles(InOrder(0, 4))):
            ask(connection, call)
    report = child.load(LoadOrder(target, Merges(people=4, times=3, measures=measured)))

    assert report.records == 6
    merges = client.get("/v1/merges").json()["merges"]
    assert len(merges) == 6
    assert all("undone_at" in each for each in merges)
    people = [client.get("/v1/profile", params={"distinct_id": identity(n)}) for n in range(4)]
    assert len({each.json()["object_id"] for each in people}) == 4
