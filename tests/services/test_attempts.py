"""Attempts to sign in, counted within a quarter of an hour (D-01)."""

from mien.services.attempts import BY_EMAIL, BY_NETWORK, BY_PAIR, Attempts


def test_a_pair_has_few_attempts_and_new_ones_after_a_while() -> None:
    attempts = Attempts()
    assert [attempts.begin("ana", "n", now=10.0) for _ in range(BY_PAIR)] == [0.0] * BY_PAIR
    assert attempts.begin("ana", "n", now=10.0) == 900.0
    assert attempts.begin("ana", "n", now=900.0) == 10.0
    assert attempts.begin("ben", "n", now=10.0) == 0.0
    assert attempts.begin("ana", "n", now=910.0) == 0.0


def test_many_addresses_from_one_network_are_bounded() -> None:
    attempts = Attempts()
    for number in range(BY_NETWORK):
        assert attempts.begin(f"member {number}", "n", now=0.0) == 0.0
    assert attempts.begin("one more", "n", now=0.0) > 0
    assert attempts.begin("one more", "elsewhere", now=0.0) == 0.0


def test_one_address_from_many_networks_is_bounded() -> None:
    attempts = Attempts()
    for number in range(BY_EMAIL):
        assert attempts.begin("ana", f"network {number}", now=0.0) == 0.0
    assert attempts.begin("ana", "one more", now=0.0) > 0


def test_who_knew_the_password_begins_anew() -> None:
    attempts = Attempts()
    for _ in range(BY_PAIR):
        attempts.begin("ana", "n", now=0.0)
    attempts.succeed("ana", "n")
    assert attempts.begin("ana", "n", now=0.0) == 0.0
