"""`mien signing-key`: the keys that sign who a customer's users are (K-03)."""

from pathlib import Path

import jwt

from mien import clock
from mien.services.accounts import get_environment
from mien.services.user_tokens import IdentityTokens
from mien.store.setup import prepare
from tests.cli.commands import mien, new_account, read_json, refusal


def add_key(folder: Path, account_id: str, *options: object) -> dict[str, object]:
    """Make a signing key."""
    made = mien("signing-key", "add", account_id, *options, "--data", folder, "--json")
    found = read_json(made)
    assert isinstance(found, dict)
    return found


def test_a_key_that_was_added_signs_for_its_environment(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["live"]["account_id"]
    made = add_key(tmp_path, account_id, "--label", "web shop")
    secret = made.pop("secret")
    assert made == {"account_id": account_id, "key_id": 1, "label": "web shop"}
    ends = clock.now_ms() // 1_000 + 600
    token = jwt.encode({"sub": "ana", "aud": account_id, "exp": ends}, str(secret), "HS256")
    store = prepare(f"sqlite:///{tmp_path / 'mien.db'}", may_migrate=False)
    environment = get_environment(store, account_id).environment_id
    vouched = IdentityTokens(store).check_identity(environment, account_id, token)
    assert [value for _, value in vouched.identities] == ["ana"]
    store.close()


def test_keys_are_listed_without_their_secrets_and_revoked(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["test"]["account_id"]
    secrets = [str(add_key(tmp_path, account_id)["secret"]) for _ in range(2)]
    revoked = mien("signing-key", "revoke", account_id, 1, "--data", tmp_path, "--json")
    assert read_json(revoked) == {"account_id": account_id, "key_id": 1}
    listed = read_json(mien("signing-key", "list", account_id, "--data", tmp_path, "--json"))
    states = [key["revoked_at"] is None for key in listed["signing_keys"]]
    assert states == [False, True]
    table = mien("signing-key", "list", account_id, "--data", tmp_path).stdout
    assert "in use" in table
    assert "revoked" in table
    assert not any(secret in table + str(listed) for secret in secrets)


def test_people_are_told_where_the_secret_belongs(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["live"]["account_id"]
    said = mien("signing-key", "add", account_id, "--data", tmp_path).stdout
    assert f"Made signing key 1 of {account_id}." in said
    assert "never to a page" in said
    assert f"mien signing-key revoke {account_id} 1 --data {tmp_path}" in said
    said = mien("signing-key", "revoke", account_id, 1, "--data", tmp_path).stdout
    assert "within a second" in said


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["live"]["account_id"]
    for number in (1, 2**70):
        said = refusal(mien("signing-key", "revoke", account_id, number, "--data", tmp_path))
        assert f"There is no signing key {number} that is in use." in said
    for command in (("add", "NOT-ONE-0001"), ("list", "NOT-ONE-0001"), ("revoke", "NOT-1", 1)):
        said = refusal(mien("signing-key", *command, "--data", tmp_path))
        assert "There is no environment NOT-" in said
    said = refusal(mien("signing-key", "add", account_id, "--label", " ", "--data", tmp_path))
    assert said == "--label: needs 1 to 200 characters."
