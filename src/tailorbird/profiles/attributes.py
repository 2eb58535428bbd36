"""How attributes are written: of each, the last write wins.

``consent`` is written member by member: what is said of one category, ``consent.<category>``, must not undo what is
said elsewhere of another at the same moment. Where all of it is written at once, members that are written later go on
top.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.domain.facts import CONSENT
from tailorbird.domain.profile import Stamp

_MEMBER = f"{CONSENT}."


def write(attributes: dict[str, Any], stamps: dict[str, Stamp], name: str, value: Any, stamp: Stamp) -> None:
    """Write one attribute, or ``consent.<category>``, into both mappings; null removes it."""
    if name.startswith(_MEMBER):
        _write_member(attributes, stamps, name, value, stamp)
        return
    known = stamps.get(name)
    if known is not None and not wins(stamp, value, known, attributes.get(name)):
        return
    stamps[name] = stamp
    if name == CONSENT:
        value = _with_later_members(attributes, stamps, value, stamp)
    if value is None:
        attributes.pop(name, None)
    else:
        attributes[name] = value


def join(attributes: dict[str, Any], stamps: dict[str, Stamp], others: dict[str, Any], told: dict[str, Stamp]) -> None:
    """Write all that is known of another side."""
    for name, stamp in told.items():
        member = name.startswith(_MEMBER)
        value = _members(others).get(name.removeprefix(_MEMBER)) if member else others.get(name)
        write(attributes, stamps, name, value, stamp)


def _write_member(attributes: dict[str, Any], stamps: dict[str, Stamp], name: str, value: Any, stamp: Stamp) -> None:
    member, members = name.removeprefix(_MEMBER), _members(attributes)
    for known in (stamps.get(name), stamps.get(CONSENT)):
        if known is not None and not wins(stamp, value, known, members.get(member)):
            return
    stamps[name] = stamp
    _put(attributes, {**members, member: value})


def _with_later_members(attributes: dict[str, Any], stamps: dict[str, Stamp], value: Any, stamp: Stamp) -> Any:
    """All of ``consent`` with the members that were written after it; what was written before is forgotten."""
    members, later = _members(attributes), {}
    for name in [name for name in stamps if name.startswith(_MEMBER)]:
        member = name.removeprefix(_MEMBER)
        if _order(stamps[name]) > _order(stamp):
            later[member] = members.get(member)
        else:
            del stamps[name]
    if not later:
        return value
    merged = {**(value if isinstance(value, dict) else {}), **later}
    return {member: said for member, said in merged.items() if said is not None} or None


def _put(attributes: dict[str, Any], members: dict[str, Any]) -> None:
    kept = {member: value for member, value in members.items() if value is not None}
    if kept:
        attributes[CONSENT] = kept
    else:
        attributes.pop(CONSENT, None)


def _members(attributes: dict[str, Any]) -> dict[str, Any]:
    held = attributes.get(CONSENT)
    return held if isinstance(held, dict) else {}


def _order(stamp: Stamp) -> tuple[int, str]:
    return stamp.time, stamp.event_id


def wins(stamp: Stamp, value: object, known: Stamp, current: object) -> bool:
    """Whether a write replaces what is known: the later (time, event id), and of equals the larger JSON text."""
    if stamp.time != known.time:
        return stamp.time > known.time
    if stamp.event_id != known.event_id:
        return stamp.event_id > known.event_id
    return _text(value) > _text(current)


def _text(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")
