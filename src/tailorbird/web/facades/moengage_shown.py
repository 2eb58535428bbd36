"""From what is decided to what MoEngage's callers are shown: named values with their types, and the context."""

from __future__ import annotations

from collections.abc import Iterable
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
DOOR = "moengage"
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


def shown(made: Iterable[Detail], mark: str) -> bytes:
    """What is shown, as the members of an object, by key; every other decision, control's too, is told by its absence.

    What is the same for everybody is made once a minute, but for the mark in the middle.
    """
    between = mark.encode()
    parts: list[bytes] = []
    for detail in made:
        decision, kept = detail.decision, detail.kept
        if decision.group is not Group.TEST or decision.payload is None:
            continue
        halves = kept.get(DOOR) if kept is not None else None
        if halves is None:
            halves = _halves(detail)
            if kept is not None:
                kept[DOOR] = halves
        parts += (halves[0], between, halves[1])
    return b"".join(parts)[:-1]


def _halves(detail: Detail) -> tuple[bytes, bytes]:
    """One experience as it is delivered, with a comma at its end, before and after the mark in its ``cid``."""
    decision, campaign, rule, experience = detail.decision, detail.campaign, detail.rule, detail.experience
    if campaign is None or rule is None or experience is None:
        return b"", b""
    payload = decision.payload
    encoded = bytes(payload) if isinstance(payload, msgspec.Raw) else _encode(payload)
    before, after = wire.cid(ids.long_id(campaign.id), experience.id, rule.id, decision.token or "")
    context = ExperienceContext(
        cid=before + after,
        experience=campaign.name,
        moe_locale_id="0",
        moe_variation_id=experience.id,
        audience_name=_audience(campaign, rule),
        audience_id=rule.id,
    )
    told = _encode(context)
    at = len(b'{"cid":') + len(_encode(before)) - 1
    head = _encode(decision.campaign) + b':{"payload":' + _variables(encoded) + b',"experience_context":'
    return head + told[:at], told[at:] + b"},"


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
