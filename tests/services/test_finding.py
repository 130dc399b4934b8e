"""Finding people by any id, an address or a push token (D-02)."""

from datetime import date

import pytest

from mien.services.finding import LONGEST, find_people, newest_people
from mien.services.reading import Reader
from tests.support.uploading import Desk, new_environment, profile

TODAY = date(2026, 11, 25)
TOKEN = {"id": "fcm-token", "type": "fcm"}


def names(desk: Desk, text: str, *, count: int = 25) -> list[object]:
    """Give the names of who is found."""
    found = find_people(desk.store, Reader(desk.environment), text, today=TODAY, count=count)
    return [each.properties.get("Name") for each in found.people]


@pytest.fixture
async def crowd(desk: Desk) -> Desk:
    await desk.send(
        {**profile("ana", Name="Ana", Email="Ana@Example.com", Phone="+14155551234")},
        {**profile("ana@example.com", Name="Impostor")},
        {**profile("ben", Name="Ben", Phone="+14155551234"), "objectId": "device-1"},
        {"type": "profile", "FBID": "fb-7", "profileData": {"Name": "Cleo"}},
        {"type": "token", "objectId": "device-1", "tokenData": TOKEN},
    )
    return desk


# D-02
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ana", ["Ana"]),
        (" ana\t", ["Ana"]),
        ("fb-7", ["Cleo"]),
        ("device-1", ["Ben"]),
        ("-device-1", ["Ben"]),
        ("fcm-token", ["Ben"]),
        ("+1 (415) 555-1234", ["Ana", "Ben"]),
        ("14155551234", ["Ana", "Ben"]),
        ("0014155551234", ["Ana", "Ben"]),
        # Who is named by an id comes before who shares an address.
        ("ana@example.com", ["Impostor", "Ana"]),
        ("ANA@EXAMPLE.COM", ["Ana"]),
        ("Ana Silva", []),
        ("", []),
        ("null", []),
        ("\x00", []),
        ("ana\x00", []),
        ("x" * (LONGEST + 1), []),
        ("'; DROP TABLE profiles; --", []),
    ],
)
async def test_a_text_finds_who_has_it(crowd: Desk, text: str, found: list[str]) -> None:
    assert names(crowd, text) == found


async def test_the_id_that_the_server_made_finds_its_profile(crowd: Desk) -> None:
    reader = Reader(crowd.environment)
    [ben] = find_people(crowd.store, reader, "ben", today=TODAY, count=5).people
    assert names(crowd, ben.object_id) == ["Ben"]


async def test_more_who_share_an_address_are_not_shown_but_told(crowd: Desk) -> None:
    reader = Reader(crowd.environment)
    page = find_people(crowd.store, reader, "+14155551234", today=TODAY, count=1)
    assert [each.properties["Name"] for each in page.people] == ["Ana"]
    assert page.rest is not None
    assert names(crowd, "+14155551234", count=2) == ["Ana", "Ben"]


async def test_nobody_of_another_environment_is_found(crowd: Desk) -> None:
    other = Reader(new_environment(crowd.store))
    for text in ("ana", "device-1", "+14155551234", "ana@example.com"):
        assert not find_people(crowd.store, other, text, today=TODAY, count=5).people
    assert not newest_people(crowd.store, other, before=None, today=TODAY, count=5).people


async def test_the_newest_come_first_page_after_page(crowd: Desk) -> None:
    reader, seen, before = Reader(crowd.environment), [], None
    for _ in range(4):
        page = newest_people(crowd.store, reader, before=before, today=TODAY, count=1)
        seen += [each.properties["Name"] for each in page.people]
        before = page.rest
    assert seen == ["Cleo", "Ben", "Impostor", "Ana"]
    assert before is None
