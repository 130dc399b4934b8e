"""Devices: the browsers and phones of a profile, what is known of them, and how they take messages.

Source: P-01, P-08, P-17, U-15.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from mien.domain.rejects import RejectCode, Rejected
from mien.domain.sessions import Session
from mien.domain.values import VALUE_BYTES

DEVICES = 50
"""How many devices a profile has at most (P-08)."""

SEEN_EVERY_SECONDS = 600
"""How exact `seen_at` is: an event moves it only when it is older than this."""


class TokenLoss(StrEnum):
    """Why a push token is no longer active. The values are part of the API."""

    UNREGISTERED = "unregistered"
    """The client said that it takes no push messages any more."""

    MOVED = "moved"
    """Another device came with the same token."""


class PushToken(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Where a device takes push messages: the token, its service, and keys of web push.

    It is active while `inactive_reason` is absent; `inactive_since` is epoch seconds.
    """

    id: str
    type: str
    keys: dict[str, str] | None = None
    inactive_since: int | None = None
    inactive_reason: TokenLoss | None = None

    def lost(self, reason: TokenLoss, *, at: int) -> "PushToken":
        """Give the token as it is once it is no longer active; `at` is epoch seconds."""
        return msgspec.structs.replace(self, inactive_since=at, inactive_reason=reason)


class DeviceFacts(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """What a record tells of the device that it came from; what it does not tell is absent.

    `time_zone` is a name such as `Europe/Paris`, `utc_offset` is `+0530`, `country` an
    ISO 3166 code or a name, as the sender has it, `latitude` and `longitude` degrees.
    """

    platform: str | None = None
    make: str | None = None
    model: str | None = None
    os: str | None = None
    os_version: str | None = None
    app_version: str | None = None
    browser: str | None = None
    browser_version: str | None = None
    sdk_version: str | None = None
    language: str | None = None
    time_zone: str | None = None
    utc_offset: str | None = None
    country: str | None = None
    region: str | None = None
    city: str | None = None
    latitude: str | None = None
    longitude: str | None = None


FACT_NAMES = DeviceFacts.__struct_fields__


class Device(DeviceFacts, omit_defaults=True, gc=False):
    """One browser or phone of a profile, with its facts. Times are epoch seconds."""

    object_id: str
    token: PushToken | None = None
    first_seen_at: int = 0
    seen_at: int = 0
    session: Session | None = None

    @property
    def key(self) -> str:
        """The form by which it is found: its objectId without a leading `-`."""
        return self.object_id.removeprefix("-")

    @property
    def active_token(self) -> PushToken | None:
        """The token by which it takes push messages, None if it takes none."""
        token = self.token
        return token if token is not None and token.inactive_reason is None else None

    def facts(self) -> dict[str, str]:
        """Give what is known of it, by name."""
        known = {name: getattr(self, name) for name in FACT_NAMES}
        return {name: fact for name, fact in known.items() if fact is not None}

    def learn(self, facts: DeviceFacts) -> dict[str, str]:
        """Take over what a record tells, and give what is new by name."""
        learned = {
            name: told
            for name in FACT_NAMES
            if (told := getattr(facts, name)) is not None and told != getattr(self, name)
        }
        for name, told in learned.items():
            setattr(self, name, told)
        return learned


def longest_unseen(devices: Sequence[Device]) -> Device:
    """Give the device to let go: the longest unseen, one without an active token first (P-08)."""
    return min(devices, key=lambda each: (each.active_token is not None, each.seen_at))


def parse_device_facts(raw: object) -> DeviceFacts:
    """Read what a record tells of its device, or raise `Rejected` (620) naming the field."""
    if not isinstance(raw, dict):
        raise Rejected(RejectCode.DEVICE, "What is told of the device needs to be an object")
    for name, value in raw.items():
        _check_fact(name, value)
    return DeviceFacts(**raw)


def _check_fact(name: str, value: object) -> None:
    if name not in FACT_NAMES:
        known = ", ".join(FACT_NAMES)
        raise Rejected(RejectCode.DEVICE, f"'{name}' is no fact of a device; known are {known}")
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Rejected(RejectCode.DEVICE, f"'{name}' of a device needs to be a text")
    if (size := len(value.encode(errors="surrogatepass"))) > VALUE_BYTES:
        reason = f"'{name}' of a device is {size} bytes, the limit is {VALUE_BYTES}"
        raise Rejected(RejectCode.DEVICE, reason)
