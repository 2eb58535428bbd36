"""Reading JSON into structs, with errors that name the field, what was expected and what came.

msgspec says ``Expected `str | null`, got `int` - at `$.visitor.id```; a caller reads ``visitor.id: expected text or
null, got 12``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from tailorbird.domain.errors import Invalid, Problem, join_path, shorten

T = TypeVar("T")

#: how deep arrays and objects may stand inside each other
MAX_NESTING = 64

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at (?:`(?P<part>key|value)` in )?`(?P<path>[^`]*)`)?$", re.DOTALL)
_MISMATCH = re.compile(r"^Expected `(?P<want>[^`]*)`(?P<rest>.*?)(?:, got `(?P<got>[^`]*)`)?$", re.DOTALL)
_MEMBER = re.compile(r"^Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`$", re.DOTALL)
_ENUM = re.compile(r"^Invalid enum value (?P<got>.*)$", re.DOTALL)
_STEP = re.compile(r"\[(?P<index>\d+|\.\.\.)\]|(?P<name>[^.\[\]]+)")
#: one string, whole even when it is not closed, or one bracket
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
    "bytes": "base64 text",
}
_ABSENT = object()


def read(decode: Callable[[bytes], T], body: bytes) -> T:
    """``decode(body)``, or ``Invalid`` with the field, the expectation and what came."""
    try:
        return decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise invalid(error, body) from None


def invalid(error: Exception, body: bytes) -> Invalid:
    """What msgspec said about ``body``, as the error that callers are shown."""
    if not isinstance(error, msgspec.ValidationError):
        return Invalid.field("", "a JSON document in UTF-8", detail=f"The body is not valid JSON: {_reason(error)}.")
    match = _PLACE.match(str(error))
    what, path = (match["what"], match["path"] or "$") if match else (str(error), "$")
    field = path.removeprefix("$").removeprefix(".")
    if member := _MEMBER.match(what):
        return _member(field, member["name"], member["what"].startswith("missing"))
    value = _value_at(body, field)
    if enum := _ENUM.match(what):
        return Invalid.field(field, "one of the values that the documentation lists", enum["got"].strip("'"))
    mismatch = _MISMATCH.match(what)
    if mismatch is None:
        return _one(field, "a value of the documented form", value, what)
    return _one(field, _in_words(mismatch["want"]) + _rest(mismatch["rest"]), value, mismatch["got"] or "")


def expectation(told: str) -> str:
    """What msgspec's sentence about one value expects, in words: ``Expected `int` >= 1`` → ``a whole number from
    1``."""
    mismatch = _MISMATCH.match(told)
    return _in_words(mismatch["want"]) + _rest(mismatch["rest"]) if mismatch else told


def nesting_within(body: bytes, limit: int = MAX_NESTING) -> bool:
    """Whether no value of the JSON text stands deeper than ``limit``. Cheap where there are few brackets; always
    linear."""
    if body.count(b"{") + body.count(b"[") <= limit:
        return True
    depth = 0
    for match in _TOKEN.finditer(body):
        mark = body[match.start()]
        if mark in b"[{":
            depth += 1
            if depth > limit:
                return False
        elif mark in b"]}":
            depth -= 1
    return True


def check_nesting(body: bytes, limit: int = MAX_NESTING) -> None:
    """Raise ``Invalid`` when the JSON text is nested deeper than ``limit``."""
    if not nesting_within(body, limit):
        raise Invalid.field("", f"at most {limit} levels of nesting", "more", "The body is nested too deeply.")


def _member(field: str, name: str, missing: bool) -> Invalid:
    path = join_path(field, name)
    if missing:
        return Invalid.field(path, "a value", "nothing", f"{path} is missing.")
    return Invalid.field(path, "no such member", name, f"{path} is not known here. Is it misspelt?")


def _one(field: str, expected: str, value: object, fallback: str) -> Invalid:
    got = (_WORDS.get(fallback, fallback) or "something else") if value is _ABSENT else shorten(value)
    detail = f"{field or 'the body'}: expected {expected}, got {got}"
    return Invalid(detail, problems=(Problem(field=field, expected=expected, got=got, detail=detail),))


def _in_words(kinds: str) -> str:
    return " or ".join(_WORDS.get(kind, kind) for kind in kinds.split(" | "))


def _rest(text: str) -> str:
    """The constraint that follows a type: `` of length >= 1``, `` >= 0``, `` matching regex …``."""
    text = text.replace(" of length >= ", " of length at least ").replace(" of length <= ", " of length at most ")
    return text.replace(" >= ", " from ").replace(" <= ", " up to ")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return str(error).removeprefix("JSON is malformed: ").replace("Input data was truncated", "it ends too early")


def _value_at(body: bytes, field: str) -> object:
    """What stands at a path of the body; told only where the path is complete and the body can be read."""
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _ABSENT
    for step in _STEP.finditer(field):
        key: Any = int(step["index"]) if (step["index"] or "").isdigit() else step["name"]
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return value
