"""Places from an mmdb file, and the address a request really comes from."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from tailorbird.domain.errors import Invalid
from tailorbird.engine.geo import client_address, open_locator, parse_address, place_of
from tailorbird.targeting import NOWHERE, Locate, Place
from tests.architecture.sources import ROOT

DATABASE = ROOT / "tests" / "data" / "geo" / "GeoLite2-City-Test.mmdb"
PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]


@pytest.fixture(scope="module")
def locate() -> Locate:
    return open_locator(DATABASE)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("81.2.69.142", Place("GB", "ENG", "London")),
        ("2.125.160.216", Place("GB", "ENG", "Boxford")),
        ("::ffff:81.2.69.142", Place("GB", "ENG", "London")),
        ("81.2.69.142:443", Place("GB", "ENG", "London")),
        ("2001:218::1", Place("JP")),
        ("9.9.9.9", NOWHERE),
        ("10.1.2.3", NOWHERE),
        ("127.0.0.1", NOWHERE),
        ("192.168.0.1", NOWHERE),
        ("::1", NOWHERE),
        ("fe80::1%eth0", NOWHERE),
        ("", NOWHERE),
        ("somewhere", NOWHERE),
        ("1.2.3.4.5", NOWHERE),
        ("\ud800", NOWHERE),
    ],
)
def test_place_of_an_address(locate: Locate, address: str, place: Place) -> None:
    assert locate(address) == place


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"country_code": "GB"}, Place("GB")),
        ({"country_code": "at", "city": "Wien", "state1": "Wien"}, Place("AT", "Wien", "Wien")),
        ({"country": {"iso_code": "DE"}, "city": {"names": {"en": "Munich"}}}, Place("DE", None, "Munich")),
        ({"country": "DE", "city": 5, "subdivisions": {}}, NOWHERE),
        (None, NOWHERE),
        ([1], NOWHERE),
    ],
)
def test_both_forms_of_records_are_read(record: object, place: Place) -> None:
    assert place_of(record) == place


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.mmdb").write_bytes(b"nothing")
    for path in (tmp_path / "no.mmdb", tmp_path / "absent.mmdb"):
        with pytest.raises(Invalid, match=path.name):
            open_locator(path)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "81.2.69.142", "203.0.113.9"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "81.2.69.142", "81.2.69.142"),
        ("10.0.0.1", "1.1.1.1, 81.2.69.142", "81.2.69.142"),
        ("10.0.0.1", "81.2.69.142, 10.0.0.2", "81.2.69.142"),
        ("2001:db8::1", "[2a02::1]:443", "2a02::1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "81.2.69.142, junk", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("unix", "81.2.69.142", "unix"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: str | None, address: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


@pytest.mark.parametrize(
    ("text", "address"),
    [(' "[2A02::1]:80" ', "2a02::1"), ("1.2.3.4:80", "1.2.3.4"), ("::ffff:1.2.3.4", "1.2.3.4"), ("1.2.3", None)],
)
def test_addresses_as_headers_have_them(text: str, address: str | None) -> None:
    parsed = parse_address(text)
    assert (str(parsed) if parsed else None) == address
