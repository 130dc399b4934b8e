"""A record names nobody but who is vouched for (K-03)."""

import pytest

from mien.domain.identities import Identity, IdentityKind
from mien.domain.rejects import Reject, RejectCode
from mien.domain.vouching import Vouched, check_own, check_vouched
from tests.domain.making import accepted, event, profile, read, token

ANA = Vouched(frozenset({Identity(IdentityKind.IDENTITY, "ana")}), email="ana@example.com")
NOBODY = Vouched(problem="identity_token has expired")


def refused(raw: dict[str, object], vouched: Vouched) -> str:
    """Give the reason for which a record is refused; it comes back as it came."""
    found = check_vouched(accepted(raw), vouched)
    assert isinstance(found, Reject)
    assert found.code is RejectCode.IDENTITY_UNSIGNED
    assert found.record == raw
    return found.reason


@pytest.mark.parametrize(
    "raw",
    [
        profile({"plan": "gold"}),
        profile({"identity": "ana"}, objectId="d-1"),
        event(),
        event(objectId="d-1"),
        profile({"Email": "somebody@example.com"}, objectId="d-1"),
        token({"id": "t", "type": "fcm"}),
    ],
)
def test_who_is_vouched_for_may_be_named_and_so_may_a_device(raw: dict[str, object]) -> None:
    record = accepted(raw)
    assert check_vouched(record, ANA) is record


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (profile({}, identity="bo"), "identity 'bo'"),
        (profile({}, identity="Ana"), "identity 'Ana'"),
        (profile({}, FBID="ana"), "FBID 'ana'"),
        (profile({}, identity="ana", GPID="g"), "GPID 'g'"),
        (profile({"identity": "bo"}, identity="ana"), "identity 'bo'"),
        (profile({"FBID": "f"}, objectId="d-1"), "FBID 'f'"),
        (event(identity="bo"), "identity 'bo'"),
        (event(identity="ana", FBID="f"), "FBID 'f'"),
        (profile({}, objectId="mien_1f"), "objectId 'mien_1f'"),
        (event(objectId="-mien_1f"), "objectId 'mien_1f'"),
        (token({"id": "t", "type": "fcm"}, "mien_1f"), "objectId 'mien_1f'"),
    ],
)
def test_a_record_of_another_person_is_refused(raw: dict[str, object], name: str) -> None:
    reason = "is taken in this environment only when it is signed: identity_token is for another id"
    assert refused(raw, ANA) == f"{name} {reason}"


# R12
def test_whether_a_person_is_disabled_is_not_for_pages_and_apps_to_say() -> None:
    for said in (True, False, {"$delete": 1}):
        raw = profile({"plan": "gold", "MSG-disabled": said}, objectId="d-1")
        found = check_own(accepted(raw))
        assert isinstance(found, Reject)
        assert (found.code, found.record) == (RejectCode.PREFERENCE, raw)
        assert found.reason.startswith("MSG-disabled is for your server and for members to set")
    for other in (profile({"MSG-push": False}), event()):
        record = accepted(other)
        assert check_own(record) is record
    reject = read(profile({"MSG-disabled": "never"}))
    assert check_own(reject) is reject


def test_the_reason_says_what_is_wrong_with_the_token() -> None:
    assert refused(profile({}), NOBODY).endswith("signed: identity_token has expired")


def test_an_address_that_joins_people_needs_a_voucher_too() -> None:
    """K-03 with P-07: where e-mail unifies, it names a person."""
    joins = Vouched(ANA.identities, ANA.email, joins_by_email=True)
    other = profile({"Email": "bo@example.com"}, objectId="d-1")
    assert refused(other, joins).startswith("Email 'bo@example.com' is taken")
    assert refused(profile({"Email": {"$set": "bo@example.com"}}), joins).startswith("Email")
    for data in ({"Email": "ANA@example.com"}, {"Email": {"$delete": 1}}, {"plan": "x"}):
        record = accepted(profile(data))
        assert check_vouched(record, joins) is record


def test_what_was_rejected_stays_rejected() -> None:
    rejected = read({"type": "nothing"})
    assert isinstance(rejected, Reject)
    assert check_vouched(rejected, ANA) is rejected
