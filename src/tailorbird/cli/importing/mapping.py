"""Which column of a file is which field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

import msgspec

from tailorbird.cli.errors import Usage
from tailorbird.cli.importing.cells import TYPES, Type

Kind = Literal["people", "events", "items"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: members that a file of rejected rows adds, so that it can be corrected and imported as it is
REJECTED = "rejected"

_WHO = {
    "visitor.id": "visitor.id",
    "visitor_id": "visitor.id",
    "visitor.anonymous_id": "visitor.anonymous_id",
    "anonymous_id": "visitor.anonymous_id",
}
#: name of a column → field, where nobody says otherwise
_KNOWN: dict[Kind, dict[str, str]] = {
    "people": {**_WHO, "id": "visitor.id", "time": "time"},
    "events": {
        **_WHO,
        **{name: name for name in ("id", "name", "time", "session_id", "channel", "token")},
        "event_id": "id",
        "event": "name",
        "timestamp": "time",
    },
    "items": {"id": "id", "item_id": "id", "type": "type"},
}
#: where every other column goes, and what may hold members of its own
_REST: dict[Kind, str] = {"people": "attributes", "events": "properties", "items": "attributes"}
_HOLDERS: dict[Kind, tuple[str, ...]] = {
    "people": ("attributes",),
    "events": ("properties", "attributes"),
    "items": ("attributes",),
}
#: members that hold what they hold as a whole, where a row has them so
_WHOLE: dict[Kind, tuple[str, ...]] = {
    "people": ("visitor", "attributes"),
    "events": ("visitor", "properties", "attributes"),
    "items": ("attributes",),
}
#: of each group one is needed in every row
_NEEDED: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "people": (("visitor.id", "visitor.anonymous_id"),),
    "events": (("visitor.id", "visitor.anonymous_id"), ("name",)),
    "items": (("id",),),
}


class Target(msgspec.Struct, frozen=True):
    """Where a column goes; nowhere with an empty field."""

    field: str
    #: for what is inside properties and attributes; empty: seen from the first rows
    type: Type | Literal[""] = ""


def told_targets(kind: Kind, told: Sequence[str]) -> dict[str, Target]:
    """What ``--map`` says: column → target. ``Usage`` for what is no field of this kind."""
    targets: dict[str, Target] = {}
    for text in told:
        column, mark, field = text.rpartition("=")
        if not mark or not column:
            raise Usage(f"--map takes column=field, not {text!r}.")
        field, _, type_ = field.partition(":")
        types: dict[str, Type | Literal[""]] = {"": "", **{one: one for one in TYPES}}
        if type_ not in types:
            raise Usage(f"--map {text}: a type is one of {', '.join(TYPES)}, not {type_!r}.")
        targets[column] = Target(_field(kind, field, f"--map {text}"), types[type_])
    return targets


def told_constants(kind: Kind, told: Sequence[str]) -> dict[str, str]:
    """What ``--set`` says: field → the text that it is in every row which does not tell it."""
    constants: dict[str, str] = {}
    for text in told:
        field, mark, value = text.partition("=")
        if not mark or not field:
            raise Usage(f"--set takes field=value, not {text!r}.")
        constants[_field(kind, field, f"--set {text}")] = value
    return constants


def _field(kind: Kind, field: str, where: str) -> str:
    if not field:
        return ""
    found = _KNOWN[kind].get(field, field)
    if found in _KNOWN[kind].values():
        return found
    holder, dot, rest = field.partition(".")
    if holder in _HOLDERS[kind] and dot and all(rest.split(".")):
        return field
    names = [*dict.fromkeys(_KNOWN[kind].values()), *(f"{one}.<name>" for one in _HOLDERS[kind])]
    raise Usage(f"{where}: the fields of {kind} are {', '.join(names)}.")


def automatic(kind: Kind, column: str) -> Target:
    """Where a column goes that ``--map`` does not name."""
    if column == REJECTED or column.startswith(f"{REJECTED}."):
        return Target("")
    if column in _WHOLE[kind]:
        return Target(column)
    known = _KNOWN[kind].get(column)
    if known is not None:
        return Target(known)
    holder, dot, rest = column.partition(".")
    if holder in _HOLDERS[kind] and dot and all(rest.split(".")):
        return Target(column)
    return Target(f"{_REST[kind]}.{column}")


def check(kind: Kind, targets: Mapping[str, Target], constants: Iterable[str]) -> None:
    """``Usage`` where no column leads to what every row needs, or two lead to one field."""
    taken: dict[str, str] = {}
    for column, target in targets.items():
        other = taken.setdefault(target.field, column) if target.field else column
        if other != column:
            raise Usage(f"The columns {other!r} and {column!r} both lead to {target.field}: leave one out by --map.")
    found = {*taken, *constants}
    for needed in _NEEDED[kind]:
        if not found.intersection(needed) and needed[0].split(".")[0] not in found:
            raise Usage(f"No column leads to {' or '.join(needed)}. Say which does: --map column={needed[0]}.")
