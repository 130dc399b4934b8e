"""The standard fields of a profile: their names, forms, codes and help in one table.

API, docs and screens read `STANDARD_FIELDS`. A field is checked in the order of
`rank`, and the first failure names the record's code (recorded from the original).
Source: U-08, U-09; the texts are those that clients of the original have seen.
"""

import re
from collections.abc import Callable

import msgspec

from mien.domain.rejects import RejectCode, Rejected
from mien.domain.values import VALUE_BYTES, Value, ValueType, check_text, day_of, is_too_long

OLDEST_AGE = 150

_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
    r"(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+)*"
    r"@(?:[A-Za-z0-9\u00a1-\U0010ffff](?:[A-Za-z0-9\u00a1-\U0010ffff-]*"
    r"[A-Za-z0-9\u00a1-\U0010ffff])?\.)+[A-Za-z\u00a1-\U0010ffff][A-Za-z0-9\u00a1-\U0010ffff-]*"
    r"[A-Za-z0-9\u00a1-\U0010ffff]"
)
_EMAIL_BYTES = 254
_PHONE = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#]+(?:[/?#]\S*)?", re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,4}", re.ASCII)
_PHONE_PUNCTUATION = str.maketrans("", "", " -().")
_GENDERS = {
    **dict.fromkeys(("m", "male"), "M"),
    **dict.fromkeys(("f", "female"), "F"),
    **dict.fromkeys(("o", "other", "others"), "O"),
    **dict.fromkeys(("u", "unknown"), "U"),
}
_EDUCATIONS = {name.lower(): name for name in ("School", "College", "Graduate")}


class StandardField(msgspec.Struct, frozen=True):
    """One standard field: what its value must look like and what it is for.

    `check` gives a value of `type`, or raises `Rejected` with `code`. `form` and `help` are
    in Markdown, as far as backticks go.
    """

    name: str
    rank: int
    check: Callable[[object], Value]
    type: ValueType
    code: RejectCode
    form: str
    help: str


def normalise_phone(text: str) -> str | None:
    """Give a phone number as E.164 (`+` and 7 to 15 digits), or None if it is none."""
    if _PHONE.fullmatch(text):
        return text  # as most come; taking punctuation out costs twice as much as this look
    bare = text.translate(_PHONE_PUNCTUATION)
    return bare if _PHONE.fullmatch(bare) else None


def normalise_email(text: str) -> str:
    """Give the form by which an e-mail address finds its profiles."""
    return text.strip().casefold()


def _email(value: object) -> str:
    if isinstance(value, str):
        text = value.strip()
        if len(text.encode()) <= _EMAIL_BYTES and _EMAIL.fullmatch(text):
            return text
    raise Rejected(RejectCode.EMAIL, "Email is not valid")


def _phone(value: object) -> str:
    if isinstance(value, str) and (number := normalise_phone(value)):
        return number
    raise Rejected(RejectCode.PHONE, "Phone number is not valid")


def _gender(value: object) -> str:
    if isinstance(value, str) and (known := _GENDERS.get(value.strip().lower())):
        return known
    raise Rejected(RejectCode.GENDER, "Gender needs to be M/F")


def _yes_or_no(value: object) -> str | None:
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, str) and value.strip().upper() in ("Y", "N"):
        return value.strip().upper()
    return None


def _employed(value: object) -> str:
    if (answer := _yes_or_no(value)) is None:
        raise Rejected(RejectCode.EMPLOYED, "Employed needs to be Y/N")
    return answer


def _married(value: object) -> str:
    if (answer := _yes_or_no(value)) is None:
        raise Rejected(RejectCode.MARRIED, "Married needs to be Y/N")
    return answer


def _education(value: object) -> str:
    if isinstance(value, str) and (known := _EDUCATIONS.get(value.strip().lower())):
        return known
    raise Rejected(RejectCode.EDUCATION, "Education needs to be School/College/Graduate.")


def _age(value: object) -> int:
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value.strip())
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= OLDEST_AGE:
        return value
    raise Rejected(RejectCode.AGE, "Age is invalid")


def _birth_date(name: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        if isinstance(value, str) and day_of(value) is not None:
            return value
        raise Rejected(RejectCode.DATE_OF_BIRTH, f"{name} needs to be $D_ and a date")

    return check


def _text(name: str, code: RejectCode) -> Callable[[object], str]:
    def check(value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise Rejected(code, f"{name} needs to be a text")
        if is_too_long(value):
            size = len(value.encode())
            raise Rejected(
                RejectCode.VALUE_TOO_LONG,
                f"The value of '{name}' is {size} bytes, the limit is {VALUE_BYTES}",
            )
        return check_text(name, value)

    return check


_FLAGS: dict[object, bool] = {"1": True, "true": True, "0": False, "false": False}


def _flag(name: str) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        if isinstance(value, bool):
            return value
        if isinstance(value, int) and value in (0, 1):
            return value == 1
        if isinstance(value, str) and (known := _FLAGS.get(value.strip().lower())) is not None:
            return known
        raise Rejected(RejectCode.PREFERENCE, f"{name} needs to be true or false")

    return check


def _photo(value: object) -> str:
    if isinstance(value, str) and _WEB_ADDRESS.fullmatch(value) and not is_too_long(value):
        return value
    raise Rejected(RejectCode.PHOTO, "Photo needs to be a web address")


_OPT_IN = "True when this profile takes messages on the channel, false when it does not."
_BLOCK = "True blocks the address for everybody who has it"
_TEXT, _DATE, _FLAG = ValueType.STRING, ValueType.DATE, ValueType.BOOLEAN
_CODES = RejectCode
_FIELDS = (
    StandardField(
        "Email",
        1,
        _email,
        _TEXT,
        _CODES.EMAIL,
        form="`ana@example.com`",
        help="One address; finds the profile.",
    ),
    StandardField(
        "Gender",
        2,
        _gender,
        _TEXT,
        _CODES.GENDER,
        form="`M`, `F`, `O` or `U`",
        help="`male`, `female`, `other` and `unknown` are understood.",
    ),
    StandardField(
        "Phone",
        3,
        _phone,
        _TEXT,
        _CODES.PHONE,
        form="`+14155551234`",
        help="`+`, country code, number. Spaces, dashes, dots and brackets are taken out.",
    ),
    StandardField(
        "Employed",
        4,
        _employed,
        _TEXT,
        _CODES.EMPLOYED,
        form="`Y` or `N`",
        help="`true` and `false` are understood.",
    ),
    StandardField(
        "Education",
        5,
        _education,
        _TEXT,
        _CODES.EDUCATION,
        form="`School`, `College` or `Graduate`",
        help="The highest level.",
    ),
    StandardField(
        "Married",
        6,
        _married,
        _TEXT,
        _CODES.MARRIED,
        form="`Y` or `N`",
        help="`true` and `false` are understood.",
    ),
    StandardField(
        "Age",
        8,
        _age,
        ValueType.INTEGER,
        _CODES.AGE,
        form="`34`",
        help="Whole years, 0 to 150. Once a date of birth is known, the age follows from it.",
    ),
    StandardField(
        "DOB",
        9,
        _birth_date("DOB"),
        _DATE,
        _CODES.DATE_OF_BIRTH,
        form="`$D_19900131`, or `$D_` and epoch seconds",
        help="The date of birth; gives the age.",
    ),
    StandardField(
        "Birthday",
        10,
        _birth_date("Birthday"),
        _DATE,
        _CODES.DATE_OF_BIRTH,
        form="`$D_19900131`, or `$D_` and epoch seconds",
        help="The same as `DOB`, which wins.",
    ),
    StandardField(
        "Name",
        11,
        _text("Name", _CODES.NAME),
        _TEXT,
        _CODES.NAME,
        form="`Ana Silva`",
        help="The full name, not blank.",
    ),
    StandardField(
        "Customer Type",
        12,
        _text("Customer Type", _CODES.CUSTOMER_TYPE),
        _TEXT,
        _CODES.CUSTOMER_TYPE,
        form="`Platinum`",
        help="Your own grade of customer.",
    ),
    StandardField(
        "Photo",
        12,
        _photo,
        _TEXT,
        _CODES.PHOTO,
        form="`https://example.com/ana.jpg`",
        help="Where a picture of the person is.",
    ),
    StandardField(
        "tz",
        12,
        _text("tz", _CODES.TIME_ZONE),
        _TEXT,
        _CODES.TIME_ZONE,
        form="`GMT+0530` or `Europe/Paris`",
        help="The time zone, as clients tell it; screens call it Timezone.",
    ),
    *(
        StandardField(
            name,
            13,
            _flag(name),
            _FLAG,
            _CODES.PREFERENCE,
            form="`true` or `false`",
            help=_OPT_IN,
        )
        for name in ("MSG-email", "MSG-sms", "MSG-push", "MSG-whatsapp", "MSG-webpush")
    ),
    StandardField(
        "MSG-disabled",
        13,
        _flag("MSG-disabled"),
        _FLAG,
        _CODES.PREFERENCE,
        form="`true` or `false`",
        help="True disables the profile: it gets nothing, on no channel. Pages and apps may not say it.",
    ),
    *(
        StandardField(
            name,
            14,
            _flag(name),
            _FLAG,
            _CODES.PREFERENCE,
            form="`true` or `false`",
            help=f"{_BLOCK}{where}.",
        )
        for name, where in (
            ("MSG-dndEmail", ""),
            ("MSG-dndPhone", ", on SMS and WhatsApp"),
            ("MSG-dndWhatsApp", ", on WhatsApp alone"),
            ("MSG-dndSMS", "; another name of `MSG-dndPhone`"),
        )
    ),
)

STANDARD_FIELDS: dict[str, StandardField] = {field.name: field for field in _FIELDS}


RANK_OF_IDENTITY = 7
"""Where an id inside `profileData` stands in the recorded order of checks: before Age."""

RANK_OF_OTHERS = 99
"""Custom keys are looked at after all standard fields."""
