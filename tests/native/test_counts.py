"""`/v1/segments/count` and `/members`: exact, and with the upload that was just answered (S-02, S-04)."""

from concurrent.futures import ThreadPoolExecutor

from tests.native.callers import Json, Native, event, problem, profile

GOLD: Json = {"property": "Plan", "op": "equals", "value": "Gold"}


def count(native: Native, tree: Json) -> Json:
    answer = native.http.post("/v1/segments/count", json={"tree": tree}, timeout=30)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def members(native: Native, tree: Json, *, limit: int = 2) -> list[Json]:
    """Give all members, a page at a time."""
    found: list[Json] = []
    body: Json = {"tree": tree, "limit": limit}
    while True:
        answer = native.http.post("/v1/segments/members", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["members"]
        if page.get("next_cursor") is None:
            return found
        body["cursor"] = page["next_cursor"]


# S-04
def test_a_count_sees_the_upload_before_it(native: Native) -> None:
    for size in range(1, 6):
        native.send(profile(f"p{size}", Plan="Gold"), profile(f"q{size}"))
        assert count(native, GOLD) == {"size": size, "everybody": 2 * size}


# G-14
def test_members_are_those_who_are_counted(native: Native) -> None:
    native.send(
        *[profile(f"p{n}", Plan="Gold", Name=f"N{n}", Email=f"n{n}@example.com") for n in range(5)],
        event("p3", "Charged", price=7),
    )
    found = members(native, GOLD)
    assert [each["distinct_id"] for each in found] == [f"p{n}" for n in range(5)]
    assert found[0] | {"object_id": ""} == {
        "object_id": "",
        "distinct_id": "p0",
        "type": "identified",
        "name": "N0",
        "email": "n0@example.com",
    }
    assert count(native, GOLD)["size"] == 5
    both = {"all": [GOLD, {"did": "charged", "sum": {"of": "price", "op": "at_least", "value": 7}}]}
    assert [each["distinct_id"] for each in members(native, both)] == ["p3"]


# S-02
def test_a_saved_segment_is_counted_as_part_of_a_tree(native: Native) -> None:
    native.send(profile("a", Plan="Gold"), profile("b", Plan="Gold", City="Rome"), profile("c"))
    made = native.http.post("/v1/segments", json={"name": "Gold", "tree": GOLD}).json()
    assert count(native, {"segment": made["id"]})["size"] == 2
    inside = {"all": [{"segment": made["id"]}, {"not": {"property": "City", "op": "exists"}}]}
    assert count(native, inside)["size"] == 1


# S-02
def test_what_is_wrong_is_refused_with_its_path(native: Native) -> None:
    for path in ("count", "members"):
        answer = native.http.post(f"/v1/segments/{path}", json={"tree": {"all": [{"did": 3}]}})
        found = problem(answer, 400)
        assert found["code"] == "invalid_segment"
        assert "tree.all[0]" in found["detail"]
        answer = native.http.post(f"/v1/segments/{path}", json={"tree": {"segment": "99"}})
        assert problem(answer, 400)["code"] == "invalid_segment"
    answer = native.http.post("/v1/segments/members", json={"tree": GOLD, "cursor": "x"})
    assert problem(answer, 400)["code"] == "invalid_cursor"


# G-08
def test_a_cursor_goes_on_with_its_own_tree_alone(native: Native) -> None:
    native.send(profile("a", Plan="Gold"), profile("b", Plan="Gold"), profile("c"))
    asked = {"tree": GOLD, "limit": 1}
    page = native.http.post("/v1/segments/members", json=asked, timeout=30).json()
    body = {"tree": {"not": GOLD}, "cursor": page["next_cursor"]}
    answer = native.http.post("/v1/segments/members", json=body)
    assert problem(answer, 400)["code"] == "invalid_cursor"


# S-04
def test_uploads_and_counts_of_many_at_once_agree(native: Native) -> None:
    def step(number: int) -> int:
        native.send(profile(f"p{number}", Plan="Gold"))
        size: int = count(native, GOLD)["size"]
        return size

    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(step, range(40)))
    assert max(sizes) == count(native, GOLD)["size"] == 40
    assert min(sizes) >= 1


# R41
def test_the_disabled_are_counted_and_listed_exactly(native: Native) -> None:
    native.send(*(profile(name, Email=f"{name}@example.com") for name in ("ana", "bo", "cy")))
    disabled: Json = {"disabled": True}
    assert count(native, disabled) == {"size": 0, "everybody": 3}
    native.http.put("/v1/profile/disabled?distinct_id=bo").raise_for_status()
    native.send(profile("cy", **{"MSG-disabled": True}))
    assert [each["distinct_id"] for each in members(native, disabled)] == ["bo", "cy"]
    for others in ({"not": disabled}, {"channel": "email"}):
        assert [each["distinct_id"] for each in members(native, others)] == ["ana"]
    native.http.delete("/v1/profile/disabled?distinct_id=bo").raise_for_status()
    assert count(native, disabled)["size"] == 1
