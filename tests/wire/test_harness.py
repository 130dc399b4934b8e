"""The harness of the golden cases itself: what it fills in, and that it hides nothing else."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mien import clock
from tests.support.golden import Play, dump, parse_requests, read_case
from tests.support.servers import Key


@pytest.fixture
def play() -> Play:
    keys = {"": Key("ABC-DEF-1234", "PASS"), "test_": Key("TEST-ABC-DEF-1234", "OTHER")}
    return Play(1, keys, ZoneInfo("Asia/Kolkata"))


def test_what_a_case_states_stays_visible(play: Play) -> None:
    stated = {
        "n": 1,
        "f": 1.0,
        "yes": True,
        "old": 1468308340,
        "packed": 20221119054937,
        "text": "+0123456789 at 2017-03-06T14:54:30Z",
        "cursor": "not/one of ours=",
        "id": 7,
        "nested": [{"Age": 40, "DOB": "never"}],
    }
    assert play.hide(stated) == stated


def test_times_of_the_run_are_hidden_in_every_form(play: Play) -> None:
    now = clock.now_ms() // 1_000
    assert play.hide([now, f"at {now}."]) == ["{{now}}", "at {{now}}."]
    assert play.hide([now - 100, now + 100]) == [now - 100, now + 100]


def test_times_that_a_request_computed_are_named_as_there(play: Play) -> None:
    later = int(play.fill("{{now+90000}}"))
    assert play.hide({"ts": later, "text": f"{later}"}) == {
        "ts": "{{now+90000}}",
        "text": "{{now+90000}}",
    }


def test_keys_are_hidden_each_under_its_name(play: Play) -> None:
    assert play.hide("PASS ABC-DEF-1234 TEST-ABC-DEF-1234") == (
        "{{passcode}} {{account_id}} {{test_account_id}}"
    )


def test_cursors_are_kept_for_later_requests(play: Play) -> None:
    assert play.hide({"cursor": "one", "next_cursor": "t_o"}) == {
        "cursor": "{{cursor}}",
        "next_cursor": "{{cursor}}",
    }
    assert play.fill("{{cursor}} {{cursor 1}} {{percent cursor}}") == "t_o one %74%5F%6F"


def test_an_object_id_of_the_server_is_hidden_unless_it_was_sent(play: Play) -> None:
    play.sent.append("GET /1/profile.json?objectId=mien_1")
    assert play.hide(["mien_1", "mien_2", "mien_3", "mien_2"]) == [
        "mien_1",
        "{{made objectId 1}}",
        "{{made objectId 2}}",
        "{{made objectId 1}}",
    ]


def test_an_age_that_grows_is_hidden_beside_its_date_of_birth_only(play: Play) -> None:
    today = clock.today(play.zone)
    born = f"$D_{today.year - 30}0101"
    assert play.hide({"DOB": born, "Age": 30}) == {"DOB": born, "Age": "{{age of DOB}}"}
    assert play.hide({"DOB": born, "Age": 31}) == {"DOB": born, "Age": 31}
    assert play.hide({"Age": 30}) == {"Age": 30}


def test_answers_that_differ_in_type_alone_differ() -> None:
    assert len({dump({"a": value}) for value in (1, 1.0, True, "1")}) == 4
    assert dump({"a": 1, "b": 2}) == dump({"b": 2, "a": 1})


def test_requests_are_read_byte_for_byte() -> None:
    text = "# Note.\nPOST /1/x?cursor={{cursor 1}} HTTP/1.1\nX-A: b: c\n\n{\n  1 }\n###\nGET /2\n"
    first, second = parse_requests(text)
    assert (first.method, first.target) == ("POST", "/1/x?cursor={{cursor 1}}")
    assert (first.headers, first.body) == ((("X-A", "b: c"),), "{\n  1 }")
    assert (second.method, second.target, second.headers, second.body) == ("GET", "/2", (), "")


def test_a_case_is_read_with_what_its_comments_say(tmp_path: Path) -> None:
    folder = tmp_path / "upload" / "a_case"
    folder.mkdir(parents=True)
    (folder / "before.http").write_text("POST /1/upload\n\n{}\n")
    (folder / "request.http").write_text(
        "# A claim (U-01, G-13).\n# From: a page.\n# Time zone: Asia/Kolkata\n# After: /x\n"
        "# After: /y\nGET /1/z HTTP/1.1\n"
    )
    case = read_case(folder)
    assert (str(case), case.requirements) == ("upload/a_case", {"U-01", "G-13"})
    assert (case.origin, case.time_zone, case.after) == ("a page.", "Asia/Kolkata", ("/x", "/y"))
    assert [each.target for each in (*case.before, *case.requests)] == ["/1/upload", "/1/z"]
