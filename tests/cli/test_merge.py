"""`mien merge`: previewing, merging, undoing and listing, while a server runs too."""

from collections.abc import Iterator

import pytest

from tests.cli.commands import on, read_json
from tests.native.callers import Native, profile
from tests.support.servers import Key, Server


@pytest.fixture
def native(server: Server, keys: tuple[Key, Key]) -> Iterator[Native]:
    """Call the API of a new environment."""
    caller = Native(server, keys[0])
    with caller.http:
        yield caller


def test_two_people_are_previewed_merged_listed_and_given_back(
    server: Server, native: Native
) -> None:
    native.send(profile("ana", plan="free"), profile("bo", plan="pro", FBID="f1"))
    account = native.key.account_id
    told = on(server, "merge", "preview", account, "ana", "bo").stdout
    assert "would take in" in told
    assert '"pro"' in told
    assert read_json(on(server, "merge", "list", account, "--json"))["merges"] == []
    assert "Nothing was merged yet." in on(server, "merge", "list", account).stdout
    done = read_json(on(server, "merge", "run", account, "ana", "bo", "--json"))
    assert native.get("profile", distinct_id="bo")["object_id"] == done["survivor"]
    assert "of one profile already" in on(server, "merge", "run", account, "bo", "ana").stdout
    (row,) = read_json(on(server, "merge", "list", account, "--json"))["merges"]
    assert (row["id"], row["undone_at"]) == (done["id"], None)
    undone = on(server, "merge", "undo", account, done["id"])
    assert "are two profiles again" in undone.stdout
    assert "was undone before" in on(server, "merge", "undo", account, done["id"]).stdout
    assert "undone" in on(server, "merge", "list", account).stdout
    assert native.get("profile", distinct_id="bo")["properties"] == {"plan": "pro"}


def test_suggestions_are_listed_and_nobody_is_told(server: Server, native: Native) -> None:
    account = native.key.account_id
    assert "No merge is suggested." in on(server, "merge", "suggestions", account).stdout
    native.send(profile("ana"), profile("bo"), profile("ana", identity="bo"))
    told = on(server, "merge", "suggestions", account)
    assert "identity bo" in told.stdout
    (found,) = read_json(on(server, "merge", "suggestions", account, "--json"))["merge_suggestions"]
    assert found["named_by"] == "identity bo"
    for one in ("nobody", "objectId:none", "null"):
        refused = on(server, "merge", "run", account, "ana", one)
        assert refused.returncode == 1
        assert refused.stdout == ""
