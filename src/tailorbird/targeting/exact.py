"""Numbers of a column against a number, exactly as Python compares them: whole numbers are never rounded to a float
next to them, in either direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tailorbird.domain.errors import Invalid

_INT_LOW, _INT_HIGH = -(2**63), 2**63 - 1


def compared(sign: str, operand: float, path: str) -> Callable[[Any], Any]:
    """The test of a value against a number. ``Invalid`` with the path for a number of more than 64 bits."""
    if not math.isfinite(operand) or (isinstance(operand, int) and not _INT_LOW <= operand <= _INT_HIGH):
        raise Invalid.field(path, "a number of at most 64 bits", operand)
    for_whole = _whole_test(sign, operand)
    for_float = _float_test(sign, operand)

    def test(value: Any) -> Any:
        fractional = value.whole.isnull() & for_float(value.number)
        return for_whole(value.whole) | fractional.fill_null(False)

    return test


def _whole_test(sign: str, operand: float) -> Callable[[Any], Any]:
    low, high = math.floor(operand), math.ceil(operand)
    if sign == "==":
        fits = low == high and _INT_LOW <= low <= _INT_HIGH
        return (lambda column: (column == low).fill_null(False)) if fits else _never
    bound = high if sign in (">=", "<") else low
    if _INT_LOW <= bound <= _INT_HIGH:
        return lambda column: compare(sign, column, bound).fill_null(False)
    always = (bound > _INT_HIGH) == (sign in ("<", "<="))
    return (lambda column: column.notnull()) if always else _never


def _never(column: Any) -> Any:
    return column.notnull() & column.isnull()


def _float_test(sign: str, operand: float) -> Callable[[Any], Any]:
    near = float(operand)
    if near != operand:  # a whole number between two floats: the nearest one lies on a known side of it
        if sign == "==":
            return _never
        above = near > operand
        sign = {">": ">=", ">=": ">=", "<": "<", "<=": "<"}[sign] if above else _STRICT_BELOW[sign]
    return lambda column: compare(sign, column, near)


_STRICT_BELOW = {">": ">", ">=": ">", "<": "<=", "<=": "<="}


def compare(sign: str, column: Any, operand: Any) -> Any:
    """A column against a value, by the sign of the comparison."""
    match sign:
        case "==":
            return column == operand
        case ">":
            return column > operand
        case ">=":
            return column >= operand
        case "<":
            return column < operand
        case _:
            return column <= operand
