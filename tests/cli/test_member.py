"""`mien member`: who may sign in, and new passwords (D-01)."""

import re
from pathlib import Path

from mien.services.signing_in import SignIns
from mien.store.setup import prepare
from tests.cli.commands import mien, new_account, read_json, refusal

PASSWORD = r"(?:[a-z2-9]{5}-){3}[a-z2-9]{5}"


def opens(folder: Path, email: str, password: str) -> bool:
    """Tell whether a password is good."""
    store = prepare(f"sqlite:///{folder / 'mien.db'}", may_migrate=False)
    signed_in = SignIns(store, hours=1).recognise(
        SignIns(store, hours=1).sign_in(email, password, network="")
    )
    store.close()
    return signed_in is not None


def test_a_member_is_added_with_a_password_for_once(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["live"]["account_id"]
    made = read_json(
        mien(
            *("member", "add", account_id, "ana@example.com", "--role", "admin"),
            *("--data", tmp_path, "--json"),
        )
    )
    password = made["password"]
    assert re.fullmatch(PASSWORD, password)
    assert made == {
        "email": "ana@example.com",
        "name": "ana",
        "role": "admin",
        "password": password,
    }
    assert opens(tmp_path, "ana@example.com", password)


def test_people_are_told_where_to_sign_in(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["test"]["account_id"]
    add = ("member", "add", account_id, "ana@example.com", "--name", "Ana", "--data", tmp_path)
    said = mien(*add).stdout
    assert "Added ana@example.com, a viewer." in said
    assert len(re.findall(PASSWORD, said)) == 1
    assert "http://127.0.0.1:8080/sign-in" in said
    assert "is a member already" in refusal(mien(*add))


def test_members_are_listed_changed_and_removed(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["live"]["account_id"]
    on = ("--data", tmp_path)
    assert "no member yet" in mien("member", "list", account_id, *on).stdout
    for email, role in (("ana@example.com", "admin"), ("ben@example.com", "viewer")):
        mien("member", "add", account_id, email, "--role", role, *on)
    assert (
        "ben@example.com is an editor now."
        in mien("member", "role", "ben@example.com", "editor", *on).stdout
    )
    shown = read_json(mien("member", "role", "BEN@example.com", "viewer", *on, "--json"))
    assert (shown["role"], shown["signed_in_at"]) == ("viewer", None)
    listed = read_json(mien("member", "list", account_id, *on, "--json"))["members"]
    assert [(each["email"], each["role"]) for each in listed] == [
        ("ana@example.com", "admin"),
        ("ben@example.com", "viewer"),
    ]
    assert "never" in mien("member", "list", account_id, *on).stdout
    assert "they are signed out" in mien("member", "remove", "ben@example.com", *on).stdout
    assert "last admin" in refusal(mien("member", "remove", "ana@example.com", *on))
    assert "No member has" in refusal(mien("member", "remove", "ben@example.com", *on, "--json"))


def test_a_lost_password_is_made_anew(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["live"]["account_id"]
    on = ("--data", tmp_path)
    mien("member", "add", account_id, "ana@example.com", *on)
    made = read_json(mien("member", "password", "ana@example.com", *on, "--json"))
    assert opens(tmp_path, "ana@example.com", made["password"])
    said = mien("member", "password", "ana@example.com", *on).stdout
    assert "Made a new password for ana@example.com, a viewer." in said


def test_what_is_no_member_is_refused(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["live"]["account_id"]
    on = ("--data", tmp_path)
    assert "--email: is no e-mail address" in refusal(
        mien("member", "add", account_id, "nobody", *on)
    )
    assert "There is no environment" in refusal(
        mien("member", "add", "NOT-ONE-0001", "ana@example.com", *on)
    )
