"""The third interpreter: a condition on an event's properties as a column expression, for facts that are analysed in
bulk. It answers for each row what ``predicate`` answers for the same properties; a property test holds both to that.

Only a listed subset is understood, all of it exact: operators on one value that is a text, a number, true,
false or nothing. ``check_columns`` refuses everything else with its path, so that a goal cannot be published that could
not be counted. A property is read from JSON text in one place only, ``Properties``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

import msgspec

from tailorbird.domain.errors import Invalid, join_path
from tailorbird.targeting.exact import compare, compared
from tailorbird.targeting.operators import OPPOSITES, is_number, plain_parts

if TYPE_CHECKING:
    import ibis.expr.types as ir


#: operators that judge one value
COLUMN_OPERATORS: tuple[str, ...] = (
    *("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$type", "$regex", "$notRegex", "$not"),
)
#: operators that join conditions
COLUMN_LOGIC: tuple[str, ...] = ("$and", "$or", "$nor", "$not")

_NAME = re.compile(r"[\w@#][\w@# -]*")


class Properties:
    """The properties of an event, as a column of JSON text: how one value is read, whatever its type."""

    def __init__(self, text: ir.StringValue) -> None:
        self._json: Any = text.cast("json")
        self._values: dict[str, Value] = {}

    @classmethod
    def lifted(cls, table: Any, column: str, paths: Iterable[str]) -> tuple[Any, Properties]:
        """The table with each of these values in a column of its own, and what reads them from there: the text of an
        event is then looked through once for each value, however often a condition asks for it."""
        whole = cls(table[column])
        names = {path: f"{column}_{at}" for at, path in enumerate(sorted(set(paths)))}
        lifted = table.mutate(**{name: whole._dug(path) for path, name in names.items()})
        found = cls(lifted[column])
        found._values = {path: Value(lifted[name]) for path, name in names.items()}
        return lifted, found

    def value(self, path: str) -> Value:
        """The value under a dotted path; a missing one where something stands in its way."""
        held = self._values.get(path)
        if held is None:
            held = self._values[path] = Value(self._dug(path))
        return held

    def _dug(self, path: str) -> Any:
        found = self._json
        for name in path.split("."):
            found = found[name]
        return found


class Value:
    """One JSON value of each row, as typed columns of which at most one is not null."""

    def __init__(self, json: Any) -> None:
        self._json = json
        self.text: ir.StringValue = json.str
        self.flag: ir.BooleanValue = json.bool
        self.whole: ir.IntegerValue = json.int
        #: whole numbers too
        self.number: ir.FloatingValue = json.float

    @property
    def raw(self) -> ir.StringValue:
        """Its JSON; null where it is missing, ``null`` where it is null."""
        return self._json.cast("string")

    @property
    def members(self) -> Any:
        """Of a list: the JSON of its members, as texts. Null for everything else."""
        return self._json.array.cast("array<string>")

    @property
    def lines(self) -> Any:
        """Of a list: its members, to be read as JSON again. Null for everything else."""
        return self._json.array

    @property
    def parts(self) -> Any:
        """Of an object: its members by name, to be read as JSON again. Null for everything else."""
        return self._json.map


def check_columns(tree: Any, path: str = "") -> None:
    """Raise ``Invalid`` with the path of the first thing in a condition on properties that columns cannot answer.

    The condition is legal otherwise (``compile_property_condition`` says whether it is).
    """
    _condition(tree, path)


def paths_of(tree: Any) -> frozenset[str]:
    """The properties that a condition asks for."""
    return frozenset(_paths(_condition(tree, "")))


def columns(tree: Any, properties: Properties) -> ir.BooleanValue:
    """The condition as a column that is true or false in every row, never null. ``Invalid`` as in ``check_columns``."""
    return _build(_condition(tree, ""), properties)


# -- from JSON to a small tree -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Test:
    name: str
    make: Callable[[Value], Any]
    negated: bool


@dataclass(frozen=True, slots=True)
class _All:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Any:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Not:
    part: _Node


_Node = _Test | _All | _Any | _Not


def _condition(tree: Any, path: str) -> _Node:
    if not isinstance(tree, dict):
        raise Invalid.field(path, "a condition: an object", tree)
    return _All(tuple(_entry(name, operand, join_path(path, name)) for name, operand in tree.items()))


def _entry(name: str, operand: Any, path: str) -> _Node:
    if name == "$not":
        return _Not(_condition(operand, path))
    if name in COLUMN_LOGIC:
        if not isinstance(operand, list):
            raise Invalid.field(path, "a list of conditions", operand)
        parts = tuple(_condition(part, f"{path}[{index}]") for index, part in enumerate(operand))
        if name == "$and":
            return _All(parts)
        some = _Any(parts) if parts else _All(())  # an empty $or holds, as it does for a visitor
        return _Not(some) if name == "$nor" else some
    check_path(name, path)
    return _asked(name, operand, path)


def check_path(name: str, path: str) -> None:
    """Refuse the name of a property that cannot be looked up in bulk: other signs than letters, digits, ``_-@#`` and
    inner spaces, dots between the parts."""
    if not all(_NAME.fullmatch(part) for part in name.split(".")):
        expected = "the name of a property made of letters, digits, _ - @ # and inner spaces, with dots between parts"
        raise Invalid.field(path, expected, name)


def _asked(name: str, operand: Any, path: str) -> _Node:
    if isinstance(operand, dict) and any(key.startswith("$") for key in operand):
        return _All(tuple(_operator(name, key, told, join_path(path, key)) for key, told in operand.items()))
    return _operator(name, "$eq", operand, path)


def _operator(name: str, operator: str, operand: Any, path: str) -> _Node:
    if operator == "$not":
        return _Not(_asked(name, operand, path))
    if operator not in COLUMN_OPERATORS:
        allowed = ", ".join(COLUMN_OPERATORS)
        raise Invalid.field(path, f"an operator that goals can count by: one of {allowed}", operator)
    positive = OPPOSITES.get(operator, operator)
    return _Test(name, _MAKERS[positive](operand, path), negated=positive != operator)


# -- tests of one value ------------------------------------------------------------------------------------------------
def _equal(operand: Any, path: str) -> Callable[[Value], Any]:
    if operand is None:
        return _absent
    if isinstance(operand, bool):
        return lambda value: value.flag == operand
    if isinstance(operand, str):
        text = _text(operand, path)
        return lambda value: value.text == text
    if is_number(operand):
        return compared("==", operand, path)
    raise Invalid.field(path, "a text, a number, true, false or null", operand)


def _absent(value: Value) -> Any:
    return value.raw.isnull() | (value.raw == "null")


def _text(operand: str, path: str) -> str:
    try:
        operand.encode()
    except UnicodeEncodeError:
        raise Invalid.field(path, "text without lone surrogates", ascii(operand)) from None
    return operand


def _ordered(sign: str) -> Callable[[Any, str], Callable[[Value], Any]]:
    def make(operand: Any, path: str) -> Callable[[Value], Any]:
        if isinstance(operand, str):
            text = _text(operand, path)
            return lambda value: compare(sign, value.text, text)
        if not is_number(operand):
            raise Invalid.field(path, "a number or a text", operand)
        return compared(sign, operand, path)

    return make


def _in(operand: Any, path: str) -> Callable[[Value], Any]:
    if not isinstance(operand, list):
        raise Invalid.field(path, "a list", operand)
    for index, member in enumerate(operand):
        if member is None:
            raise Invalid.field(f"{path}[{index}]", "a text, a number, true or false; $exists asks for nothing", None)
    single = [_equal(member, f"{path}[{index}]") for index, member in enumerate(operand)]
    written = sorted({text for member in operand for text in _written(member)})

    def test(value: Value) -> Any:
        held = [one(value).fill_null(False) for one in single]
        members = value.members
        held += [members.contains(_rendered(text)).fill_null(False) for text in written]
        return _any(held)

    return test


def _written(member: Any) -> set[str]:
    """How a value that equals this one may be written in JSON."""
    if not is_number(member):
        return {msgspec.json.encode(member).decode()}
    near = float(member)
    forms = {repr(near), repr(-near)} if near == 0 else {repr(near)} if near == member else set()
    if member == math.floor(member):
        forms.add(str(int(member)))
    return forms


def _rendered(text: str) -> Any:
    """JSON as the engine itself writes a member of a list, so that both sides are written alike."""
    import ibis

    return ibis.literal(f"[{text}]").cast("json").array.cast("array<string>")[0]


def _exists(operand: Any, path: str) -> Callable[[Value], Any]:
    if not isinstance(operand, bool):
        raise Invalid.field(path, "true or false", operand)
    return (lambda value: ~_absent(value)) if operand else _absent


_TYPES: dict[str, Callable[[Value], Any]] = {
    "string": lambda value: value.text.notnull(),
    "number": lambda value: value.number.notnull(),
    "boolean": lambda value: value.flag.notnull(),
    "array": lambda value: value.raw.startswith("["),
    "object": lambda value: value.raw.startswith("{"),
    "null": _absent,
}


def _type(operand: Any, path: str) -> Callable[[Value], Any]:
    if not isinstance(operand, str) or operand not in _TYPES:
        raise Invalid.field(path, "one of " + ", ".join(_TYPES), operand)
    return _TYPES[operand]


def _regex(operand: Any, path: str) -> Callable[[Value], Any]:
    parts = plain_parts(operand) if isinstance(operand, str) else None
    if parts is None:
        expected = "an expression without special signs, but for ^ at its begin and $ at its end"
        raise Invalid.field(path, expected, operand)
    start, text, end = parts
    if start and end:
        return lambda value: value.text == text
    if start:
        return lambda value: value.text.startswith(text)
    if end:
        return lambda value: value.text.endswith(text)
    return lambda value: value.text.contains(text)


_MAKERS: dict[str, Callable[[Any, str], Callable[[Value], Any]]] = {
    "$eq": _equal,
    "$gt": _ordered(">"),
    "$gte": _ordered(">="),
    "$lt": _ordered("<"),
    "$lte": _ordered("<="),
    "$in": _in,
    "$exists": _exists,
    "$type": _type,
    "$regex": _regex,
}


# -- from the small tree to columns ------------------------------------------------------------------------------------
def _build(node: _Node, properties: Properties) -> Any:
    match node:
        case _Test(name=name, make=make, negated=negated):
            held = make(properties.value(name)).fill_null(False)
            return ~held if negated else held
        case _Not(part=part):
            return ~_build(part, properties)
        case _Any(parts=parts):
            return _any([_build(part, properties) for part in parts])
        case _All(parts=parts):
            return reduce(and_, [_build(part, properties) for part in parts], _literal(True))


def _paths(node: _Node) -> Iterator[str]:
    match node:
        case _Test(name=name):
            yield name
        case _Not(part=part):
            yield from _paths(part)
        case _Any(parts=parts) | _All(parts=parts):
            for part in parts:
                yield from _paths(part)


def _any(held: Sequence[Any]) -> Any:
    return reduce(or_, held) if held else _literal(False)


def _literal(value: bool) -> Any:
    import ibis

    return ibis.literal(value)
