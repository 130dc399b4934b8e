"""The document of a profile, and how a record changes it.

`property_changes` computes what would change, so that a failing record leaves nothing
behind; `Profile.apply` applies it. Source: U-10, U-12, U-22, P-03.
"""

import msgspec

from mien.domain.devices import Device
from mien.domain.fields import STANDARD_FIELDS
from mien.domain.identities import IdentityKind
from mien.domain.operations import Operation, operate
from mien.domain.records import PropertyChange
from mien.domain.values import Value

CUSTOM_KEYS = 256

TEST_MARK, IS_TEST = "ct_is_test_user", "Yes"
"""The property that marks a test profile, and its value (P-11)."""


class Rules(msgspec.Struct, frozen=True):
    """What differs between the compatible API and our own.

    `custom_keys` caps new custom keys of a profile (None: no cap). `missing_is_zero`
    lets `$incr` start at 0. `late_data_loses` leaves a property that was set at a
    later time than the record's explicit one. `takes_tokens_back` lets a record with
    null for a push token give it up.
    """

    custom_keys: int | None = CUSTOM_KEYS
    missing_is_zero: bool = False
    late_data_loses: bool = False
    takes_tokens_back: bool = False


COMPATIBLE = Rules()
NATIVE = Rules(custom_keys=None, missing_is_zero=True, late_data_loses=True, takes_tokens_back=True)


class Document(msgspec.Struct, omit_defaults=True, gc=False):
    """What is known of one person.

    `properties` by name, standard and custom. `set_at` has the time (epoch
    milliseconds) of each property that was set at another time than `base_at`.
    `identities` are pairs of kind and value, in the order in which they came.
    `groups` is by channel, then by group: subscribed or not.
    """

    base_at: int
    properties: dict[str, Value] = {}
    set_at: dict[str, int] = {}
    identities: list[tuple[IdentityKind, str]] = []
    devices: list[Device] = []
    groups: dict[str, dict[str, bool]] = {}


class PropertyChanges(msgspec.Struct, gc=False):
    """What a record does to properties: values after (None: removed) and before (absent: unset).

    `stale` are left since a later time set them, `refused` since the profile is full.
    `confirmed` are as the record says already, but so far as of an earlier time (U-22).
    """

    new: dict[str, Value | None]
    old: dict[str, Value]
    stale: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()


def property_changes(
    document: Document,
    wanted: dict[str, PropertyChange],
    *,
    rules: Rules,
    late_at: int | None,
) -> PropertyChanges:
    """Compute what a record would change, or raise `Rejected` and change nothing.

    `late_at` is the record's explicit time in epoch milliseconds, None if it is now.
    """
    properties = document.properties
    new: dict[str, Value | None] = {}
    old: dict[str, Value] = {}
    stale: list[str] = []
    confirmed: list[str] = []
    late = late_at if rules.late_data_loses else None
    if not properties and late is None and not any(map(_is_operation, wanted.values())):
        # The first record of a profile, as most are: all of it is new.
        new, wanted = dict(wanted), {}  # type: ignore[arg-type]  # there is no operation in it
    for key, change in wanted.items():
        before = properties.get(key)
        if late is None and change == before and type(change) is type(before):
            continue  # as it was: most of what updates send
        if late is not None and late < set_at_of(document, key):
            stale.append(key)
            continue
        after = _operated(key, before, change, rules) if isinstance(change, Operation) else change
        if after == before and type(after) is type(before):
            if late is not None and late > set_at_of(document, key):
                confirmed.append(key)
            continue
        new[key] = after
        if before is not None:
            old[key] = before
    refused = _refuse_new_keys(properties, new, rules.custom_keys)
    return PropertyChanges(new, old, tuple(stale), refused, tuple(confirmed))


def _is_operation(change: PropertyChange) -> bool:
    return type(change) is Operation


def _operated(key: str, before: Value | None, operation: Operation, rules: Rules) -> Value | None:
    """Give a property after an operator; a standard field keeps its form (Age may count)."""
    after = operate(key, before, operation, missing_is_zero=rules.missing_is_zero)
    field = STANDARD_FIELDS.get(key)
    return after if after is None or field is None else field.check(after)


def set_at_of(document: Document, key: str) -> int:
    """Give when a property was last set or removed (epoch milliseconds), 0 for never."""
    if (at := document.set_at.get(key)) is not None:
        return at
    return document.base_at if key in document.properties else 0


def _refuse_new_keys(
    properties: dict[str, Value], new: dict[str, Value | None], cap: int | None
) -> tuple[str, ...]:
    """Drop from `new` the custom keys that the profile has no room for, and name them."""
    if cap is None or len(properties) + len(new) <= cap:
        return ()
    held = sum(1 for key in properties if key not in STANDARD_FIELDS)
    held -= sum(1 for key, value in new.items() if value is None and key not in STANDARD_FIELDS)
    added = [key for key in new if key not in properties and key not in STANDARD_FIELDS]
    refused = tuple(added[max(0, cap - held) :])
    for key in refused:
        del new[key]
    return refused


def is_identified(document: Document) -> bool:
    """Tell whether the data names or reaches a person; else the profile is anonymous (P-03)."""
    properties = document.properties
    return bool(
        document.identities
        or "Email" in properties
        or "Phone" in properties
        or any(device.active_token is not None for device in document.devices)
    )
