"""`/v1/profile/latest-values`: what the properties of a person's events were last (P-12)."""

from tests.native.callers import Json, Native, event, problem, profile


def latest(native: Native, **params: object) -> dict[str, tuple[object, int]]:
    """Give the latest values of Ana, with their times, by event and property."""
    page = native.get("profile/latest-values", distinct_id="ana", **params)
    assert "next_cursor" not in page
    return {each["name"]: (each["value"], each["at"]) for each in page["latest_values"]}


# P-12
def test_the_latest_event_counts_and_not_the_last_that_arrived(native: Native) -> None:
    native.send(event("ana", "Charged", 2_000, Amount=20, Currency="EUR"))
    native.send(event("ana", "charged", 1_000, Amount=10, Coupon="May"))
    assert latest(native) == {
        "Charged · Amount": (20, 2_000),
        "Charged · Coupon": ("May", 1_000),
        "Charged · Currency": ("EUR", 2_000),
    }
    native.send(event("ana", "Charged", 3_000, Amount=30.5))
    assert latest(native)["Charged · Amount"] == (30.5, 3_000)
    assert latest(native)["Charged · Currency"] == ("EUR", 2_000)


# P-12
def test_of_two_events_of_a_second_the_later_arrival_counts(native: Native) -> None:
    native.send(event("ana", "Viewed", 1_000, page=1), event("ana", "Viewed", 1_000, page=2))
    assert latest(native) == {"Viewed · page": (2, 1_000)}


# P-12
def test_each_event_has_its_own_properties_and_nested_values_come_whole(native: Native) -> None:
    items = [{"sku": "a", "n": 1}]
    native.send(
        event("ana", "Charged", 1_000, Amount=1, Items=items),
        event("ana", "Viewed", 2_000, Amount=2, tags=["x", "y"]),
        event("bo", "Viewed", 3_000, Amount=3),
    )
    assert latest(native) == {
        "Charged · Amount": (1, 1_000),
        "Charged · Items": (items, 1_000),
        "Viewed · Amount": (2, 2_000),
        "Viewed · tags": (["x", "y"], 2_000),
    }


# P-12
def test_the_name_in_an_event_does_not_rename_the_person(native: Native) -> None:
    native.send(profile("ana", Name="Ana"), event("ana", "Signed", 1_000, Name="Bo"))
    assert native.get("profile", distinct_id="ana")["properties"] == {"Name": "Ana"}
    assert latest(native) == {"Signed · Name": ("Bo", 1_000)}


# P-12
def test_who_did_nothing_has_no_values(native: Native) -> None:
    native.send(profile("ana"))
    page = native.get("profile/latest-values", distinct_id="ana")
    assert page == {"latest_values": [], "events_seen": 0, "events_total": 0}


# P-12
def test_many_events_are_looked_at_in_pages_that_add_up(native: Native) -> None:
    at = [500, 300, 900, 100, 700, 200, 800]
    native.send(
        *[event("ana", "Viewed", each, **{"all": each, f"p{each % 3}": each}) for each in at]
    )
    found: dict[str, Json] = {}
    pages, cursor = 0, None
    while pages == 0 or cursor is not None:
        page = native.get("profile/latest-values", distinct_id="ana", limit=2, cursor=cursor)
        assert page["events_total"] == len(at)
        assert page["events_seen"] <= 2
        for each in page["latest_values"]:
            if each["name"] not in found or each["at"] > found[each["name"]]["at"]:
                found[each["name"]] = each
        pages, cursor = pages + 1, page.get("next_cursor")
    assert pages == 4
    assert list(found.values()) != []
    whole = native.get("profile/latest-values", distinct_id="ana")["latest_values"]
    assert sorted(found.values(), key=lambda each: str(each["name"])) == whole


# P-12
def test_a_value_that_is_settled_by_the_newest_event_costs_one_look(native: Native) -> None:
    native.send(*[event("ana", "Viewed", at, page=at) for at in range(1, 101)])
    page = native.get("profile/latest-values", distinct_id="ana", limit=10)
    assert page["events_seen"] == 1
    assert page["events_total"] == 100
    assert [each["value"] for each in page["latest_values"]] == [100]
    assert "next_cursor" not in page


def test_a_cursor_is_good_for_its_own_profile_alone(native: Native) -> None:
    for name in ("ana", "bo"):
        native.send(event(name, "Viewed", 1, a=1), event(name, "Viewed", 2, b=1))
    cursor = native.get("profile/latest-values", distinct_id="ana", limit=1)["next_cursor"]
    url = f"/v1/profile/latest-values?distinct_id=bo&cursor={cursor}"
    assert problem(native.http.get(url), 400)["code"] == "invalid_cursor"
    for limit in (0, 100_001):
        problem(native.http.get(f"/v1/profile/latest-values?distinct_id=bo&limit={limit}"), 400)
