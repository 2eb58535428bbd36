"""Decisions: the answer for one campaign and one visitor."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.domain.reasons import Group, Reason


class Explanation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a campaign decided as it did: the first gate that closed and the smallest part that did not hold."""

    #: ``status, schedule, audience, exclusion_set, rule, cap, control, experience, content, degraded, error``
    gate: str
    #: one sentence for a person
    message: str
    #: path of the failing part inside the definition, e.g. ``rules[0].audience.plan.$in``
    path: str = ""
    #: what was found there
    found: Any = msgspec.UNSET
    #: what was asked of it
    expected: Any = msgspec.UNSET
    #: for gate ``rule``: why each rule did not match, in order
    rules: tuple[Explanation, ...] = ()
    warnings: tuple[str, ...] = ()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What one visitor gets from one campaign."""

    #: the name that was asked for (a key, an alias, a group's member's key)
    campaign: str
    #: experience's name; none for control and where nothing is shown
    experience: str | None
    group: Group | None
    reason: Reason
    #: JSON value, or pre-encoded JSON
    payload: Any = None
    token: str | None = None
    explanation: Explanation | msgspec.UnsetType = msgspec.UNSET


class RenderedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message as it is delivered. A message with a missing value is not among the rendered ones."""

    id: str
    target: str
    #: row name → value, in the order of the rows
    values: dict[str, Any]
    #: row name → ``text``, ``number`` or ``items``
    types: dict[str, str]
    #: ids of the catalogue items delivered in its rows, each once
    items: tuple[str, ...] = ()
    #: whether anything in it depends on the visitor
    dynamic: bool = False


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What content became for one visitor."""

    #: JSON value, or pre-encoded JSON; None = withheld, and then ``missing`` says why
    payload: Any = None
    messages: tuple[RenderedMessage, ...] = ()
    #: paths that found nothing, and parts that could not be rendered; each once, in the order met
    missing: tuple[str, ...] = ()
