"""Standard fields: what each takes, how it is kept, and what it refuses."""

import re

import pytest

from mien.domain.fields import STANDARD_FIELDS, normalise_phone
from mien.domain.operations import DELETE, Operation, Operator
from mien.domain.preferences import ADDRESS_FLAGS, DISABLED, OPT_INS, SubscriptionKind
from mien.domain.rejects import RejectCode
from mien.domain.values import type_of
from tests.domain.making import accepted_profile, code_of, code_of_data, profile

LONGEST_LOCAL = "a" * 242

TAKEN: list[tuple[str, object, object]] = [
    ("Email", "ana@example.com", "ana@example.com"),
    ("Email", " Ana.Silva+news@Mail.Example.co ", "Ana.Silva+news@Mail.Example.co"),
    ("Email", "josé@exámple.es", "josé@exámple.es"),
    ("Email", "用户@例子.公司", "用户@例子.公司"),
    ("Email", f"{LONGEST_LOCAL}@example.com", f"{LONGEST_LOCAL}@example.com"),
    ("Phone", "+14155551234", "+14155551234"),
    ("Phone", " +1 (415) 555-1234", "+14155551234"),
    ("Phone", "+44.20.7946.0958", "+442079460958"),
    ("Phone", "+1234567", "+1234567"),
    ("Phone", "+123456789012345", "+123456789012345"),
    *(("Gender", word, "M") for word in ("M", "m", "Male", " MALE ")),
    *(("Gender", word, "F") for word in ("F", "f", "female")),
    *(("Gender", word, "O") for word in ("O", "other", "Others")),
    *(("Gender", word, "U") for word in ("U", "Unknown")),
    *((key, "Y", "Y") for key in ("Employed", "Married")),
    *((key, " n", "N") for key in ("Employed", "Married")),
    *((key, True, "Y") for key in ("Employed", "Married")),
    *((key, False, "N") for key in ("Employed", "Married")),
    *(("Education", word, "School") for word in ("School", "school", " SCHOOL ")),
    ("Education", "college", "College"),
    ("Education", "Graduate", "Graduate"),
    ("Age", 0, 0),
    ("Age", 150, 150),
    ("Age", "18", 18),
    ("Age", " 034 ", 34),
    ("DOB", "$D_19900131", "$D_19900131"),
    ("DOB", "$D_633744000", "$D_633744000"),
    ("DOB", "$D_-1", "$D_-1"),
    ("Birthday", "$D_19040229", "$D_19040229"),
    ("Name", "Ana Silva", "Ana Silva"),
    ("Name", " 안나 😀", " 안나 😀"),
    ("Customer Type", "Platinum", "Platinum"),
    *(("Photo", where, where) for where in ("https://example.com/a.jpg", "HTTP://x.de?p=1")),
    *(("tz", zone, zone) for zone in ("GMT+0530", "Europe/Paris", "GMT-0800 (PST)")),
    *(("MSG-email", value, True) for value in (True, 1, "1", "true", " TRUE ")),
    *(("MSG-push", value, False) for value in (False, 0, "0", "false", "False")),
    *((f"MSG-{channel}", True, True) for channel in ("sms", "whatsapp", "webpush")),
    ("MSG-disabled", "1", True),
]

_NEVER: list[object] = [None, 1.5, [], ["Y"], {"$set": None}, ""]

REFUSED: list[tuple[RejectCode, str, list[object]]] = [
    (
        RejectCode.EMAIL,
        "Email",
        [
            *_NEVER,
            5,
            True,
            "$$$$$",
            "1234",
            "ana",
            "ana@",
            "@example.com",
            "ana@example",
            "ana@@example.com",
            "a na@example.com",
            "ana@example..com",
            ".ana@example.com",
            "ana.@example.com",
            "ana@-example.com",
            "ana@example-.com",
            "ana@example.com-",
            "ana@example.c",
            "ana@example.com,bea@example.com",
            "[email protected]",
            f"{LONGEST_LOCAL}a@example.com",
            f"{'é' * 122}@example.com",
        ],
    ),
    (
        RejectCode.PHONE,
        "Phone",
        [
            *_NEVER,
            14155551234,
            True,
            "223",
            "123",
            "14155551234",
            "+44+441234",
            "+",
            "+0123456789",
            "+123456",
            "+1234567890123456",
            "+1415555abcd",
            "+١٤١٥٥٥٥١٢٣٤",
            "0014155551234",
        ],
    ),
    (RejectCode.GENDER, "Gender", [*_NEVER, 1, True, "x", "man"]),
    (RejectCode.EMPLOYED, "Employed", [*_NEVER, 1, 0, "yes", "true", "123"]),
    (RejectCode.EDUCATION, "Education", [*_NEVER, 1, True, "University", "123"]),
    (RejectCode.MARRIED, "Married", [*_NEVER, 1, 0, "yes", "true", "123"]),
    (
        RejectCode.AGE,
        "Age",
        [*_NEVER, True, "aa", -1, 151, "-1", "+5", "151", "00018", "12345", "١٨", "18.0", 10**30],
    ),
    *(
        (
            RejectCode.DATE_OF_BIRTH,
            key,
            [*_NEVER, 5, True, "19900131", "1990-01-31", "$D_", "$D_x", "$D_999999999999"],
        )
        for key in ("DOB", "Birthday")
    ),
    (RejectCode.NAME, "Name", [*_NEVER, 5, True, " ", "\t"]),
    (RejectCode.CUSTOMER_TYPE, "Customer Type", [*_NEVER, 5, True, " "]),
    (
        RejectCode.PHOTO,
        "Photo",
        [
            *_NEVER,
            5,
            True,
            "ana.jpg",
            "javascript:alert(1)",
            "https://",
            "https:///a.jpg",
            "https://example.com/a b.jpg",
            f"https://example.com/{'a' * 500}",
        ],
    ),
    (RejectCode.TIME_ZONE, "tz", [*_NEVER, 5, True, " "]),
    *(
        (RejectCode.PREFERENCE, key, [*_NEVER, 2, -1, "yes", "Y", "2", 1.0])
        for key in (*OPT_INS, DISABLED)
    ),
    *((RejectCode.PREFERENCE, key, [*_NEVER, 2, "yes"]) for key in ADDRESS_FLAGS),
]


# U-08, U-09, U-13
@pytest.mark.parametrize(("key", "given", "kept"), TAKEN, ids=repr)
def test_a_right_form_is_taken_and_kept_in_one_form(key: str, given: object, kept: object) -> None:
    for value in (given, {"$set": given}):
        changes = accepted_profile({key: value}).changes
        assert changes == {key: kept}
        assert type(changes[key]) is type(kept)


# U-08
@pytest.mark.parametrize(
    ("code", "key", "value"),
    [(code, key, value) for code, key, values in REFUSED for value in values],
    ids=repr,
)
def test_a_wrong_form_is_refused_with_the_code_of_its_field(
    code: RejectCode, key: str, value: object
) -> None:
    assert code_of_data(key, value) == code
    if not isinstance(value, dict):
        assert code_of_data(key, {"$set": value}) == code


# U-08
def test_every_standard_field_is_tried() -> None:
    tried = {key for key, _, _ in TAKEN} | set(ADDRESS_FLAGS)
    assert tried == set(STANDARD_FIELDS)
    assert {key for _, key, _ in REFUSED} == set(STANDARD_FIELDS)


# P-09
def test_every_standard_field_says_its_form_and_what_it_is_for() -> None:
    for name, field in STANDARD_FIELDS.items():
        assert field.name == name
        assert field.form
        assert field.help.endswith(".")
        codes = {code for code, key, _ in REFUSED if key == name}
        assert codes == {field.code}
        kept = [value for key, _, value in TAKEN if key == name]
        assert {type_of(value) for value in kept} <= {field.type}


# P-09
def test_the_example_of_a_form_has_the_form() -> None:
    for name, field in STANDARD_FIELDS.items():
        for example in re.findall("`([^`]+)`", field.form.removesuffix("`$D_` and epoch seconds")):
            assert type_of(field.check(example)) is field.type, name


# U-12
@pytest.mark.parametrize("name", sorted(STANDARD_FIELDS.keys() - ADDRESS_FLAGS.keys()))
@pytest.mark.parametrize("operand", [1, True])
def test_delete_works_on_every_standard_field(name: str, operand: object) -> None:
    assert accepted_profile({name: {"$delete": operand}}).changes == {name: DELETE}


# U-12
@pytest.mark.parametrize("name", STANDARD_FIELDS)
@pytest.mark.parametrize("operation", [{"$add": "a"}, {"$remove": "a"}, {"$what": 1}])
def test_a_standard_field_is_no_list(name: str, operation: object) -> None:
    assert code_of_data(name, operation) == RejectCode.OPERATOR_UNKNOWN


# U-12
@pytest.mark.parametrize("name", sorted(STANDARD_FIELDS.keys() - {"Age"}))
def test_of_the_standard_fields_only_age_counts(name: str) -> None:
    for operator in ("$incr", "$decr"):
        assert code_of_data(name, {operator: 1}) == RejectCode.OPERATOR_UNKNOWN
    assert accepted_profile({"Age": {"$decr": 1}}).changes == {
        "Age": Operation(Operator.INCREMENT, number=-1)
    }


# U-13
@pytest.mark.parametrize(
    ("value", "is_blocked"),
    [(True, True), ("1", True), (0, False), ({"$set": True}, True), ({"$delete": 1}, False)],
)
def test_a_flag_of_an_address_is_kept_apart_from_the_properties(
    value: object, is_blocked: object
) -> None:
    record = accepted_profile({"MSG-dndEmail": value, "MSG-dndPhone": value, "plan": "pro"})
    assert record.address_flags == (
        (SubscriptionKind.EMAIL, is_blocked),
        (SubscriptionKind.PHONE, is_blocked),
    )
    assert record.changes == {"plan": "pro"}


# U-13
@pytest.mark.parametrize("first", ["MSG-dndPhone", "MSG-dndSMS"])
def test_of_two_flags_of_one_address_the_one_that_blocks_it_holds(first: str) -> None:
    second = "MSG-dndSMS" if first == "MSG-dndPhone" else "MSG-dndPhone"
    for said in (True, False):
        record = accepted_profile({first: said, second: not said})
        assert record.address_flags == ((SubscriptionKind.PHONE, True),)


# U-09
@pytest.mark.parametrize("text", ["+1 415-555(1234)", "+14155551234"])
def test_a_phone_is_found_by_its_e164_form(text: str) -> None:
    assert normalise_phone(text) == "+14155551234"


# U-09
def test_what_is_no_phone_has_no_form() -> None:
    assert normalise_phone("415") is None


# U-08
def test_the_data_of_a_profile_needs_to_be_an_object() -> None:
    wrong: list[object] = [None, [], "x", 1, True]
    for data in wrong:
        assert code_of(profile(data)) == RejectCode.PROFILE_DATA
    assert code_of({"type": "profile", "identity": "ana"}) == RejectCode.PROFILE_DATA
    assert accepted_profile({}).changes == {}
