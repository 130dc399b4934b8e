"""Every golden case against a real server, on both engines."""

import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mien.domain.rejects import RejectCode
from tests.support.accounts import Accounts
from tests.support.golden import Case, Play, dump, read_cases
from tests.support.servers import Server

ROOT = Path(__file__).parent / "clevertap"
CASES = read_cases(ROOT)

_REQUIREMENT = re.compile(r"\b[UG]-\d\d\b")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_server_answers_as_recorded(
    case: Case, server: Server, accounts: Accounts, request: pytest.FixtureRequest
) -> None:
    live, test = accounts.open(time_zone=case.time_zone)
    keys = {"": live, "test_": test, "other_": accounts.open()[0]}
    response, after = Play(server.port, keys, ZoneInfo(case.time_zone)).run(case)
    if request.config.getoption("--update-golden") and "MIEN_STORE_URL" not in server.settings:
        _record(case, "response.json", response)
        _record(case, "after.json", after)
    assert dump(response) == _recorded(case, "response.json")
    assert dump(after) == _recorded(case, "after.json")


def test_every_case_says_what_it_shows_and_where_it_comes_from() -> None:
    silent = [str(case) for case in CASES if not case.requirements or not case.origin]
    assert silent == []


def test_every_requirement_of_upload_and_get_is_shown() -> None:
    wanted = {f"U-{n:02}" for n in range(1, 26)} | {f"G-{n:02}" for n in range(1, 15)}
    shown = {each for case in CASES for each in case.requirements}
    for path in Path(__file__).parent.glob("test_*.py"):
        lines = path.read_text().splitlines()
        shown |= {each for line in lines for each in _REQUIREMENT.findall(line.partition("# ")[2])}
    assert wanted - shown == set()


def test_every_code_that_a_record_can_get_is_shown() -> None:  # U-25
    answers = [json.loads(_recorded(case, "response.json")) for case in CASES]
    shown = {code for answer in answers for code in _codes(answer)}
    # A key names whom it likes; tests/sdk shows what a page gets.
    assert set(RejectCode) - shown == {RejectCode.IDENTITY_UNSIGNED}


def _codes(answer: object) -> set[int]:
    if isinstance(answer, list):
        return {code for each in answer for code in _codes(each)}
    assert isinstance(answer, dict)
    body = answer["body"]
    rejects = body.get("unprocessed", []) if isinstance(body, dict) else []
    return {reject["code"] for reject in rejects}


def _record(case: Case, name: str, value: object) -> None:
    path = case.folder / name
    if value == {}:
        path.unlink(missing_ok=True)
    else:
        path.write_text(dump(value))


def _recorded(case: Case, name: str) -> str:
    path = case.folder / name
    return path.read_text() if path.exists() else dump({})
