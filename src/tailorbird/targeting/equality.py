"""When two JSON values are the same. Types never mix: 1 is not true, "1" is not 1, while 1 and 1.0 are one number."""

from __future__ import annotations

from typing import Any

from tailorbird.targeting.tree import Test


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal, whatever they are. Recurses no deeper than ``left`` does."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and len(left) == len(right)
            and all(key in right and same(value, right[key]) for key, value in left.items())
        )
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, str | int | float):
        return bool(left == right)
    return left is right


def equals(expected: Any) -> Test:
    """The test for being exactly ``expected``; the common types without a call."""
    if expected is None or isinstance(expected, bool):
        return lambda value: value is expected
    if isinstance(expected, str):
        return lambda value: bool(value == expected)
    if isinstance(expected, int | float):
        return lambda value: value == expected and value is not True and value is not False
    return lambda value: same(expected, value)


def one_of(values: list[Any]) -> Test:
    """The test for being one of ``values``, or for a list: for holding one of them."""
    scalars = frozenset(value for value in values if _plain(value))
    bools = frozenset(value for value in values if isinstance(value, bool))
    others = [value for value in values if isinstance(value, dict | list)]
    has_none = None in values

    def single(value: Any) -> bool:
        if isinstance(value, bool):
            return value in bools
        if isinstance(value, str | int | float):
            return value in scalars
        return has_none if value is None else any(same(other, value) for other in others)

    def test(value: Any) -> bool:
        if type(value) is str:
            return value in scalars
        if isinstance(value, list):
            return any(map(single, value)) or single(value)
        return single(value)

    return test


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def folded(value: Any) -> Any:
    """Texts without their case; other values as they are."""
    return value.casefold() if isinstance(value, str) else value


def one_of_folded(values: list[Any]) -> Test:
    """Like ``one_of`` without regard to case."""
    inner = one_of([folded(value) for value in values])

    def test(value: Any) -> bool:
        return inner([folded(part) for part in value] if isinstance(value, list) else folded(value))

    return test
