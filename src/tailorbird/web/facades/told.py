"""What requests in other services' protocols have in common: bodies, ids that may be numbers, names of attributes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from tailorbird.domain.errors import Invalid
from tailorbird.domain.ids import MAX_VISITOR_ID, is_attribute_name
from tailorbird.domain.shape import check_nesting, invalid, read

T = TypeVar("T")

#: an id as other services' clients send it: text, or a whole number, which becomes the same text and never a float
Id = str | int

#: what is expected of a body that is no JSON at all
NO_JSON = "a JSON document in UTF-8"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAX_DIGITS = 100


def document(decode: Callable[[bytes], T], body: bytes) -> T:
    """The decoded body, or ``Invalid``."""
    check_nesting(body)
    try:
        return read(decode, body)
    except ValueError as error:  # a number with more digits than Python reads
        raise Invalid.field("", NO_JSON, detail="The body holds a number that nobody can read.") from error


def part(decode: Callable[[Any], T], raw: msgspec.Raw, field: str) -> T | Invalid:
    """One element of a batch, or what is wrong with it: a bad one does not lose the others."""
    body = bytes(raw)
    try:
        return decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        return invalid(error, body).under(field).of(body)


def identity(value: Id | None, field: str, limit: int = MAX_VISITOR_ID) -> str | None:
    """An id as text; None where it is absent or blank."""
    if value is None:
        return None
    if isinstance(value, int):
        if not -(10**_MAX_DIGITS) < value < 10**_MAX_DIGITS:
            raise Invalid.field(field, f"an id of at most {_MAX_DIGITS} digits", "a longer one")
        return str(value)
    if not value or value.isspace():
        return None
    if len(value) > limit:
        raise Invalid.field(field, f"text of 1 to {limit} characters", value[:40] + "…")
    if not value.isprintable() and _CONTROL.search(value):
        raise Invalid.field(field, "text without control characters", value[:40])
    return value


def attributes(members: dict[str, Any]) -> dict[str, Any]:
    """The members that can be attributes of a request: names that belong to facts and operators are left out."""
    if all(_can_be_attribute(name) for name in members):
        return members
    return {name: value for name, value in members.items() if _can_be_attribute(name)}


def _can_be_attribute(name: str) -> bool:
    return bool(name) and is_attribute_name(name) and (name.isprintable() or not _CONTROL.search(name))
