"""The builder as it lies before a member: the parts, what is wrong with them, what they say."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from mien.domain.derived import DERIVED_FIELDS
from mien.domain.devices import FACT_NAMES
from mien.domain.english import describe
from mien.domain.errors import InvalidInputError, InvalidSegmentError
from mien.domain.events import event_key
from mien.domain.ids import EnvironmentId
from mien.domain.schema import DefinitionKind
from mien.domain.segment_json import to_json
from mien.services.definitions import Named, find_types
from mien.services.segments import Segment, names_in
from mien.store.engine import Store
from mien.store.segments import SegmentHead
from mien.web.builder import fields, labels
from mien.web.builder.checking import Checked, check, check_json
from mien.web.builder.fields import UnclearError
from mien.web.builder.moves import move
from mien.web.builder.parts import EMPTY, Part, Path, id_of, name_of, read_parts, walk
from mien.web.builder.settling import VALUE_TYPES, Types, plain_name, settle, type_known
from mien.web.builder.trees import Problem, pretty, read_json, type_of

FORM, JSON = "form", "json"
"""The two ways in which a segment is shown and changed."""

SAVES = ("save", "confirm")
"""What the buttons say that save; `confirm` when a change of who is in it was shown."""


class Desk(msgspec.Struct, frozen=True):
    """A segment that is being built. `do` is what the member pressed, `head` what is saved of it."""

    whole: Part
    checked: Checked
    types: Types = {}
    tab: str = FORM
    text: str = ""
    name: str = ""
    description: str = ""
    seen_at: str = ""
    do: str = ""
    focus: str = ""
    sentence: str = ""
    head: SegmentHead | None = None
    segments: Sequence[SegmentHead] = ()
    wrong: Mapping[str, str] = {}
    """What is wrong with the name or the description, or with saving (empty)."""

    labels = labels
    derived_options = [(name, name) for name in DERIVED_FIELDS]
    fact_options = [(name, name.replace("_", " ")) for name in FACT_NAMES]

    @property
    def is_saving(self) -> bool:
        """Does the member want to save it?"""
        return self.do in SAVES

    @property
    def tree(self) -> str:
        """The JSON of the tree, in canonical form; empty while something is wrong."""
        tree = self.checked.tree
        return "" if tree is None else msgspec.json.encode(to_json(tree)).decode()

    @property
    def places(self) -> list[tuple[Problem, str]]:
        """What is wrong, each with the id of the element where it is."""
        return [
            (each, f"{id_of(each.path)}-{each.field}" if each.field else id_of(each.path))
            for each in self.checked.problems
        ]

    def walk(self) -> Iterator[tuple[Path, Part]]:
        """Give all parts that are shown."""
        return walk(self.whole) if self.tab == FORM else iter(())

    def name_of(self, path: Path) -> str:
        """Give how the form names a part."""
        return name_of(path)

    def id_of(self, path: Path) -> str:
        """Give the id of the element that shows a part."""
        return id_of(path)

    def operators(self, part: Part, event: str) -> list[tuple[str, Sequence[str]]]:
        """Give the operators that a part can have, in groups with a label."""
        known = type_known(part, self.types, event_key(event))
        return labels.choices_of_operators(part, known)

    def asks_type(self, part: Part, event: str) -> bool:
        """Tell whether to ask what a value is: not where it is what its property is known to have."""
        if not plain_name(part):
            return False
        return type_of(part) != VALUE_TYPES.get(type_known(part, self.types, event_key(event)))

    def segment_options(self, part: Part) -> list[tuple[str, str]]:
        """Give the segments that a condition can be on, by id; one that is gone says so."""
        known = [(str(each.segment_id), each.name) for each in self.segments]
        chosen = part.get("segment")
        if chosen and chosen not in dict(known):
            known.insert(0, (chosen, f"{chosen} (not there)"))
        return [("", "choose a segment"), *known]

    def plain_name(self, part: Part) -> str:
        """Give the name in a part, empty if there is none."""
        return plain_name(part)

    def is_wrong(self, path: Path, field: str) -> bool:
        """Tell whether a field is marked: what is only missing, once somebody wants to save."""
        found = self.checked.find(path, field)
        return found is not None and (self.is_saving or not found.is_missing)


def new_desk(tree: object = None) -> Desk:
    """Begin a segment, with a tree or from nothing."""
    whole = EMPTY if tree is None else read_json(tree)
    return Desk(whole, check(whole))


def desk_of(segment: Segment) -> Desk:
    """Open a segment that is saved."""
    head, desk = segment.head, new_desk(to_json(segment.tree))
    return replace(
        desk,
        name=head.name,
        description=head.description,
        seen_at=str(head.updated_at),
        head=head,
    )


def read_desk(store: Store, environment: EnvironmentId, form: Mapping[str, str]) -> Desk:
    """Read the builder out of a form, and do what was pressed."""
    desk = Desk(
        EMPTY,
        check(EMPTY),
        tab=JSON if form.get("tab") == JSON else FORM,
        name=form.get("name", ""),
        description=form.get("description", ""),
        seen_at=form.get("seen_at", ""),
        do=form.get("do", ""),
    )
    if desk.tab == JSON:
        return _with_text(desk, form.get("json", ""))
    return _with_parts(desk, store, environment, read_parts(form))


def complete(
    desk: Desk, store: Store, environment: EnvironmentId, segments: Sequence[SegmentHead]
) -> Desk:
    """Give a desk with what the store knows: types, the sentence, which segments there are."""
    types = desk.types or _types(store, environment, desk.whole)
    desk = replace(desk, types=types, segments=segments)
    if (tree := desk.checked.tree) is None:
        return desk
    of = None if desk.head is None else desk.head.segment_id
    try:
        names = names_in(store, environment, tree, of=of)
    except InvalidSegmentError as error:
        wrong = [Problem((), "", str(error))]
        return replace(desk, checked=Checked(desk.checked.raw, None, wrong))
    return replace(desk, sentence=describe(tree, names))


def _with_parts(desk: Desk, store: Store, environment: EnvironmentId, whole: Part) -> Desk:
    focus = ""
    verb, _, asked = desk.do.partition(":")
    if asked and verb != "tab":
        whole, focus = move(whole, desk.do)
    types = _types(store, environment, whole)
    whole = settle(whole, types)
    desk = replace(desk, whole=whole, checked=check(whole), types=types, focus=focus)
    if desk.do != f"tab:{JSON}":
        return desk
    tree = desk.checked.tree
    text = pretty(desk.checked.raw if tree is None else to_json(tree))
    return replace(_with_text(desk, text), tab=JSON, focus="json")


def _with_text(desk: Desk, text: str) -> Desk:
    """Take a text as the JSON of the tree; the form shows it if it is asked for and can."""
    try:
        checked = check_json(fields.read_json(text))
    except UnclearError as error:
        checked = Checked(None, None, [Problem((), "", error.problem, error.is_missing)])
    desk = replace(desk, text=text, checked=checked)
    if desk.do != f"tab:{FORM}" or checked.tree is None:
        return desk
    whole = read_json(to_json(checked.tree))
    return replace(desk, whole=whole, checked=check(whole), tab=FORM, focus="tab-form")


def _types(store: Store, environment: EnvironmentId, whole: Part) -> Types:
    """Look up the types of the properties that a segment names."""
    wanted = {(named.event, named.name): named for named in _named(whole)}
    found = find_types(store, environment, wanted.values())
    return {
        (event_key(event), name): found[named]
        for (event, name), named in wanted.items()
        if named in found
    }


def _named(whole: Part) -> Iterator[Named]:
    events: dict[Path, str] = {}
    for path, part in walk(whole):
        name = plain_name(part)
        if part.kind == "did":
            events[path] = name
        elif part.kind == "property" and name:
            yield Named(DefinitionKind.PROPERTY, name)
        elif part.kind == "filter" and name and events[path[:-1]]:
            yield Named(DefinitionKind.EVENT_PROPERTY, name, events[path[:-1]])


def seen_at(desk: Desk) -> int:
    """Give when the segment was changed last as the member saw it."""
    try:
        return int(desk.seen_at)
    except ValueError:
        problem = "is no time at which a segment was changed"
        raise InvalidInputError(path="seen_at", problem=problem) from None
