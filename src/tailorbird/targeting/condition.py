"""Compiled conditions: what other rooms hold on to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from tailorbird.domain.errors import Invalid
from tailorbird.domain.needs import NOTHING, Needs
from tailorbird.targeting.limits import MAX_HEIGHT, check_limits
from tailorbird.targeting.parse import Parser
from tailorbird.targeting.predicate import Predicate, predicate
from tailorbird.targeting.subject import UTC, Subject
from tailorbird.targeting.tree import Every, Node, World, height

if TYPE_CHECKING:
    from tailorbird.targeting.audiences import Library


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was understood once and can be asked any number of times."""

    #: the verdict for a subject; never raises
    match: Callable[[Subject], bool]
    #: what must be gathered before asking
    needs: Needs
    #: ids of the audiences and lists it names, and of those that they name
    audiences: frozenset[str]
    #: the JSON it came from
    tree: Any
    #: its meaning, for the interpreters
    node: Node
    #: levels, those of the audiences included
    height: int = 1
    #: legal, but hardly meant
    warnings: tuple[str, ...] = ()


EVERYONE = Condition(lambda subject: True, NOTHING, frozenset(), {}, Every("", ()))


def compile_condition(tree: Any, library: Library, path: str = "", *, zone: tzinfo = UTC) -> Condition:
    """The condition that ``tree`` (JSON) means; raises ``Invalid`` with the path of what it cannot mean.

    Dates and times without an offset are read in ``zone``. ``path`` goes in front of every path, in errors and in
    explanations.
    """
    check_limits(tree, path)
    parser = Parser(library, zone)
    node = parser.condition(tree, path, World.SUBJECT)
    levels = height(node)
    if levels > MAX_HEIGHT:
        raise Invalid.field(path, f"at most {MAX_HEIGHT} levels, those of the audiences it names included", f"{levels}")
    return Condition(
        match=predicate(node),
        needs=parser.needs,
        audiences=frozenset(parser.audiences),
        tree=tree,
        node=node,
        height=levels,
        warnings=tuple(parser.warnings),
    )


def compile_property_condition(tree: Any, path: str = "", *, zone: tzinfo = UTC) -> Callable[[Mapping[str, Any]], bool]:
    """A condition on one plain object, such as an event's properties: every operator, no facts, audiences or lists."""
    check_limits(tree, path)
    match: Predicate = predicate(Parser(None, zone).condition(tree, path, World.MAPPING))
    return match
