"""From JSON to the condition tree: names every operator and fact, refuses what cannot be meant, with the path of it.

While it reads, it notes what the condition will need, which audiences it uses, and what is legal but hardly meant.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from tailorbird.domain.errors import Invalid, join_path
from tailorbird.domain.needs import EventNeed, Needs
from tailorbird.targeting.facts import FACT_NAMES, FactKind, fact_named
from tailorbird.targeting.literals import literal
from tailorbird.targeting.operators import LISTED, MAKERS, OPPOSITES, never
from tailorbird.targeting.past import affinity_condition, event_condition
from tailorbird.targeting.predicate import predicate
from tailorbird.targeting.reading import attribute, itself, member
from tailorbird.targeting.tree import Every, Leaf, Node, Not, Read, Some, Test, Within, World, every

if TYPE_CHECKING:
    from tailorbird.targeting.audiences import Library

#: an attribute name of older conditions, met in the published cases: the one name with a dollar that is no operator
GROUPS_ATTRIBUTE = "$groups"


class Parser:
    """Reads one condition. What it noted is complete once ``condition`` returned."""

    def __init__(self, library: Library | None, zone: tzinfo) -> None:
        self.library = library
        self.zone = zone
        self.profile = False
        self.events: set[EventNeed] = set()
        self.audiences: set[str] = set()
        self.warnings: list[str] = []

    @property
    def needs(self) -> Needs:
        """What the condition reads beside the request."""
        return Needs(self.profile, frozenset(self.events))

    def note(self, needs: Needs) -> None:
        """Add what a part of the condition reads."""
        self.profile = self.profile or needs.profile
        self.events |= needs.events

    # -- names on the left -------------------------------------------------------------------------------------------
    def condition(self, tree: Any, path: str, world: World) -> Node:
        """An object of names and what is asked of each; all must hold."""
        if not isinstance(tree, dict):
            raise Invalid.field(path, "a condition: an object", tree)
        parts = [self._entry(name, operand, join_path(path, name), world) for name, operand in tree.items()]
        return every(path, parts)

    def _entry(self, name: str, operand: Any, path: str, world: World) -> Node:
        if name in _LOGIC:
            return _LOGIC[name](self, operand, path, world)
        if world is World.SUBJECT:
            if name in PAST:
                return PAST[name](self, operand, path)
            if name.startswith("@"):
                return self._fact(name, operand, path)
        if name.startswith("$") and name != GROUPS_ATTRIBUTE:
            if world is World.ELEMENT:
                return self._operator(name, operand, path, itself, None)
            raise Invalid.field(path, _known_names(world), name)
        if not name:
            raise Invalid.field(path, "the name of an attribute", name)
        if world is not World.SUBJECT:
            return self.value(operand, path, member(name), None)
        self.profile = True
        return self.value(operand, path, attribute(name), None, "" if "." in name else name)

    def _fact(self, name: str, operand: Any, path: str) -> Node:
        fact = fact_named(name)
        if fact is None:
            raise Invalid.field(path, "one of the facts " + ", ".join(FACT_NAMES), name)
        self.profile = self.profile or fact.profile

        def read(subject: Any) -> Any:
            try:
                return subject.facts[name]
            except KeyError:
                return subject.fact(name)

        return self.value(operand, path, read, fact.kind)

    # -- logic -------------------------------------------------------------------------------------------------------
    def _parts(self, operand: Any, path: str, world: World) -> tuple[Node, ...]:
        if not isinstance(operand, list):
            raise Invalid.field(path, "a list of conditions", operand)
        return tuple(self.condition(part, f"{path}[{index}]", world) for index, part in enumerate(operand))

    def _and(self, operand: Any, path: str, world: World) -> Node:
        return Every(path, self._parts(operand, path, world))

    def _or(self, operand: Any, path: str, world: World) -> Node:
        return Some(path, self._parts(operand, path, world))

    def _nor(self, operand: Any, path: str, world: World) -> Node:
        return Not(path, Some(path, self._parts(operand, path, world)))

    def _not(self, operand: Any, path: str, world: World) -> Node:
        if world is World.ELEMENT and not isinstance(operand, dict):
            return Not(path, self.value(operand, path, itself, None))
        return Not(path, self.condition(operand, path, world))

    # -- values on the right -----------------------------------------------------------------------------------------
    def value(self, operand: Any, path: str, read: Read, kind: FactKind | None, name: str = "") -> Node:
        """What is asked of one value: operators, or the value it must equal."""
        if isinstance(operand, dict) and any(key.startswith("$") for key in operand):
            odd = next((key for key in operand if not key.startswith("$")), None)
            if odd is not None:
                raise Invalid.field(join_path(path, odd), "either operators or a plain object, not both", odd)
            parts = [self._operator(key, arg, join_path(path, key), read, kind, name) for key, arg in operand.items()]
            return every(path, parts)
        return self._operator("$eq", operand, path, read, kind, name)

    def _operator(
        self, name: str, operand: Any, path: str, read: Read, kind: FactKind | None, attribute: str = ""
    ) -> Node:
        if name == "$not":
            return Not(path, self.value(operand, path, read, kind, attribute))
        positive = OPPOSITES.get(name, name)
        test = self._test(positive, literal(kind, name, operand, path, self.zone), path)
        if name in LISTED and not isinstance(operand, list):
            self.warnings.append(f"{path} is not a list, so it never holds.")
            test, positive = never, name
        return Leaf(path, read, test, operand, negated=positive != name, attribute=attribute or None)

    def _test(self, name: str, operand: Any, path: str) -> Test:
        if name in MAKERS:
            return MAKERS[name](operand, path)
        if name in _NESTED:
            return _NESTED[name](self, operand, path)
        raise Invalid.field(path, "an operator: one of " + ", ".join(VALUE_OPERATORS), name)

    def _size(self, operand: Any, path: str) -> Test:
        size = predicate(self.value(operand, path, itself, None))
        return lambda value: isinstance(value, list) and size(len(value))

    def _element(self, operand: Any, path: str) -> Test:
        if not isinstance(operand, dict):
            raise Invalid.field(path, "an object: operators, or a condition on the element's fields", operand)
        element = predicate(self.condition(operand, path, World.ELEMENT))
        return lambda value: isinstance(value, list) and any(map(element, value))

    def _all(self, operand: Any, path: str) -> Test:
        if not isinstance(operand, list):
            raise Invalid.field(path, "a list", operand)
        wanted = [predicate(self.value(part, f"{path}[{i}]", itself, None)) for i, part in enumerate(operand)]
        return lambda value: isinstance(value, list) and all(any(map(one, value)) for one in wanted)

    def _in_group(self, operand: Any, path: str) -> Test:
        if self.library is None:
            raise Invalid.field(path, "no lists here: a condition on properties", operand)
        name, members = self.library.list_named(operand, path)
        self.audiences.add(name)
        return members.__contains__

    # -- audiences ---------------------------------------------------------------------------------------------------
    def audience(self, operand: Any, path: str) -> Node:
        """``{"$audience": "vip"}``, or operators: ``$in`` one of them, ``$nin`` none, ``$all`` each; ``$ne``."""
        if isinstance(operand, str):
            return self._within(operand, path)
        if isinstance(operand, dict) and len(operand) == 1:
            ((name, names),) = operand.items()
            path = join_path(path, name)
            if name in {"$eq", "$ne"}:
                part = self._within(names, path)
                return part if name == "$eq" else Not(path, part)
            if name in {"$in", "$nin", "$all"} and isinstance(names, list) and names:
                parts = tuple(self._within(each, f"{path}[{i}]") for i, each in enumerate(names))
                some = Every(path, parts) if name == "$all" else Some(path, parts)
                return Not(path, some) if name == "$nin" else some
        raise Invalid.field(path, 'an audience\'s key, or {"$in": [keys]} ($nin, $all, $ne)', operand)

    def _within(self, name: Any, path: str) -> Node:
        if self.library is None:
            raise Invalid.field(path, "no audiences here: a condition on properties", name)
        memo, audience = self.library.audience_named(name, path)
        self.note(audience.needs)
        self.audiences.add(memo)
        self.audiences |= audience.audiences
        return Within(path, name, memo, audience)


_Logic = Callable[[Parser, Any, str, World], Node]
_LOGIC: dict[str, _Logic] = {
    "$and": Parser._and,
    "$or": Parser._or,
    "$nor": Parser._nor,
    "$not": Parser._not,
}
_NESTED: dict[str, Callable[[Parser, Any, str], Test]] = {
    "$size": Parser._size,
    "$elemMatch": Parser._element,
    "$all": Parser._all,
    "$inGroup": Parser._in_group,
}
#: names that ask for what happened before, or for other definitions
PAST: dict[str, Callable[[Parser, Any, str], Node]] = {
    "$audience": Parser.audience,
    "$event": event_condition,
    "$affinity": affinity_condition,
}

LOGICAL_OPERATORS: tuple[str, ...] = tuple(_LOGIC)
VALUE_OPERATORS: tuple[str, ...] = tuple(sorted({*MAKERS, *OPPOSITES, *_NESTED, "$not"}))


def _known_names(world: World) -> str:
    names = [*_LOGIC, *(PAST if world is World.SUBJECT else ())]
    return "an attribute, or one of " + ", ".join(names)
