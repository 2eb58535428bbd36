"""What the log of refused events may keep of an event that could not be decoded: its name and shape, never a value."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

from tailorbird.domain.errors import Invalid
from tailorbird.domain.shape import check_nesting
from tailorbird.engine import values

_NAME_LENGTH, _LOOKED_AT, _BEGINNING = 100, 2_000, 300
#: bytes; the shape of a longer one is not kept
_WHOLE = 16_384
#: a string that names a member, any other string (whole or cut), and runs of whatever is no bracket
_TOKEN = re.compile(r'"(?P<name>[^"\\]{0,64})"(?=\s*:)|"(?:[^"\\]|\\.)*"?|[^\s{}\[\],:"]+', re.DOTALL)


class _Named(msgspec.Struct):
    """The members by which the doors' protocols name an event."""

    name: Any = None
    action: Any = None


_decode = msgspec.json.Decoder().decode
_decode_named = msgspec.json.Decoder(_Named).decode
_UNREADABLE = (Invalid, msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)


class Shape(NamedTuple):
    """What can be told of it."""

    name: str
    masked: dict[str, Any]
    #: of what is no JSON object, or a long one: its beginning with every value replaced
    beginning: str


def shape(came: bytes) -> Shape:
    """The name and the masked members of a JSON object; of anything else, and of a long one, how it begins."""
    name = _name(came)
    try:
        check_nesting(came)
        told = _decode(came) if len(came) <= _WHOLE else None
    except _UNREADABLE:
        told = None
    return Shape(name, values.masked(told), "") if isinstance(told, dict) else Shape(name, {}, _masked(came))


def _name(came: bytes) -> str:
    """What is told beside the rest, even where that cannot be read."""
    try:
        named = _decode_named(came)
    except _UNREADABLE:
        return ""
    return next((one for one in (named.name, named.action) if isinstance(one, str)), "")[:_NAME_LENGTH]


def _masked(came: bytes) -> str:
    text = came[:_LOOKED_AT].decode("utf-8", "replace")
    return _TOKEN.sub(_replaced, text)[:_BEGINNING]


def _replaced(match: re.Match[str]) -> str:
    """Names of members stay; of any other text only its length is told, of anything else that it was there."""
    if match["name"] is not None:
        return match[0]
    told = match[0]
    if told.startswith('"'):
        return f"text({len(told.strip(chr(34)))})"
    return told if told in ("true", "false", "null") else "…"
