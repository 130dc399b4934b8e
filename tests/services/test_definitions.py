"""Definitions as people page through them, and add them before their first value (P-14, D-05)."""

from collections.abc import Callable

import pytest

from mien.domain.documents import NATIVE
from mien.domain.errors import ConflictError, InvalidInputError, NotFoundError
from mien.domain.schema import Definition, DefinitionKind, DefinitionState
from mien.domain.values import ValueType
from mien.services import definitions
from mien.services.definitions import Named, add_property, page_definitions
from tests.support.uploading import NOON_MS, Desk, event, profile

PROPERTY, EVENT = DefinitionKind.PROPERTY, DefinitionKind.EVENT
LATER_MS = NOON_MS + 60_000


def names(
    desk: Desk, *, sought: str = "", count: int = 2, kind: DefinitionKind = PROPERTY
) -> list[str]:
    """Give all names, a small page at a time."""
    found, after = list[str](), ""
    while True:
        page = page_definitions(
            desk.store, desk.environment, kind, sought=sought, after=after, count=count
        )
        assert len(page.definitions) <= count
        found += [each.name for each in page.definitions]
        if page.rest is None:
            return found
        after = page.rest


def known(desk: Desk, name: str, kind: DefinitionKind = PROPERTY) -> Definition:
    [found] = page_definitions(desk.store, desk.environment, kind, sought=name, count=1).definitions
    return found


@pytest.fixture
def add(desk: Desk) -> Callable[..., Definition]:
    def add_one(name: str, description: str = "", now_ms: int = NOON_MS) -> Definition:
        return add_property(
            desk.store,
            desk.environment,
            name,
            description=description,
            now_ms=now_ms,
            source="member:7",
        )

    return add_one


async def test_definitions_are_paged_by_key_and_found_in_any_case(desk: Desk) -> None:
    await desk.send(profile("a", **dict.fromkeys(("plan", "Plan B", "city", "ÉTAGE", "b"), 1)))
    await desk.send(event("a", "Planted"))
    for count in (1, 2, 5, 10):
        assert names(desk, count=count) == ["Plan B", "b", "city", "plan", "ÉTAGE"]
    assert names(desk, sought=" PLAN ", count=1) == ["Plan B", "plan"]
    assert names(desk, sought="étage") == ["ÉTAGE"]
    assert names(desk, sought="nothing") == []
    assert names(desk, kind=EVENT) == ["Planted"]


async def test_all_of_many_definitions_are_found(desk: Desk) -> None:
    many = [f"p{n:04}" for n in range(2_300)]
    for start in range(0, len(many), 230):
        await desk.send(*[profile("a", **dict.fromkeys(many[n : n + 115], 1))
                          for n in range(start, start + 230, 115)],
                        rules=NATIVE)  # fmt: skip
    assert names(desk, count=500) == many
    assert names(desk, sought="22", count=3) == [name for name in many if "22" in name]


async def test_when_a_definition_was_last_seen_follows_its_values(desk: Desk) -> None:
    await desk.send(profile("a", plan="gold"), event("a", "Bought", NOON_MS // 1_000, item="tea"))
    await desk.send(profile("a", plan="free"), at_ms=LATER_MS)
    await desk.send(event("a", "Bought", NOON_MS // 1_000, item="tea"), at_ms=LATER_MS)
    for kind, name in ((PROPERTY, "plan"), (EVENT, "Bought")):
        found = known(desk, name, kind)
        assert (found.first_seen_at, found.last_seen_at, found.count) == (NOON_MS, LATER_MS, 2)
    assert (
        definitions.get_event(desk.store, desk.environment, "bought").properties[0].last_seen_at
        == LATER_MS
    )


async def test_an_added_property_takes_type_and_source_from_its_first_value(
    desk: Desk, add: Callable[..., Definition]
) -> None:
    added = add("tier", "How much they pay.")
    assert (added.type, added.count, added.last_seen_at) == (None, 0, None)
    await desk.send(profile("a", tier=3), at_ms=LATER_MS, source="api:4")
    await desk.send(profile("a", tier=3.5), at_ms=LATER_MS + 1, source="api:5")
    found = known(desk, "tier")
    assert (found.type, found.first_seen_at, found.source) == (ValueType.FLOAT, LATER_MS, "api:4")
    assert (found.description, found.count, found.conflicts) == ("How much they pay.", 2, 0)


@pytest.mark.parametrize("name", ["", "  ", "a.b", "x" * 121, "nul\x00", "identity", "FBID"])
async def test_a_name_that_no_profile_takes_cannot_be_added(
    desk: Desk, add: Callable[..., Definition], name: str
) -> None:
    with pytest.raises(InvalidInputError, match="name"):
        add(name)
    assert names(desk) == []


async def test_a_property_is_added_once(desk: Desk, add: Callable[..., Definition]) -> None:
    await desk.send(profile("a", plan="gold"))
    with pytest.raises(ConflictError, match="'plan' is known already"):
        add("plan")
    with pytest.raises(InvalidInputError, match="the limit is 1,000"):
        add("tier", "x" * 1_001)
    assert names(desk) == ["plan"]


async def test_who_edits_what_has_changed_meanwhile_is_told(desk: Desk) -> None:
    await desk.send(profile("a", plan="gold"))
    named = Named(PROPERTY, "plan")

    def describe(text: str, was: str | None) -> Definition:
        return definitions.change_definition(
            desk.store, desk.environment, named, description=text, state=None, was=was
        )

    describe("One", "")
    with pytest.raises(ConflictError, match="nothing was saved"):
        describe("Two", "")
    assert describe("Three", "One").description == "Three"
    assert describe("Four", None).description == "Four"


async def test_a_definition_is_found_by_its_number_and_kind(desk: Desk) -> None:
    await desk.send(profile("a", plan="gold"), event("a", "Bought"))
    plan = known(desk, "plan")

    def get(kind: DefinitionKind, number: int) -> Definition:
        return definitions.get_definition(desk.store, desk.environment, kind, number)

    assert get(PROPERTY, plan.id).name == "plan"
    assert get(PROPERTY, plan.id).state is DefinitionState.ACTIVE
    for kind, number in ((EVENT, plan.id), (PROPERTY, 10**9)):
        with pytest.raises(NotFoundError):
            get(kind, number)


async def test_names_are_offered_that_begin_so_then_those_that_come_most_often(desk: Desk) -> None:
    await desk.send(profile("a", **dict.fromkeys(("Plan B", "plan", "my plan", "city"), 1)))
    await desk.send(
        profile("a", plan=2), profile("b", **{"no plan": 1}), event("a", "Left", plan=1)
    )
    await desk.send(profile("b", **{"no plan": 2}), profile("b", **{"no plan": 3, "old plan": 1}))
    definitions.change_definition(
        desk.store, desk.environment, Named(PROPERTY, "old plan"), state=DefinitionState.INACTIVE
    )

    def offered(name: str, count: int = 9) -> list[tuple[str, ValueType | None]]:
        wanted = Named(PROPERTY, name)
        found = definitions.search_names(desk.store, desk.environment, wanted, count=count)
        return [(each.name, each.type) for each in found]

    whole = [(name, ValueType.INTEGER) for name in ("plan", "Plan B", "no plan", "my plan")]
    assert offered("PLAN") == whole
    assert offered("PLAN", 2) == whole[:2]
    assert len(offered("")) == 5
    of_event = Named(DefinitionKind.EVENT_PROPERTY, "pl", "left")
    [found] = definitions.search_names(desk.store, desk.environment, of_event, count=9)
    assert found.name == "plan"
    unknown = Named(DefinitionKind.EVENT_PROPERTY, "pl", "nothing")
    assert definitions.search_names(desk.store, desk.environment, unknown, count=9) == []


async def test_the_events_done_most_often_come_first(desk: Desk) -> None:
    for count, name in ((1, "Left"), (3, "Bought"), (2, "Seen"), (1, "Back")):
        await desk.send(*(event("a", name, n=1) for _ in range(count)))
    found = definitions.most_done(desk.store, desk.environment, count=3)
    assert [(each.name, each.count) for each in found] == [("Bought", 3), ("Seen", 2), ("Back", 1)]
