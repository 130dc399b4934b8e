"""Our own JavaScript SDK: its own tests, the script that pages load, and a real server (K-03)."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mien.http.errors import status_of
from mien.http.sdk import script
from mien.http.sdk.script import ScriptNotBuiltError, read_script
from tests.native.callers import Json, Native, problem
from tests.sdk.pages import Page, Signer
from tests.support.servers import Server

SDK = Path(__file__).parents[2] / "sdk" / "js"
SCRIPT = "/sdk/mien.js"
SERVED = Path(script.__file__).parent / "static" / "mien.js"

Run = Callable[..., Json]


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """Demand the build: a test that did without would prove nothing."""
    assert (SDK / "dist" / "mien.mjs").is_file(), "run `make setup`: the SDK is not built"
    assert SERVED.is_file(), "run `make setup`: the SDK is not built"


@pytest.fixture
def run(server: Server, page: Page) -> Run:
    """Give a function that makes calls of the SDK in Node and gives what came of them."""

    def call(*calls: list[Any], **options: object) -> Json:
        asked = {"account": page.account, "host": server.url, **options}
        done = subprocess.run(
            ["node", "test/against.mjs"],
            cwd=SDK,
            input=json.dumps({"options": asked, "calls": calls}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found

    return call


def test_the_sdk_passes_its_own_tests() -> None:
    """K-03: queue, retry, leaving, tabs, login, consent; and the size of the script."""
    tests = [each.relative_to(SDK) for each in sorted((SDK / "test").glob("*.test.mjs"))]
    done = subprocess.run(
        ["node", "--test", *tests], cwd=SDK, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout


def test_a_visitor_logs_in_and_what_they_did_is_theirs(run: Run, native: Native) -> None:
    """K-03, P-04."""
    done = run(
        ["track", "Viewed", {"item": "shoe"}],
        ["identify", "ana", {"Name": "Ana", "plan": "gold"}],
        ["increment", "visits"],
        ["add", "tags", ["a", "b"]],
        ["remove", "tags", "a"],
        ["set", {"mood": "fine"}],
        ["unset", "mood"],
        ["track", "Charged", {"Amount": 9.5}],
    )
    assert done["isSent"] is True
    assert done["problems"] == []
    assert done["identified"] == [{"distinctId": "ana", "objectId": done["objectId"]}]
    ana = native.get("profile", distinct_id="ana")
    properties = {"Name": "Ana", "plan": "gold", "visits": 1, "tags": ["b"]}
    assert properties.items() <= ana["properties"].items()
    assert "mood" not in ana["properties"]
    assert {"Viewed", "Charged"} <= ana["events"].keys()
    assert done["objectId"] in {device["object_id"] for device in ana["devices"]}


def test_a_record_that_the_server_rejects_is_reported(run: Run) -> None:
    done = run(["set", {"Email": "broken"}], ["track", "Charged"])
    (told,) = done["problems"]
    assert (told["kind"], told["code"]) == ("rejected", 515)


def test_an_app_reads_its_own_user(run: Run, native: Native) -> None:
    """P-13."""
    native.send({"type": "profile", "distinct_id": "ana", "properties": {"plan": "gold"}})
    token = native.http.post("/v1/profile/token", json={"distinct_id": "ana"}).json()["token"]
    assert run(["properties"], profileToken=token)["gave"] == [{"plan": "gold"}]


def test_where_signatures_are_required_the_token_opens_the_way(run: Run, native: Native) -> None:
    """K-03."""
    signer = Signer(native)
    done = run(["identify", "ana", {}, {"identityToken": signer.sign("ana")}])
    assert done["identified"][0]["distinctId"] == "ana"
    hostile = run(["identify", "bo", {"plan": "x"}, {"identityToken": signer.sign("ana")}])
    assert hostile["identified"] == []
    assert [each["code"] for each in hostile["problems"]] == [623]
    problem(native.http.get("/v1/profile?distinct_id=bo"), 404)


def test_an_account_that_is_not_known_is_reported(run: Run) -> None:
    done = run(["track", "Viewed"], account="NOT-ONE-0001")
    assert [(each["kind"], each["code"]) for each in done["problems"]] == [
        ("refused", "unknown_account")
    ]


def test_the_script_is_served_to_pages_of_any_site(page: Page) -> None:
    """K-02, K-03: compressed or not, kept by browsers, and embeddable under COEP."""
    plain = page.http.get(SCRIPT, headers={"Accept-Encoding": "identity"})
    assert plain.content == SERVED.read_bytes()
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert plain.headers["access-control-allow-origin"] == "*"
    assert plain.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age=3600" in plain.headers["cache-control"]
    packed = page.http.get(SCRIPT, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 6_000
    assert packed.content == plain.content
    tag = {"If-None-Match": plain.headers["etag"]}
    again = page.http.get(SCRIPT, headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == plain.headers["etag"]


def test_a_server_without_the_script_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ScriptNotBuiltError, match="run `make setup`"):
        read_script(tmp_path / "mien.js")
    assert status_of(ScriptNotBuiltError) == 404
