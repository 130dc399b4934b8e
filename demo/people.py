"""Who the customers of Kettlewick are: people, their devices, and the card they fill in."""

import unicodedata
from dataclasses import dataclass, field
from enum import IntEnum
from random import Random
from typing import TypeAlias

from demo.names import COUNTRY, MAIL_DOMAINS, MODELS, City, Country, Model, any_of, digits
from demo.shop import CAMPAIGN, RELEASES

Properties: TypeAlias = dict[str, object]

DAY_SECONDS = 86_400
FIRST_NUMBER = 100_000

_PLAIN = str.maketrans({"ß": "ss", "'": ""})
_OBJECT_ID_STARTS = {"Android": "__", "iOS": "-", "Web": ""}


class Kind(IntEnum):
    """What becomes of a person within the story."""

    VISITOR = 0
    """Stays anonymous: object ids only."""
    JOINER = 1
    """Comes anonymously and signs up at some visit."""
    CUSTOMER = 2
    """Was a customer before the story begins."""


@dataclass(slots=True)
class Device:
    """One phone, tablet or browser. `lag_days` is how late it takes a new app version."""

    object_id: str
    platform: str
    model: Model
    os_version: str
    lag_days: int
    app_version: str = ""
    is_known: bool = False


@dataclass(slots=True)
class Person:
    """One person of the story and what the app remembers of them between visits.

    `login_visit` counts from 0; None if they never sign up.
    """

    number: int
    country: Country
    city: City
    devices: list[Device]
    campaign: str
    login_visit: int | None
    is_logged_in: bool = False
    visits: int = 0
    orders: int = 0
    wish: str | None = None
    has_basket_waiting: bool = False
    favourites: set[str] = field(default_factory=set)

    @property
    def distinct_id(self) -> str:
        """The customer number that the shop gives at sign-up."""
        return f"kw-{FIRST_NUMBER + self.number}"

    @property
    def is_due_to_sign_up(self) -> bool:
        """Is this the visit to say who they are, or one after it?"""
        return (
            not self.is_logged_in
            and self.login_visit is not None
            and (self.visits >= self.login_visit)
        )


def make_person(rng: Random, number: int, kind: Kind) -> Person:
    """Invent one person with one or two devices."""
    country = COUNTRY.one(rng)
    devices = [make_device(rng, country.platforms.one(rng))]
    if kind is not Kind.VISITOR and rng.random() < 0.18:
        devices.append(make_device(rng, "Android" if devices[0].platform == "Web" else "Web"))
    login_visit = None if kind is Kind.VISITOR else min(int(rng.expovariate(1.1)), 3)
    return Person(number, country, country.cities.one(rng), devices, CAMPAIGN.one(rng), login_visit)


def make_device(rng: Random, platform: str) -> Device:
    """Invent one device of a platform (Android, iOS or Web)."""
    model = MODELS[platform].one(rng)
    return Device(
        object_id=f"{_OBJECT_ID_STARTS[platform]}{rng.getrandbits(120):030x}",
        platform=platform,
        model=model,
        os_version=any_of(rng, model.os_versions),
        lag_days=int(rng.expovariate(0.15)),
    )


def version_on(device: Device, day: int) -> str:
    """Give the app version that a device runs on a day of the story."""
    reached = [version for out, version in RELEASES if out + device.lag_days <= day]
    return reached[-1] if reached else RELEASES[0][1]


def device_properties(person: Person, device: Device) -> Properties:
    """Describe a device and where it is, as an SDK would."""
    model = device.model
    return {
        "Platform": device.platform,
        "Device": f"{model.make} {model.name}",
        "OS Version": device.os_version,
        "App Version": device.app_version,
        "City": person.city.name,
        "Country": person.country.name,
        "Language": person.country.language,
    }


def card(rng: Random, person: Person, *, signed_up_at: int) -> Properties:
    """Fill in a person's card at sign-up: text, flags, numbers, dates and lists.

    `signed_up_at` is in epoch seconds.
    """
    gender = any_of(rng, "MF")
    first = any_of(rng, person.country.women if gender == "F" else person.country.men)
    last = any_of(rng, person.country.families)
    properties: Properties = {
        "Name": f"{first} {last}",
        "Email": _email(rng, first, last, person.number),
        "Customer Type": "New",
        "Acquired By": person.campaign,
        "Signed Up": f"$D_{signed_up_at}",
        "Currency": person.country.currency,
        "Orders": 0,
        "Loyalty Points": 50,
        "Lifetime Value": 0.0,
    }
    properties.update(_answers(rng, person, gender))
    properties.update(_consents(rng, has_phone="Phone" in properties))
    return properties


def _email(rng: Random, first: str, last: str, number: int) -> str:
    """Make an address that nobody else of the story has."""
    name = unicodedata.normalize("NFKD", f"{first}.{last}".translate(_PLAIN))
    plain = name.encode("ascii", "ignore").decode().lower()
    return f"{plain}.{number}@{MAIL_DOMAINS.one(rng)}"


def _answers(rng: Random, person: Person, gender: str) -> Properties:
    """Answer what people may leave out."""
    answers: Properties = {}
    if rng.random() < 0.72:
        answers["Phone"] = person.city.phone_start + digits(rng, person.country.phone_digits)
    if rng.random() < 0.80:
        answers["Gender"] = gender
    if rng.random() < 0.64:
        answers["DOB"] = _birthday(rng)
    if rng.random() < 0.25:
        answers["Employed"] = "Y" if rng.random() < 0.77 else "N"
        answers["Education"] = any_of(rng, ("School", "College", "Graduate", "Graduate"))
        answers["Married"] = any_of(rng, "YN")
    answers["Brews At Home"] = rng.random() < 0.6
    return answers


def _birthday(rng: Random) -> str:
    """Make a date of birth, most people between 20 and 50."""
    year = max(2006 - int(rng.betavariate(2, 3.5) * 62), 1944)
    return f"$D_{year}{int(rng.random() * 12) + 1:02d}{int(rng.random() * 28) + 1:02d}"


def _consents(rng: Random, *, has_phone: bool) -> Properties:
    """Tick the boxes for messages; few ask that an address be left alone altogether."""
    flags: Properties = {
        "MSG-email": rng.random() < 0.78,
        "MSG-push": rng.random() < 0.66,
    }
    if has_phone:
        flags["MSG-sms"] = rng.random() < 0.45
        flags["MSG-whatsapp"] = rng.random() < 0.31
        if rng.random() < 0.01:
            flags["MSG-dndPhone"] = True
    if rng.random() < 0.005:
        flags["MSG-dndEmail"] = True
    return flags
