"""`mien segment`: listing segments, and why somebody is in one, while a server runs too."""

import json
from pathlib import Path

from tests.cli.commands import on, read_json, refusal
from tests.native.callers import Json, Native, event, profile
from tests.support.servers import Key, Server

BOUGHT_B = {"items": "Items", "has": [{"property": "Sku", "op": "equals", "value": "b"}]}
TREE: Json = {
    "all": [
        {"property": "Plan", "op": "equals", "value": "Gold"},
        {"did": "Charged", "where": [{"property": "Amount", "op": "at_least", "value": 10}]},
        {"did": "Charged", "where": [BOUGHT_B]},
        {"channel": "push"},
        {"device": [{"fact": "os", "op": "exists"}]},
        {"derived": "City", "op": "exists"},
    ]
}


MEMBERS = (
    ("--json",),
    ("--limit", "1", "--json"),
    ("--sample", "1", "--seed", "5", "--json"),
    ("--sample", "9", "--json"),
)


# S-06, B-08
def test_segments_are_listed_and_explained(
    server: Server, keys: tuple[Key, Key], tmp_path: Path
) -> None:
    caller, account = Native(server, keys[0]), keys[0].account_id
    with caller.http:
        caller.send(
            profile("ana", Plan="Gold"),
            event("ana", "Charged", 1_700_000_000, Amount=9, Items=[{"Sku": "a"}, {"Sku": "b"}]),
        )
        body = {"name": "Gold [bold]", "tree": TREE, "description": "Best."}
        assert caller.http.post("/v1/segments", json=body).json()["id"] == "1"
        own = caller.get("profile", distinct_id="ana")["object_id"]
    assert "Gold [bold]" in on(server, "segment", "list", account).stdout
    assert read_json(on(server, "segment", "list", account, "--json"))["segments"] == [
        {"id": "test-users", "name": "Test users", "description": "People marked as test users."},
        {"id": "1", "name": "Gold [bold]", "description": "Best."},
    ]
    told = on(server, "segment", "explain", account, "ana", "--segment", "1").stdout
    assert told.splitlines() == [
        f"{own} is not in the segment.",
        "",
        "* no   All of these.",
        '  yes    People whose Plan is "Gold".',
        '           "Gold"',
        "* no     People who did Charged where Amount is at least 10.",
        "           0 of 1 events count: 0",
        '           2023-11-14 22:13 UTC {"Amount":9}',
        '  yes    People who did Charged where Items has one where Sku is "b".',
        "           1 of 1 events count: 1",
        "           2023-11-14 22:13 UTC {}",
        '             "Items" has {"Sku":"b"}',
        "* no     People who can be reached by push.",
        "           nothing was said; no_token",
        "* no     People with a device whose os is known.",
        "           0 devices",
        "* no     People whose City is known.",
        "           there is no value",
        "",
        "The parts with * decided.",
    ]
    file = tmp_path / "tree.json"
    file.write_text(json.dumps({"segment": "1"}))
    found = read_json(on(server, "segment", "explain", account, "ana", "--tree", file, "--json"))
    assert (found["object_id"], found["in_segment"]) == (own, False)
    assert found["explanation"]["parts"][0]["parts"][0]["found"]["value"] == "Gold"


# S-06
def test_a_question_that_cannot_be_answered_is_refused_in_a_sentence(
    server: Server, keys: tuple[Key, Key], tmp_path: Path
) -> None:
    account, file = keys[0].account_id, tmp_path / "tree.json"

    def asked(*arguments: object) -> str:
        return refusal(on(server, "segment", "explain", account, *arguments))

    assert "give this, or --tree, and not both" in asked("ana")
    assert "There is no segment '9'" in asked("ana", "--segment", "9")
    assert "No profile has the id 'ana'" in asked("ana", "--segment", "test-users")
    assert "--person: " in asked("null", "--segment", "test-users")
    for text, said in (
        ("{", "cannot be read as JSON"),
        ('{"not":' * 900 + "{}" + "}" * 900, "nodes nest deeper than 16 levels"),
        ('{"not":' * 9_000 + "{}" + "}" * 9_000, "--tree: the file cannot be read as JSON"),
        ('{"all":[{"did":"A","count":3}]}', "--tree.all[0].count: an object is needed"),
    ):
        file.write_text(text)
        assert said in asked("ana", "--tree", file)


# S-04, G-14
def test_a_segment_is_counted_by_the_server_or_alone(tmp_path: Path) -> None:
    server = Server(tmp_path / "data").start()
    key, _ = server.account()
    gold = tmp_path / "gold.json"
    gold.write_text('{"property": "Plan", "op": "equals", "value": "Gold"}')
    with Native(server, key).http as http:
        records = [profile("ana", Plan="Gold"), profile("bo"), profile("cy", Plan="Gold")]
        assert http.post("/v1/batch", json={"records": records}).status_code == 200
    asked = ("segment", "count", key.account_id, "--tree", str(gold))
    assert on(server, *asked).stdout == "2 of 3 people (66.7 %).\n"
    listed = ("segment", "members", key.account_id, "--tree", str(gold))
    by_server = [read_json(on(server, *listed, *more)) for more in MEMBERS]
    assert "mien_1" in on(server, *listed).stdout
    assert server.stop() == 0, server.log()
    assert read_json(on(server, *asked, "--json")) == {"size": 2, "everybody": 3}
    assert "not both" in refusal(on(server, *asked[:3]))
    assert [read_json(on(server, *listed, *more)) for more in MEMBERS] == by_server
    named = [[each["distinct_id"] for each in found["members"]] for found in by_server]
    assert named[:2] == [["ana", "cy"], ["ana"]]
    assert (len(named[2]), sorted(named[3])) == (1, ["ana", "cy"])
    assert "--seed: it needs --sample" in refusal(on(server, *listed, "--seed", "1"))
    assert "--limit: " in refusal(on(server, *listed, "--limit", "1", "--sample", "1"))
