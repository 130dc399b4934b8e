"""`mien environment`: showing and setting what an environment decided."""

from pathlib import Path

from tests.cli.commands import mien, new_account, read_json


def test_a_setting_is_set_and_shown(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["live"]["account_id"]
    on = ("--data", tmp_path)
    assert mien("environment", "set", account_id, "unify_on", '["email"]', *on).returncode == 0
    assert read_json(mien("environment", "show", account_id, *on, "--json"))["unify_on"] == [
        "email"
    ]
    assert '["email"]' in mien("environment", "show", account_id, *on).stdout


def test_a_wrong_value_is_refused_in_a_sentence(tmp_path: Path) -> None:
    account_id = new_account(tmp_path)["live"]["account_id"]
    on = ("--data", tmp_path)
    refused = mien("environment", "set", account_id, "unify_on", "email", *on)
    assert refused.returncode == 1
    assert "as JSON" in refused.stderr
    refused = mien("environment", "set", account_id, "merges_per_call", "100001", *on)
    assert "is 100001" in refused.stderr
