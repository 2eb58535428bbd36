"""The slow interpreter: walks the condition tree and tells the smallest part that made the verdict what it is."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from tailorbird.domain.decision import Explanation
from tailorbird.domain.errors import join_path, shorten
from tailorbird.targeting.condition import Condition
from tailorbird.targeting.subject import Subject
from tailorbird.targeting.tree import Every, Leaf, Node, Not, Some, Within

#: of a long list of parts, how many are told
TOLD = 3

_Memo = dict[str, "Verdict"]


class Verdict(NamedTuple):
    """What the tree answers, and the part of it that decided."""

    holds: bool
    path: str
    message: str
    #: both unset where no single value decided
    found: Any = msgspec.UNSET
    expected: Any = msgspec.UNSET


def explain_condition(condition: Condition, subject: Subject) -> Explanation:
    """Why ``condition.match(subject)`` answers what it answers. ``gate`` is empty when it holds, else ``audience``."""
    verdict = judge(condition.node, subject, {})
    return Explanation(
        gate="" if verdict.holds else "audience",
        message=verdict.message,
        path=verdict.path,
        found=verdict.found,
        expected=verdict.expected,
    )


def judge(node: Node, world: Any, memo: _Memo) -> Verdict:
    """The verdict of a tree with its reason; answers as the fast interpreter does. ``memo`` holds audiences judged."""
    match node:
        case Leaf():
            return _leaf(node, world)
        case Every(path=path, parts=parts):
            return _parts(path, parts, world, memo, decisive=False)
        case Some(path=path, parts=parts):
            return _parts(path, parts, world, memo, decisive=True)
        case Not(part=part):
            inner = judge(part, world, memo)
            return inner._replace(holds=not inner.holds)
        case Within():
            return _within(node, world, memo)


def _leaf(leaf: Leaf, world: Any) -> Verdict:
    found = leaf.read(world)
    holds = bool(leaf.test(found)) is not leaf.negated
    message = f"{leaf.path}: {_said(found)} {'passes' if holds else 'does not pass'} {_said(leaf.expected)}"
    return Verdict(holds, leaf.path, message, found, leaf.expected)


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    try:
        return shorten(value)
    except (ValueError, RecursionError):  # a value that nobody can print: nested too deeply, a number too long
        return f"a {type(value).__name__}"


def _within(node: Within, world: Any, memo: _Memo) -> Verdict:
    inner = memo.get(node.memo)
    if inner is None:
        inner = memo[node.memo] = judge(node.audience.node, world, memo)
    where = "in" if inner.holds else "not in"
    return inner._replace(
        path=f"{node.path} → {join_path(node.name, inner.path)}",
        message=f"{where} the audience {node.name}: {inner.message}",
    )


def _parts(path: str, parts: tuple[Node, ...], world: Any, memo: _Memo, *, decisive: bool) -> Verdict:
    """All parts of a level, until one decides: the first that fails of ``$and``, the first that holds of ``$or``."""
    seen: list[Verdict] = []
    for part in parts:
        verdict = judge(part, world, memo)
        if verdict.holds is decisive:
            return verdict
        seen.append(verdict)
    if len(seen) == 1:
        return seen[0]
    if not seen:
        return Verdict(True, path, f"{path or 'the condition'}: asks nothing")
    word = "no alternative holds" if decisive else "all parts hold"
    told = [shortened(each.message) for each in seen[:TOLD]] + ["…"] * (len(seen) > TOLD)
    return Verdict(not decisive, path, "; ".join([f"{path or 'the condition'}: {word}", *told]))


def shortened(text: str, limit: int = 160) -> str:
    """At most ``limit`` characters of a text, so that reasons made of reasons stay readable."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
