"""Where addresses are: an operator-given mmdb file, and which address a request really comes from.

Both record forms in use are read: MaxMind's nested one and the flat ``{"country_code": "GB"}``. Private, reserved and
malformed addresses are nowhere, whatever a database says of them (some name a country for them).
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Any

import maxminddb

from tailorbird.domain.errors import Invalid
from tailorbird.targeting import NOWHERE, Locate, Place

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def open_locator(path: Path) -> Locate:
    """A ``Locate`` on the database at ``path``, which is read into memory. Raises ``Invalid`` when it is none."""
    try:
        reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        raise Invalid.field("geo", "the path of an mmdb file", str(path), f"{path}: {error}") from error

    def locate(address: str) -> Place:
        parsed = parse_address(address)
        if parsed is None or not parsed.is_global:
            return NOWHERE
        try:
            return place_of(reader.get(parsed))
        except (ValueError, maxminddb.InvalidDatabaseError):
            return NOWHERE  # an IPv6 address in an IPv4 database, or a damaged record

    return locate


def place_of(record: Any) -> Place:
    """The place in a record of either form; what is not there, or not text, is unknown."""
    if not isinstance(record, dict):
        return NOWHERE
    country = _text(record.get("country_code")) or _text(_dig(record, "country", "iso_code"))
    divisions = record.get("subdivisions")
    first = divisions[0] if isinstance(divisions, list) and divisions else None
    region = _text(_dig(first, "iso_code")) or _text(record.get("region_code")) or _text(record.get("state1"))
    city = _text(_dig(record, "city", "names", "en")) or _text(record.get("city"))
    return Place(country.upper() if country else None, region, city)


def _dig(record: Any, *names: str) -> Any:
    for name in names:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def parse_address(text: str) -> Address | None:
    """An IP address as headers have it: with port, brackets, zone, or IPv4 inside IPv6; None for other texts."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def client_address(peer: str, forwarded_for: str | None, trusted_proxies: Collection[Network]) -> str:
    """The address a request comes from: the last hop in ``X-Forwarded-For`` that is no trusted proxy.

    A header is believed only as far as trusted proxies wrote it, so a visitor who sends one gains nothing. An
    unreadable hop ends the walk at the proxy that passed it on.
    """
    current = parse_address(peer)
    for hop in reversed((forwarded_for or "").split(",")):
        if current is None or not any(current in network for network in trusted_proxies):
            break
        earlier = parse_address(hop)
        if earlier is None:
            break
        current = earlier
    return peer if current is None else str(current)
