"""What the web SDK of CleverTap says, as records.

The SDK sends one thing a request: a page, an event, a profile, a ping or a push
subscription. `read_visit` turns it into records of the compatible API, and meets the
SDK's habits on the way: it sends a phone as a number, a UTC offset as a property, and
strips some characters from most of what it sends, but not from all. Source: K-01.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from mien.domain.errors import InvalidInputError
from mien.domain.events import RESTRICTED_KEYS, event_key
from mien.domain.identities import object_identity, profile_of_server_object_id
from mien.domain.preferences import OPT_OUT
from mien.domain.rejects import Rejected
from mien.domain.sessions import SESSION_ID
from mien.domain.values import is_too_long

Payload: TypeAlias = Mapping[str, object]
Raw: TypeAlias = dict[str, object]

OPTED_OUT_SUFFIX = ":OO"
"""Ends the guid of a visitor who opted out: by this the SDK knows to send nothing."""

IDENTITY_TOKEN = "identity_token"  # noqa: S105 - the name of a key
"""The property by which a page proves who its visitor is; it is never stored."""

LATE_SECONDS = 60
"""What was sent this long ago has waited in the browser, and keeps its own time."""

OLDEST_SECONDS = 30 * 86_400
"""What claims to have waited longer has a wrong clock."""

SESSION_SECONDS = 86_400
"""No session goes on for longer without a page that begins it anew."""

_FETCH, _FETCH_VARIABLES = "wzrk_fetch", 4
_PAGE_VIEW, _UTM_VISIT = "Web Page Viewed", "UTM Visited"
_OWN_EVENTS = frozenset(map(event_key, ("Notification Viewed", "Notification Clicked")))
"""Reserved events that the SDK itself raises."""

_UTM = {"us": "utm_source", "um": "utm_medium", "uc": "utm_campaign"}
_ENUM = "$E_"
_DROPPED_IN_KEYS = re.compile(r"^\s+|[.:$'\"\\]|\s+$")
_DROPPED_IN_PATHS = re.compile(r"^\s+|[:$'\"\\]|\s+$")
_DROPPED_IN_VALUES = re.compile(r"^\s+|['\"\\]|\s+$")
_COORDINATES = {"Latitude": 90, "Longitude": 180}
_OFFSET = re.compile(r"[A-Za-z]*([+-]\d{4})")
_ZONE = re.compile(r"[A-Za-z_+-]+(?:/[A-Za-z0-9_+-]+)+")
_DIGITS = re.compile(r"\d{5,15}", re.ASCII)
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_OPERATORS = frozenset(("$set", "$add", "$remove", "$delete", "$incr", "$decr"))


class Envelope(msgspec.Struct, frozen=True):
    """What stands in the URL beside the payload, as it came; empty where it did not."""

    kind: str = ""
    guid: str = ""
    session: str = ""
    number: str = ""
    sent_at: str = ""


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What one request of the SDK asks for.

    `object_id` is the guid: the visitor's, or a new one. `session` is epoch seconds of
    its start, `number` the request's. `raises_reserved` says that a page raised an event
    that is not for it, `opts_out` what the visitor chose now, `token` the signed proof
    of who the visitor is.
    """

    object_id: str
    session: int
    number: int
    records: tuple[Raw, ...] = ()
    is_login: bool = False
    is_page: bool = False
    wants_profile: bool = False
    wants_variables: bool = False
    raises_reserved: bool = False
    opts_out: bool | None = None
    token: str | None = None


def read_visit(
    payload: Payload,
    envelope: Envelope,
    *,
    now: int,
    new_guid: Callable[[], str],
    facts: Mapping[str, str],
) -> Visit:
    """Read a request of the SDK, or raise `InvalidInputError` naming the part.

    `now` is in epoch seconds; `new_guid` makes one for a visitor who has none; `facts`
    are what is known of the browser. What the records hold is checked where all records are.
    """
    is_login = payload.get("isOUL") is True
    object_id = _guid(payload, envelope, is_login=is_login) or new_guid()
    session = _session(payload.get("s"), envelope.session, now)
    heads = _Heads(object_id, session, _sent_at(envelope.sent_at, now), _facts(payload, facts))
    visit = Visit(
        object_id=object_id,
        session=session,
        number=int(envelope.number) if _NUMBER.fullmatch(envelope.number) else 0,
        is_login=is_login,
        wants_profile=payload.get("dsync") is True,
    )
    match envelope.kind, payload.get("type"):
        case "page", _:
            records = _page(payload, heads)
            return msgspec.structs.replace(visit, records=records, is_page=True)
        case "ping", _:
            return msgspec.structs.replace(visit, records=(heads.profile({}),))
        case "data", _:
            return msgspec.structs.replace(visit, records=_subscription(payload, heads))
        case "push", "event":
            return _event(payload, heads, visit)
        case "push", "profile":
            return _profile(payload, heads, visit)
        case "push", kind:
            problem = f"is {_shown(kind)}, which is neither event nor profile"
            raise InvalidInputError(path="d.type", problem=problem)
        case kind, _:
            problem = f"is {_shown(kind)}, which is none of page, push, ping and data"
            raise InvalidInputError(path="type", problem=problem)


class _Heads(msgspec.Struct, frozen=True):
    """What every record of a request has in common."""

    object_id: str
    session: int
    at: int | None
    facts: Mapping[str, str]

    def event(self, name: object, data: object, told: Mapping[str, object] | None = None) -> Raw:
        """Begin an event record; `told` is of its session."""
        return {"type": "event", **self._head(told), "evtName": name, "evtData": data}

    def profile(self, data: object) -> Raw:
        """Begin a profile record."""
        return {"type": "profile", **self._head(), "profileData": data}

    def _head(self, told: Mapping[str, object] | None = None) -> Raw:
        head: Raw = {
            "objectId": self.object_id,
            "sessionData": {SESSION_ID: self.session, **(told or {})},
        }
        if self.facts:
            head["deviceData"] = dict(self.facts)
        if self.at is not None:
            head["ts"] = self.at
        return head


def _guid(payload: Payload, envelope: Envelope, *, is_login: bool) -> str:
    """Give the guid of a visitor, empty for a new one: who logs in anew, or asks for another."""
    if payload.get("rc") is True:
        return ""
    guid = payload.get("g")
    if guid is None and not is_login:
        # What waited for the first answer was packed before the guid was known.
        guid = envelope.guid
    if guid is None or guid == "":
        return ""
    if not isinstance(guid, str):
        raise InvalidInputError(path="g", problem="needs to be a text")
    guid = guid.removesuffix(OPTED_OUT_SUFFIX)
    try:
        key = object_identity(guid).value
    except Rejected as rejected:
        raise InvalidInputError(path="g", problem=rejected.reason) from rejected
    if profile_of_server_object_id(key) is not None:
        # Such an id is counted up, so that anybody could name anybody by it.
        raise InvalidInputError(path="g", problem="is the id of a profile, which no device has")
    return guid


def _session(packed: object, beside: str, now: int) -> int:
    """Give the session of a request: as it was packed, else as it is now, else a new one."""
    if isinstance(packed, int) and _is_fresh(packed, now):
        return packed
    if _NUMBER.fullmatch(beside) and _is_fresh(int(beside), now):
        return int(beside)
    return now


def _is_fresh(session: int, now: int) -> bool:
    # Another server may have given it, whose clock is a little ahead.
    return now - SESSION_SECONDS < session <= now + LATE_SECONDS


def _sent_at(text: str, now: int) -> int | None:
    """Give the time at which a request was packed if it waited since, None for now."""
    if not _NUMBER.fullmatch(text):
        return None
    at = int(text)
    return at if now - OLDEST_SECONDS <= at < now - LATE_SECONDS else None


def _facts(payload: Payload, facts: Mapping[str, str]) -> Mapping[str, str]:
    """Give what is known of the browser; an event and a ping need not say it again."""
    if payload.get("type") == "event":
        return {}
    told = dict(facts)
    fields = payload.get("af")
    if isinstance(fields, dict):
        _tell(told, "sdk_version", fields.get("lib"))
        told |= _coordinates(fields)
    profile = payload.get("profile")
    if isinstance(profile, dict):
        told |= _zone(profile.get("tz"))
    return told


def _coordinates(fields: Payload) -> dict[str, str]:
    """Give where a page says that it is, in degrees."""
    return {
        name.lower(): f"{degrees:.6g}"
        for name, most in _COORDINATES.items()
        if isinstance(degrees := fields.get(name), (int, float))
        and not isinstance(degrees, bool)
        and -most <= degrees <= most
    }


def _zone(zone: object) -> dict[str, str]:
    """Give what `tz` is: the SDK sends an offset, a page may give a time zone."""
    if not isinstance(zone, str):
        return {}
    if (offset := _OFFSET.fullmatch(zone)) is not None:
        return {"utc_offset": offset[1]}
    return {"time_zone": zone} if _ZONE.fullmatch(zone) and not is_too_long(zone) else {}


def _tell(told: dict[str, str], name: str, value: object) -> None:
    """Take a fact over, unless it is no short text: a page may say anything."""
    if isinstance(value, str) and value.strip() and value.isprintable() and not is_too_long(value):
        told[name] = value


def _page(payload: Payload, heads: _Heads) -> tuple[Raw, ...]:
    """Read a page: that it was viewed, and by which campaign its visitor came."""
    campaign: dict[str, str] = {}
    for short, name in _UTM.items():
        _tell(campaign, name, payload.get(short))
    told = dict(campaign)
    _tell(told, "session_referrer", payload.get("referrer"))
    _tell(told, "session_source", payload.get("wm"))
    viewed: dict[str, str] = {}
    _tell(viewed, "URL", _url(payload.get("cpg")))
    _tell(viewed, "Referrer", payload.get("referrer"))
    records = [heads.event(_PAGE_VIEW, viewed, told)]
    if campaign:
        records.append(heads.event(_UTM_VISIT, campaign, told))
    return tuple(records)


def _url(url: object) -> str:
    """Give the URL of a page without its fragment, and without its query if that makes it too long."""
    text = url.partition("#")[0] if isinstance(url, str) else ""
    return text.partition("?")[0] if is_too_long(text) else text


def _event(payload: Payload, heads: _Heads, visit: Visit) -> Visit:
    name, data = payload.get("evtName"), payload.get("evtData")
    if name == _FETCH:
        wanted = data.get("t") if isinstance(data, dict) else None
        return msgspec.structs.replace(
            visit, records=(heads.profile({}),), wants_variables=wanted == _FETCH_VARIABLES
        )
    if isinstance(data, dict):
        data = {_key(key): _event_value(value) for key, value in data.items()}
    key = event_key(name) if isinstance(name, str) else ""
    return msgspec.structs.replace(
        visit,
        records=(heads.event(name, {} if data is None else data),),
        raises_reserved=key in RESTRICTED_KEYS and key not in _OWN_EVENTS,
    )


def _event_value(value: object) -> object:
    return _value(value) if isinstance(value, str) else value


def _profile(payload: Payload, heads: _Heads, visit: Visit) -> Visit:
    profile = payload.get("profile")
    if not isinstance(profile, dict):
        raise InvalidInputError(path="d.profile", problem="needs to be an object")
    token, opts_out = profile.get(IDENTITY_TOKEN), profile.get(OPT_OUT)
    return msgspec.structs.replace(
        visit,
        records=(heads.profile(_profile_data(profile)),),
        opts_out=opts_out if isinstance(opts_out, bool) else None,
        token=token if isinstance(token, str) else None,
    )


def _profile_data(profile: Mapping[str, object]) -> Raw:
    """Give what a profile says of the person: without what it says of the browser."""
    data: Raw = {}
    for key, value in profile.items():
        if key in ("tz", IDENTITY_TOKEN):
            continue
        if key == "Phone":
            data[key] = _phone(value)
        elif isinstance(value, dict) and len(value) == 1 and value.keys() <= _OPERATORS:
            # A dot in the key of an operator is a path into an object, which no key may stand for.
            [(operator, operand)] = value.items()
            data[_DROPPED_IN_PATHS.sub("", key)] = {operator: _operand(operator, operand)}
        else:
            data[_key(key)] = _profile_value(value)
    return data


def _phone(value: object) -> object:
    """Give a phone its `+` back: the SDK takes it away, and sends the rest as a number."""
    text = str(value) if type(value) is int else value
    return f"+{text}" if isinstance(text, str) and _DIGITS.fullmatch(text) else text


def _operand(operator: str, operand: object) -> object:
    if operator in ("$incr", "$decr", "$delete"):
        return operand
    if operator == "$set" and not isinstance(operand, list):
        return _profile_value(operand)
    return _items(operand)


def _profile_value(value: object) -> object:
    match value:
        case str():
            return _value(value)
        case list():
            return _items(value)
        case _:
            return value


def _items(operand: object) -> object:
    """Give one or several items of a list as texts: the SDK takes numbers too."""
    return [_item(each) for each in operand] if isinstance(operand, list) else _item(operand)


def _item(item: object) -> object:
    match item:
        case str():
            return _value(item)
        case bool():
            return item
        case int():
            return str(item)
        case float():
            return f"{item:.15g}"
        case _:
            return item


def _key(key: str) -> str:
    return _DROPPED_IN_KEYS.sub("", key)


def _value(text: str) -> str:
    return _DROPPED_IN_VALUES.sub("", text.removeprefix(_ENUM))


def _subscription(payload: Payload, heads: _Heads) -> tuple[Raw, ...]:
    """Read a push subscription: the browser has one, or has it no more."""
    token: Raw = {"type": "token", "objectId": heads.object_id}
    if payload.get("action") == "unregister":
        return ({**token, "tokenData": None},)
    data = {"id": payload.get("endpoint"), "type": "chrome", "keys": payload.get("keys")}
    # A token needs a device that is known, and this may be the first that is heard of it.
    return heads.profile({}), {**token, "tokenData": data}


def _shown(value: object) -> str:
    return repr(value)[:40] if isinstance(value, str) else "no text"
