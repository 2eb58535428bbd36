"""Operators that judge one value, as a table from name to the maker of a test. Every test is total: it answers for any
JSON value and never raises; values of another type than the operator asks for do not pass.

Opposites (``$ne``, ``$nin``, …) are not here: ``OPPOSITES`` names the operator whose exact complement each of them is.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import re2

from tailorbird.domain.errors import Invalid
from tailorbird.targeting.equality import equals, folded, one_of, one_of_folded
from tailorbird.targeting.limits import MAX_REGEX
from tailorbird.targeting.tree import Test
from tailorbird.targeting.versions import Version, version_of

#: From the operand and its path to a test; raises ``Invalid`` when there is no such test.
Maker = Callable[[Any, str], Test]

#: memory that one regular expression may take, compiled and matching
REGEX_BYTES = 1 << 20


def never(value: Any) -> bool:
    """The test that nothing passes."""
    return False


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number (a boolean is not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _greater(operand: Any, path: str) -> Test:
    if isinstance(operand, str):
        return lambda value: type(value) is str and value > operand
    _orderable(operand, path)
    return lambda value: (type(value) is int or type(value) is float) and value > operand


def _greater_or_equal(operand: Any, path: str) -> Test:
    if isinstance(operand, str):
        return lambda value: type(value) is str and value >= operand
    _orderable(operand, path)
    return lambda value: (type(value) is int or type(value) is float) and value >= operand


def _less(operand: Any, path: str) -> Test:
    if isinstance(operand, str):
        return lambda value: type(value) is str and value < operand
    _orderable(operand, path)
    return lambda value: (type(value) is int or type(value) is float) and value < operand


def _less_or_equal(operand: Any, path: str) -> Test:
    if isinstance(operand, str):
        return lambda value: type(value) is str and value <= operand
    _orderable(operand, path)
    return lambda value: (type(value) is int or type(value) is float) and value <= operand


def _orderable(operand: Any, path: str) -> None:
    if not is_number(operand):
        raise Invalid.field(path, "a number or a text", operand)


def _equal(operand: Any, path: str) -> Test:
    return equals(operand)


def _in(operand: Any, path: str) -> Test:
    return one_of(operand) if isinstance(operand, list) else never


def _in_folded(operand: Any, path: str) -> Test:
    return one_of_folded(operand) if isinstance(operand, list) else never


def _exists(operand: Any, path: str) -> Test:
    if not isinstance(operand, bool):
        raise Invalid.field(path, "true or false", operand)
    return (lambda value: value is not None) if operand else (lambda value: value is None)


_TYPES: dict[str, Test] = {
    "string": lambda value: isinstance(value, str),
    "number": is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def _type(operand: Any, path: str) -> Test:
    if not isinstance(operand, str) or operand not in _TYPES:
        raise Invalid.field(path, "one of " + ", ".join(_TYPES), operand)
    return _TYPES[operand]


def _regex(operand: Any, path: str) -> Test:
    return _searching(operand, path, case_sensitive=True)


def _regex_folded(operand: Any, path: str) -> Test:
    return _searching(operand, path, case_sensitive=False)


def _searching(pattern: Any, path: str, *, case_sensitive: bool) -> Test:
    if not isinstance(pattern, str):
        raise Invalid.field(path, "a regular expression", pattern)
    if len(pattern) > MAX_REGEX:
        expected = f"a regular expression of at most {MAX_REGEX:,} characters"
        raise Invalid.field(path, expected, f"{len(pattern):,} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = REGEX_BYTES
    options.case_sensitive = case_sensitive
    try:
        search = re2.compile(pattern, options).search
    except (re2.error, UnicodeError) as error:
        reason = error.args[0] if error.args else ""
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        expected = "a regular expression in RE2 syntax (no look-around, no back-references)"
        raise Invalid.field(path, expected, pattern, f"{path}: {text}") from None

    plain = _plain_text(pattern) if case_sensitive else None
    if plain is not None:
        return plain

    def test(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return search(value) is not None
        except UnicodeEncodeError:
            # a lone surrogate: read as an unknown character
            return search(value.encode(errors="replace").decode()) is not None

    return test


#: an expression without anything special in it but its ends
_PLAIN = re.compile(r"(\^?)([\w /:@#%&=,;<>~\"'!-]*)(\$?)")


def plain_parts(pattern: str) -> tuple[bool, str, bool] | None:
    """Of an expression that only looks for a text: whether at the begin, the text, whether at the end; else None."""
    parts = _PLAIN.fullmatch(pattern)
    return (bool(parts[1]), parts[2], bool(parts[3])) if parts is not None else None


def _plain_text(pattern: str) -> Test | None:
    """The same test without an engine, for expressions that only look for a text: ten times as fast."""
    parts = plain_parts(pattern)
    if parts is None:
        return None
    start, text, end = parts
    if start and end:
        return lambda value: isinstance(value, str) and value == text
    if start:
        return lambda value: isinstance(value, str) and value.startswith(text)
    if end:
        return lambda value: isinstance(value, str) and value.endswith(text)
    return lambda value: isinstance(value, str) and text in value


def _version(compare: Callable[[Version, Version], bool]) -> Maker:
    def make(operand: Any, path: str) -> Test:
        wanted = version_of(operand)
        if wanted is None:
            raise Invalid.field(path, "a version such as 1.20.3", operand)

        def test(value: Any) -> bool:
            version = version_of(value)
            return version is not None and compare(version, wanted)

        return test

    return make


def contains_folded(operand: Any, path: str) -> Test:
    """The test of ``$alli``: a list that holds every one of the operand's values, without regard to case."""
    if not isinstance(operand, list):
        raise Invalid.field(path, "a list", operand)
    wanted = [equals(folded(value)) for value in operand]

    def test(value: Any) -> bool:
        if not isinstance(value, list):
            return False
        held = [folded(part) for part in value]
        return all(any(map(one, held)) for one in wanted)

    return test


MAKERS: dict[str, Maker] = {
    "$eq": _equal,
    "$gt": _greater,
    "$gte": _greater_or_equal,
    "$lt": _less,
    "$lte": _less_or_equal,
    "$in": _in,
    "$ini": _in_folded,
    "$exists": _exists,
    "$type": _type,
    "$regex": _regex,
    "$regexi": _regex_folded,
    "$veq": _version(operator.eq),
    "$vgt": _version(operator.gt),
    "$vgte": _version(operator.ge),
    "$vlt": _version(operator.lt),
    "$vlte": _version(operator.le),
    "$alli": contains_folded,
}
#: operator → the one it is the exact complement of
OPPOSITES: dict[str, str] = {
    "$ne": "$eq",
    "$nin": "$in",
    "$nini": "$ini",
    "$notRegex": "$regex",
    "$notRegexi": "$regexi",
    "$vne": "$veq",
    "$notInGroup": "$inGroup",
}
#: operators that never hold, neither as themselves nor as their opposite, when their operand is no list: so the
#: published cases have it
LISTED = frozenset({"$in", "$nin", "$ini", "$nini"})
