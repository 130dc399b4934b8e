"""Segments whose texts try to be SQL, whose names are odd, or that are no segments: never a fault (S-07)."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.domain.segment_json import to_json
from tests.domain.strategies import any_json
from tests.domain.trees import trees
from tests.native.callers import Json, Native, event, profile
from tests.support.servers import Server

HOSTILE = [
    "'; DROP TABLE segments; --",
    '" OR 1=1 --',
    "') UNION SELECT secret FROM signing_keys --",
    "\\",
    "\\'; DELETE FROM profiles; --",
    "\\\\' OR ''='",
    "$1 ? %s %(name)s :name {name} ${name}",
    "/* comment */ -- ; `x` [x] $$x$$",
    "select",
    "order by",
    "NULL",
    "\x00",
    "a\x00b",
    "\u202egold",
    "👩‍👩‍👧‍👦 İstanbul ﷽",
    "\x1b[2J\r\n\t",
    "<script>alert(1)</script>",
    "x" * 512,
    "é" * 256,
]
hostile = st.sampled_from(HOSTILE) | st.text(max_size=12)

fuzzed = settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture(scope="module")
def caller(server: Server) -> Iterator[Native]:
    """Give a caller whose environment has Ana, and one segment."""
    native = Native(server, server.account()[0])
    with native.http:
        viewed = event("ana", "Product Viewed", Plan=[{"Plan": "Gold", "0": 1}, "Gold"])
        native.send(profile("ana", Plan="Gold"), event("ana", "Charged", Amount=1), viewed)
        body = {"name": "First", "tree": {"test_user": True}}
        assert native.http.post("/v1/segments", json=body).status_code == 200
        yield native


def poisoned(value: Any, draw: st.DrawFn) -> Any:
    """Give a tree as JSON in which some texts and some keys were replaced."""
    if isinstance(value, dict):
        return {
            draw(hostile) if draw(st.integers(0, 30)) == 0 else key: poisoned(inner, draw)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [poisoned(inner, draw) for inner in value]
    return draw(hostile) if isinstance(value, str) and draw(st.integers(0, 3)) == 0 else value


@st.composite
def poisoned_trees(draw: st.DrawFn) -> Any:
    """Give what is nearly a tree, or a tree with texts that nobody expects."""
    return poisoned(to_json(draw(trees)), draw)


def answered(answer: httpx.Response, *refusals: int) -> bool:
    """Tell whether a call was served; if it was refused, it was with one of these, and a sentence."""
    if answer.status_code == 200:
        return True
    assert answer.status_code in refusals, answer.text
    assert answer.json()["detail"]
    return False


# S-02, S-07
@fuzzed
@given(poisoned_trees() | any_json, hostile, hostile)
def test_any_tree_is_saved_as_it_is_or_refused(
    caller: Native, tree: Any, name: str, description: str
) -> None:
    body = {"name": name, "tree": tree, "description": description}
    made = caller.http.post("/v1/segments", json=body)
    if answered(made, 400, 409):
        saved = made.json()
        assert (saved["name"], saved["description"]) == (name.strip(), description)
        assert caller.get(f"segments/{saved['id']}") == saved
        caller.http.delete(f"/v1/segments/{saved['id']}").raise_for_status()
    assert [each["name"] for each in caller.get("segments")["segments"]] == ["Test users", "First"]


# S-06, S-07
@fuzzed
@given(poisoned_trees() | any_json)
def test_any_tree_is_explained_or_refused(caller: Native, tree: Any) -> None:
    told = caller.http.post("/v1/segments/explain", json={"distinct_id": "ana", "tree": tree})
    if answered(told, 400):
        assert told.json()["in_segment"] is told.json()["explanation"]["holds"]


# S-07
@fuzzed
@given(any_json)
def test_any_body_is_refused_or_served(caller: Native, body: Any) -> None:
    for method, path, refusals in (
        ("POST", "/v1/segments", (400, 409)),
        ("PATCH", "/v1/segments/1", (400, 409)),
        ("PATCH", "/v1/segments/9", (400, 404)),
        ("POST", "/v1/segments/explain", (400, 404)),
    ):
        answered(caller.http.request(method, path, json=body), *refusals)
    assert caller.get("segments/1")["tree"] == {"test_user": True}


# S-07
@fuzzed
@given(hostile.filter(lambda text: text not in ("", ".", "..", "1") and "/" not in text))
def test_any_id_is_of_no_segment(caller: Native, segment: str) -> None:
    assert caller.http.get(httpx.URL("/v1/segments/", raw_path=_path("1"))).status_code == 200
    for each in (segment, f"1{segment}", f"{segment}1"):
        answer = caller.http.get(httpx.URL("/v1/segments/", raw_path=_path(each)))
        assert answer.status_code == 404, answer.text


def _path(segment: str) -> bytes:
    quoted = "".join(f"%{byte:02X}" for byte in segment.encode())
    return f"/v1/segments/{quoted}".encode()


# S-03, S-07
@pytest.mark.parametrize("text", HOSTILE, ids=[str(place) for place in range(len(HOSTILE))])
def test_a_text_that_tries_to_be_sql_is_a_text(caller: Native, text: str) -> None:
    name = f"n{HOSTILE.index(text)}"
    event_name = text if text.isprintable() else "Charged"
    sent: list[Json] = [
        profile(name, Plan=text, Tags=[text]),
        event(name, event_name, Shop=text),
    ]
    assert caller.send(*sent)["status"] == "success"
    shop = {"property": "Shop", "op": "equals", "value": text}
    for tree in (
        {"property": "Plan", "op": "equals", "value": text},
        {"property": "Plan", "op": "starts_with", "value": text},
        {"property": "Tags", "op": "has_all", "values": [text]},
        {"did": event_name, "where": [shop], "count": {"op": "equals", "value": 1}},
        {"not": {"channel": "email", "is": "opted_in", "group": text}},
    ):
        body = {"distinct_id": name, "tree": tree}
        told = caller.http.post("/v1/segments/explain", json=body)
        assert (told.status_code, told.json().get("in_segment")) == (200, True), told.text
