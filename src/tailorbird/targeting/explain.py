"""The slow interpreter: walks the condition tree and tells the smallest part that made the verdict what it is."""

from __future__ import annotations

from typing import Any, NamedTuple

from tailorbird.domain.decision import Explanation
from tailorbird.domain.errors import join_path, shorten
from tailorbird.targeting.condition import Condition
from tailorbird.targeting.subject import Subject
from tailorbird.targeting.tree import Every, Leaf, Node, Not, Some, Within


class Verdict(NamedTuple):
    """What the tree answers, and the part of it that decided."""

    holds: bool
    path: str
    message: str
    found: Any
    expected: Any


def explain_condition(condition: Condition, subject: Subject) -> Explanation:
    """Why ``condition.match(subject)`` answers what it answers. ``gate`` is empty when it holds, else ``audience``."""
    verdict = judge(condition.node, subject)
    return Explanation(
        gate="" if verdict.holds else "audience",
        message=verdict.message,
        path=verdict.path,
        found=verdict.found,
        expected=verdict.expected,
    )


def judge(node: Node, world: Any) -> Verdict:
    """The verdict of a tree with its reason. Answers as the fast interpreter does."""
    match node:
        case Leaf():
            return _leaf(node, world)
        case Every(path=path, parts=parts):
            return _parts(path, parts, world, decisive=False)
        case Some(path=path, parts=parts):
            return _parts(path, parts, world, decisive=True)
        case Not(part=part):
            inner = judge(part, world)
            return inner._replace(holds=not inner.holds)
        case Within(path=path, name=name, audience=audience):
            inner = judge(audience.node, world)
            return inner._replace(path=f"{path} → {join_path(name, inner.path)}")


def _leaf(leaf: Leaf, world: Any) -> Verdict:
    found = leaf.read(world)
    holds = bool(leaf.test(found)) is not leaf.negated
    message = f"{leaf.path}: {_said(found)} {'passes' if holds else 'does not pass'} {shorten(leaf.expected)}"
    return Verdict(holds, leaf.path, message, found, leaf.expected)


def _said(found: Any) -> str:
    return "nothing" if found is None else shorten(found)


def _parts(path: str, parts: tuple[Node, ...], world: Any, *, decisive: bool) -> Verdict:
    """All parts of a level, until one decides: the first that fails of ``$and``, the first that holds of ``$or``."""
    seen: list[Verdict] = []
    for part in parts:
        verdict = judge(part, world)
        if verdict.holds is decisive:
            return verdict
        seen.append(verdict)
    if len(seen) == 1:
        return seen[0]
    holds = not decisive or not seen
    word = "all parts hold" if holds else "no alternative holds"
    place = path or "the condition"
    return Verdict(
        holds,
        path,
        f"{place}: {word}" + "".join(f"; {each.message}" for each in seen[:3]) + ("; …" if len(seen) > 3 else ""),
        {each.path: each.found for each in seen} if seen else None,
        {each.path: each.expected for each in seen} if seen else {},
    )
