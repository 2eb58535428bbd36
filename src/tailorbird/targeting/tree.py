"""The condition tree: what the JSON means, before anything is asked of it. Two interpreters read it: ``predicate``,
which makes closures and is fast, and ``explain``, which says why.

A tree is asked of a *world*: a ``Subject``, a mapping of properties, or one element of a list. Leaves know how to read
their value out of that world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tailorbird.targeting.condition import Condition

#: Reads one value; None stands for a missing one.
Read = Callable[[Any], Any]
#: Judges one value. Total: any value gets an answer, none raises.
Test = Callable[[Any], bool]


class World(Enum):
    """What a (part of a) condition is asked of."""

    #: a ``Subject``: attributes, facts, audiences, events
    SUBJECT = "subject"
    #: a mapping, such as an event's properties
    MAPPING = "mapping"
    #: one element of a list: a mapping, or a value that operators judge directly
    ELEMENT = "element"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value, one test."""

    path: str
    read: Read
    test: Test
    #: what was asked, as JSON
    expected: Any
    #: the exact opposite is asked: ``$ne``, ``$nin``, …
    negated: bool = False
    #: the plain attribute name, where the value is an undotted attribute: lets the fast interpreter skip a call
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold; with none, it holds."""

    path: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds; with none, it holds (as the published cases have it)."""

    path: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    path: str
    part: Node


@dataclass(frozen=True, slots=True)
class Within:
    """The visitor is in an audience; decided once a request, under ``memo``."""

    path: str
    #: as the condition names it
    name: str
    memo: str
    audience: Condition


Node = Leaf | Every | Some | Not | Within


def every(path: str, parts: list[Node]) -> Node:
    """All of ``parts``, without a level of its own where there is only one."""
    return parts[0] if len(parts) == 1 else Every(path, tuple(parts))


def height(node: Node) -> int:
    """How many levels are under ``node``, audiences included."""
    match node:
        case Every(parts=parts) | Some(parts=parts):
            return 1 + max((height(part) for part in parts), default=0)
        case Not(part=part):
            return 1 + height(part)
        case Within(audience=audience):
            return 1 + audience.height
        case Leaf():
            return 1
