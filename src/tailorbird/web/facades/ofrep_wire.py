"""What OpenFeature's providers send and get: contexts, flags, failures. Unknown members are tolerated."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.domain.decision import Decision
from tailorbird.domain.errors import Invalid
from tailorbird.domain.reasons import Group, Reason
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.engine.snapshot import Snapshot
from tailorbird.web.facades.told import attributes, document, identity

#: the variant of everybody who is left with the caller's own default, and that of the control group
DEFAULT, CONTROL = "default", "control"
#: our reasons in OFREP's words; without a value unless something is shown
REASONS = {
    Reason.TARGETING_MATCH: "TARGETING_MATCH",
    Reason.SPLIT: "SPLIT",
    Reason.CONTROL: "SPLIT",
    Reason.DISABLED: "DISABLED",
    Reason.CAPPED: "DISABLED",
    Reason.DEFAULT: "UNKNOWN",
    Reason.EXCLUDED: "UNKNOWN",
    Reason.WITHHELD: "UNKNOWN",
    Reason.DEGRADED: "UNKNOWN",
}
#: members of a context that say who is asking; all others are attributes of the request
_IDS = frozenset(("targetingKey", "anonymousId", "anonymous"))
#: attributes of these names also tell about the request what the server cannot see: name → longest text believed
_FACTS = {"sessionId": 512, "userAgent": 2048, "url": 8192, "referrer": 8192, "ip": 64, "locale": 35}
_NULL = b"null"


class Evaluation(msgspec.Struct, frozen=True):
    """The body of both evaluations. Providers without a context send none."""

    context: dict[str, Any] | None = None


class Track(msgspec.Struct, frozen=True, rename="camel"):
    """``POST /ofrep/v1/track``: the arguments of OpenFeature's tracking call, and what makes it count once."""

    tracking_event_name: str
    context: dict[str, Any] | None = None
    tracking_event_details: dict[str, Any] = {}
    id: str | None = None
    time: str | int | None = None
    #: the ``token`` in the metadata of the flag that this event answers
    token: str | None = None


class Flag(msgspec.Struct, frozen=True, omit_defaults=True):
    """One evaluation. Without a value the caller's own default holds."""

    key: str
    reason: str
    variant: str
    metadata: dict[str, Any]
    value: Any = msgspec.UNSET


class Failure(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """What went wrong, for one flag or for all of them."""

    error_code: str
    error_details: str
    key: str | msgspec.UnsetType = msgspec.UNSET


class MissingKey(Invalid):
    """The context does not say whom this is about."""


_decode_evaluation = msgspec.json.Decoder(Evaluation).decode
_decode_track = msgspec.json.Decoder(Track).decode


def evaluation(body: bytes) -> dict[str, Any]:
    """The context of an evaluation; an empty one where none was sent."""
    return document(_decode_evaluation, body).context or {}


def track(body: bytes) -> Track:
    """A tracking call."""
    return document(_decode_track, body)


def visitor(told: dict[str, Any]) -> Visitor:
    """Who a context is about: ``targetingKey`` is the known id, unless ``anonymous`` says that it is none;
    ``anonymousId`` is the id of the device beside it."""
    for name in ("targetingKey", "anonymousId"):
        if not isinstance(told.get(name), str | None):
            raise Invalid.field(f"context.{name}", "text", told[name])
    known = identity(told.get("targetingKey"), "context.targetingKey")
    device = identity(told.get("anonymousId"), "context.anonymousId")
    if told.get("anonymous") is True:
        known, device = None, device or known
    if known is None and device is None:
        raise MissingKey.field("context.targetingKey", "a targetingKey or an anonymousId", "neither")
    return Visitor(id=known, anonymous_id=device)


def context(told: dict[str, Any], who: Visitor, now: int, **seen: str | None) -> Context:
    """The request as the engine sees it. What the server saw itself goes before what the context tells."""
    members = attributes({name: value for name, value in told.items() if name not in _IDS})
    facts = {name: _text(members.get(name), limit) for name, limit in _FACTS.items()}
    return Context(
        visitor=who,
        now=now,
        attributes=members,
        session_id=facts["sessionId"],
        url=facts["url"],
        referrer=facts["referrer"],
        locale=facts["locale"],
        user_agent=seen.get("user_agent") or facts["userAgent"],
        ip=seen.get("ip") or facts["ip"],
    )


def _text(value: Any, limit: int) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= limit and value.isprintable() else None


def flag(snapshot: Snapshot, decision: Decision) -> Flag | Failure:
    """A decision about a campaign that exists, as a flag."""
    key = decision.campaign
    if decision.reason is Reason.ERROR:
        return Failure("GENERAL", "The campaign is switched off because its definition is broken.", key)
    plan = snapshot.plan(key)
    metadata: dict[str, Any] = {"reason": decision.reason.value}
    if plan is not None:
        metadata["version"] = plan.version
    if decision.token is not None:
        metadata["token"] = decision.token
    shown = decision.group is Group.TEST and decision.payload is not None
    variant = DEFAULT
    if decision.group is Group.CONTROL:
        variant = CONTROL
    elif shown and decision.experience is not None:
        variant = decision.experience
    is_null = isinstance(decision.payload, msgspec.Raw) and bytes(decision.payload) == _NULL
    value = decision.payload if shown and not is_null else msgspec.UNSET
    return Flag(key, REASONS[decision.reason], variant, metadata, value)


def without_token(found: Flag) -> Flag:
    """The flag as it stays from minute to minute."""
    metadata = {name: value for name, value in found.metadata.items() if name != "token"}
    return msgspec.structs.replace(found, metadata=metadata)
