"""The fast interpreter: a condition tree becomes one closure, made once when the definition changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tailorbird.targeting.tree import Every, Leaf, Node, Not, Some, Within

#: From a world to the verdict.
Predicate = Callable[[Any], bool]


def predicate(node: Node) -> Predicate:
    """A closure that answers as the tree does, for any world and without raising."""
    match node:
        case Leaf():
            return _leaf(node)
        case Every(parts=parts):
            leaves = [(part.attribute, part) for part in parts if isinstance(part, Leaf) and part.attribute is not None]
            if len(leaves) == len(parts) > 1:
                return _attributes(leaves)
            return _every([predicate(part) for part in parts])
        case Some(parts=parts):
            return _some([predicate(part) for part in parts])
        case Not(part=part):
            return _opposite(predicate(part))
        case Within():
            return _within(node)


def _leaf(leaf: Leaf) -> Predicate:
    test, read = leaf.test, leaf.read
    name = leaf.attribute
    if name is not None:
        return _attribute_not(name, leaf) if leaf.negated else _attribute(name, leaf)
    if leaf.negated:
        return lambda world: not test(read(world))
    return lambda world: test(read(world))


def _attribute(name: str, leaf: Leaf) -> Predicate:
    test = leaf.test
    return lambda subject: test(subject.merged.get(name))


def _attribute_not(name: str, leaf: Leaf) -> Predicate:
    test = leaf.test
    return lambda subject: not test(subject.merged.get(name))


def _attributes(leaves: list[tuple[str, Leaf]]) -> Predicate:
    """All of several attributes in one call, which is what most audiences are."""
    asked = tuple((name, leaf.test, leaf.negated) for name, leaf in leaves)

    def match(subject: Any) -> bool:
        known = subject.merged.get
        for name, test, negated in asked:
            if test(known(name)):
                if negated:
                    return False
            elif not negated:
                return False
        return True

    return match


def _every(parts: list[Predicate]) -> Predicate:
    if not parts:
        return lambda world: True
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda world: first(world) and second(world)
    if len(parts) == 3:
        first, second, third = parts
        return lambda world: first(world) and second(world) and third(world)
    rest = tuple(parts)

    def match(world: Any) -> bool:
        for part in rest:  # noqa: SIM110 -- a generator would cost a frame on the hot path
            if not part(world):
                return False
        return True

    return match


def _some(parts: list[Predicate]) -> Predicate:
    if not parts:
        return lambda world: True
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda world: first(world) or second(world)
    rest = tuple(parts)

    def match(world: Any) -> bool:
        for part in rest:  # noqa: SIM110 -- as above
            if part(world):
                return True
        return False

    return match


def _opposite(part: Predicate) -> Predicate:
    return lambda world: not part(world)


def _within(node: Within) -> Predicate:
    name, audience = node.memo, node.audience.match

    def match(subject: Any) -> bool:
        memo = subject.memo
        verdict = memo.get(name)
        if verdict is None:
            verdict = memo[name] = audience(subject)
        return bool(verdict)

    return match
