"""From what is decided to what MoEngage's callers are shown: named values with their types, and the context."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import msgspec

from tailorbird.domain import ids
from tailorbird.domain.campaign import Campaign, Rule
from tailorbird.domain.reasons import Group
from tailorbird.engine.calls import Detail
from tailorbird.engine.snapshot import Snapshot
from tailorbird.web.facades import moengage_wire as wire

TYPE, EXPERIENCE_TYPE = "Web Personalization", "API based Experience"
EVERYONE = "All Users"
#: what callers of ``metadata`` know a campaign to be
STATUSES = ACTIVE, PAUSED, SCHEDULED = ("Active", "Paused", "Scheduled")
_encode = msgspec.json.Encoder().encode


class ExperienceContext(msgspec.Struct, frozen=True):
    """What is echoed with impressions and clicks. All of it is text, the ids too."""

    cid: str
    experience: str
    moe_locale_id: str
    moe_variation_id: str
    audience_name: str
    audience_id: str
    type: str = TYPE
    experience_type: str = EXPERIENCE_TYPE


class Shown(msgspec.Struct, frozen=True):
    """One experience as it is delivered."""

    payload: msgspec.Raw
    experience_context: ExperienceContext


def shown(made: Iterable[Detail], mark: str) -> Iterable[tuple[str, msgspec.Raw]]:
    """What is shown, by key; every other decision, control's too, is told by its absence."""
    for detail in made:
        decision, campaign, rule, experience = detail.decision, detail.campaign, detail.rule, detail.experience
        if decision.group is not Group.TEST or decision.payload is None:
            continue
        if campaign is None or rule is None or experience is None:
            continue
        arm = (campaign.id, campaign.name, rule.id, _audience(campaign, rule), experience.id)
        payload = decision.payload
        if isinstance(payload, msgspec.Raw) and mark == wire.NOBODY:  # the same for everybody who gets it
            yield decision.campaign, msgspec.Raw(_ready(arm, mark, decision.token, bytes(payload)))
        else:
            encoded = bytes(payload) if isinstance(payload, msgspec.Raw) else _encode(payload)
            yield decision.campaign, msgspec.Raw(_experience(arm, mark, decision.token, encoded))


def _experience(arm: tuple[str, str, str, str, str], mark: str, token: str | None, payload: bytes) -> bytes:
    """One experience as it is delivered."""
    campaign, name, rule, audience, variation = arm
    context = ExperienceContext(
        cid=wire.cid(ids.long_id(campaign), variation, rule, mark, token or ""),
        experience=name,
        moe_locale_id="0",
        moe_variation_id=variation,
        audience_name=audience,
        audience_id=rule,
    )
    return _encode(Shown(payload=msgspec.Raw(_variables(payload)), experience_context=context))


_ready = lru_cache(maxsize=1024)(_experience)


def _audience(campaign: Campaign, rule: Rule) -> str:
    if rule.name:
        return rule.name
    if all(audience in (None, "everyone") for audience in (campaign.audience, rule.audience)):
        return EVERYONE
    return f"Audience {campaign.rules.index(rule) + 1}"


def _variables(encoded: bytes) -> bytes:
    """The members of an object; the rows of messages; any other value under the name ``value``."""
    payload = msgspec.json.decode(encoded)
    if not isinstance(payload, dict):
        payload = {"value": payload}
    messages = payload.get("messages")
    if len(payload) == 1 and isinstance(messages, list) and all(_is_message(message) for message in messages):
        payload = _rows(messages)
    return _encode({name: {"value": value, "data_type": _type(value)} for name, value in payload.items()})


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"target", "values"} and isinstance(value["values"], dict)


def _rows(messages: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The rows of all messages by name; a name that an earlier message has gets its target in front."""
    rows: dict[str, Any] = {}
    for message in messages:
        for name, value in message["values"].items():
            rows[f"{message['target']}.{name}" if name in rows else name] = value
    return rows


def _type(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "number"
    return "float" if isinstance(value, float) else "json"


def status(snapshot: Snapshot, campaign: Campaign, now: int) -> str:
    """What metadata calls a campaign; empty for one that is a draft, in testing, over or put away."""
    if campaign.status == "paused":
        return PAUSED
    plan = snapshot.plans.get(campaign.id)
    if campaign.status != "running" or plan is None:
        return ""
    if plan.open.start is not None and now < plan.open.start:
        return SCHEDULED
    return ACTIVE if plan.open.end is None or now < plan.open.end else ""
