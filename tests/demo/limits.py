"""The documented limits of a record, checked without the server's own code."""

import re
from collections.abc import Mapping

from mien_client import EventRecord, ProfileRecord, Record, TokenRecord

_KEY_BYTES, _VALUE_BYTES, _LIST_ITEMS, _PROPERTIES = 120, 512, 100, 256
_BAD_IN_KEYS = re.compile(r"""[%><!|&.:;$'"\\#]""")
_OBJECT_ID = re.compile(r"[A-Za-z0-9()!:@$_-]{1,64}")
_DATE = re.compile(r"\$D_(\d{8}|\d{10})")
_FORMS = {
    "Email": re.compile(r"[a-z0-9.]+@([a-z]+\.)?example\.(com|org)"),
    "Phone": re.compile(r"\+[1-9]\d{7,14}"),
    "Gender": re.compile(r"[MF]"),
    "DOB": re.compile(r"\$D_(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"),
    "Employed": re.compile(r"[YN]"),
    "Married": re.compile(r"[YN]"),
    "Education": re.compile(r"School|College|Graduate"),
}
_OPERANDS: dict[str, tuple[type, ...]] = {
    "$add": (list,),
    "$remove": (list,),
    "$delete": (bool,),
    "$incr": (int, float),
    "$decr": (int, float),
}
_RESERVED = {
    "Notification Sent",
    "Notification Viewed",
    "Notification Clicked",
    "UTM Visited",
    "App Launched",
    "App Uninstalled",
    "Stayed",
    "Reply Sent",
    "Reachable By",
    "Identity Set",
    "Identity Reset",
    "Identity Error",
}
_TOKEN_TYPES = {"fcm", "apns", "chrome"}


def complaints(record: Record) -> list[str]:
    """Give what a server would have against a record; empty if nothing."""
    match record:
        case TokenRecord():
            return _of_token(record)
        case EventRecord():
            return [*_of_ids(record), *_of_event(record)]
        case ProfileRecord():
            return [*_of_ids(record), *_of_profile(record.properties)]


def _of_ids(record: ProfileRecord | EventRecord) -> list[str]:
    found = []
    if record.distinct_id is None and record.object_id is None:
        found.append("nobody is named")
    if record.object_id is not None and not _OBJECT_ID.fullmatch(record.object_id):
        found.append(f"object id {record.object_id!r}")
    if not isinstance(record.at, int):
        found.append(f"at {record.at!r}")
    return found


def _of_token(record: TokenRecord) -> list[str]:
    is_chrome = record.token_type == "chrome"
    found = [] if record.token_type in _TOKEN_TYPES else [f"token type {record.token_type}"]
    if (set(record.keys or ()) == {"p256dh", "auth"}) is not is_chrome:
        found.append(f"keys of a {record.token_type} token")
    return found


def _of_event(record: EventRecord) -> list[str]:
    found = [f"reserved name {record.name}"] if record.name in _RESERVED else []
    if len(record.properties) > _PROPERTIES:
        found.append("too many properties")
    for key, value in record.properties.items():
        if key == "Items" and record.name == "Charged":
            found += [each for item in value for each in _of_flat(item)]
        elif isinstance(value, list) and record.name == "Charged":
            found.append(f"{key} of Charged nests")
        else:
            found += [*_of_key(key), *_of_value(key, value)]
    return found


def _of_flat(item: Mapping[str, object]) -> list[str]:
    return [
        each for key, value in item.items() for each in (*_of_key(key), *_of_scalar(key, value))
    ]


def _of_profile(properties: Mapping[str, object]) -> list[str]:
    found = []
    for key, value in properties.items():
        found += _of_key(key)
        if isinstance(value, dict):
            found += _of_operator(key, value)
        elif not _has_its_form(key, value):
            found.append(f"{key} {value!r}")
        else:
            found += _of_value(key, value)
    return found


def _has_its_form(key: str, value: object) -> bool:
    if key.startswith("MSG-"):
        return isinstance(value, bool)
    return key not in _FORMS or _FORMS[key].fullmatch(str(value)) is not None


def _of_operator(key: str, value: Mapping[str, object]) -> list[str]:
    (name, operand), *rest = value.items()
    if rest or not isinstance(operand, _OPERANDS.get(name, ())):
        return [f"{key} has {value!r}"]
    return _of_value(key, operand)


def _of_key(key: str) -> list[str]:
    is_bad = not key.strip() or len(key.encode()) > _KEY_BYTES or _BAD_IN_KEYS.search(key)
    return [f"key {key!r}"] if is_bad else []


def _of_value(key: str, value: object) -> list[str]:
    if not isinstance(value, list):
        return _of_scalar(key, value)
    if not 0 < len(value) <= _LIST_ITEMS or not all(isinstance(item, str) for item in value):
        return [f"{key} {value!r}"]
    return [each for item in value for each in _of_scalar(key, item)]


def _of_scalar(key: str, value: object) -> list[str]:
    match value:
        case bool() | int() | float():
            return []
        case str() if value.startswith("$D_"):
            return [] if _DATE.fullmatch(value) else [f"{key} {value!r}"]
        case str() if value and len(value.encode()) <= _VALUE_BYTES:
            return []
        case _:
            return [f"{key} {value!r}"]
