"""Where an address is: from the operator's file, or unknown (P-17)."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mien.config import InvalidSettingError
from mien.services.places import Place, Places
from tests.support.places import PARIS, PARIS_ADDRESS, write_places

IN_PARIS = Place("FR", "Île-de-France", "Paris")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a file of places."""
    return Path(write_places(tmp_path_factory.mktemp("places") / "city.mmdb"))


# P-17
@pytest.mark.parametrize(
    ("address", "place"),
    [
        (PARIS_ADDRESS, IN_PARIS),
        (f"::ffff:{PARIS_ADDRESS}", IN_PARIS),
        ("2a02:cf40::1", Place("NO")),
        # What is known of an address need not say where it is.
        ("89.160.20.112", None),
        ("127.0.0.1", None),
        ("10.1.2.3", None),
        ("::1", None),
        ("fe80::1%eth0", None),
        ("", None),
        ("unknown", None),
        ("81.2.69", None),
        (f"{PARIS_ADDRESS}:443", None),
    ],
)
def test_an_address_is_where_the_file_says_or_nowhere(
    file: Path, address: str, place: Place | None
) -> None:
    places = Places(str(file))
    assert places.place_of(address) == place
    assert places.place_of(address) == place


# P-17
def test_without_a_file_no_place_is_known() -> None:
    assert Places().place_of(PARIS_ADDRESS) is None


# P-17
def test_a_file_of_old_addresses_knows_no_new_ones(tmp_path: Path) -> None:
    places = Places(write_places(tmp_path / "4.mmdb", {"81.2.69.0/24": PARIS}, version=4))
    assert places.place_of(PARIS_ADDRESS) == IN_PARIS
    assert places.place_of(f"::ffff:{PARIS_ADDRESS}") == IN_PARIS
    assert places.place_of("2a02:cf40::1") is None


# P-17
@pytest.mark.parametrize(
    ("place", "found"),
    [
        ({"country": "FR"}, None),
        ({"country": {"iso_code": 33}, "city": {"names": {"en": "Paris"}}}, Place(city="Paris")),
        ({"country": {"iso_code": " "}, "subdivisions": []}, None),
        ({"country": {"iso_code": "FR"}, "city": {"names": {"fr": "Paris"}}}, Place("FR")),
        ({"country": {"iso_code": "FR"}, "city": {"names": {"en": "x" * 513}}}, Place("FR")),
        ({"country": {"iso_code": "FR"}, "city": {"names": {"en": "a\nb"}}}, Place("FR")),
        ({"country": {"iso_code": "FR"}, "subdivisions": "IDF"}, Place("FR")),
    ],
    ids=repr,
)
def test_what_a_file_says_in_another_form_is_unknown(
    place: dict[str, object], found: Place | None, tmp_path: Path
) -> None:
    places = Places(write_places(tmp_path / "odd.mmdb", {"81.2.69.0/24": place}))
    assert places.place_of(PARIS_ADDRESS) == found


# P-17
def test_a_file_of_something_else_is_refused_with_what_to_take(tmp_path: Path) -> None:
    other = write_places(tmp_path / "asn.mmdb", kind="GeoLite2-ASN")
    with pytest.raises(InvalidSettingError, match="holds 'GeoLite2-ASN', not places"):
        Places(other)


# P-17
@pytest.mark.parametrize("content", [b"", b"country,city\n", b"\xab\xcd\xefMaxMind.com"])
def test_a_file_of_another_form_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.mmdb").write_bytes(content)
    with pytest.raises(InvalidSettingError, match=r"bad\.mmdb.* is no MaxMind-format file"):
        Places(str(tmp_path / "bad.mmdb"))


# P-17
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_refused_or_knows_less(
    data: st.DataObject, file: Path, tmp_path: Path
) -> None:
    content = bytearray(file.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=30)):
        content[place] = data.draw(st.integers(0, 255))
    (tmp_path / "bad.mmdb").write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        places = Places(str(tmp_path / "bad.mmdb"))
    except InvalidSettingError:
        return
    for address in (PARIS_ADDRESS, "2a02:cf40::1"):
        assert isinstance(places.place_of(address), Place | None)


# P-17
def test_a_file_may_be_replaced_under_its_reader(tmp_path: Path) -> None:
    file = tmp_path / "city.mmdb"
    places = Places(write_places(file))
    file.write_bytes(b"")
    assert places.place_of(PARIS_ADDRESS) == IN_PARIS
