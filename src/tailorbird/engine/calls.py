"""What doors hand to the engine and get back: the protocol-neutral form of a call."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.domain.campaign import Campaign, Channel, Experience, Expose, Rule
from tailorbird.domain.decision import Decision, RenderedMessage
from tailorbird.domain.visitor import Context, Visitor


class DecideCall(msgspec.Struct, frozen=True, kw_only=True):
    """ "What should this visitor see?" Neither campaigns nor groups = everything that is open."""

    context: Context
    campaigns: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    #: where everything that is open is asked for: only the campaigns of this channel
    channel: Channel | None = None
    #: the same answer again within 10 minutes, without consuming anything twice
    request_id: str | None = None
    explain: bool = False
    #: when exposures count; absent: as each campaign says, else at decision for named campaigns, by report otherwise
    expose: Expose | None = None
    door: str = "api"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The decisions: named campaigns first, in the order asked, the rest by key."""

    decisions: tuple[Decision, ...]
    #: the store was away: what needs it was withheld, nothing was recorded
    degraded: bool = False


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """A decision with what it was made from, for doors whose answers name more than ours."""

    decision: Decision
    #: none where the name is unknown or the campaign is switched off
    campaign: Campaign | None = None
    version: int = 0
    #: the rule that the visitor entered, and the experience that was drawn (none for control)
    rule: Rule | None = None
    experience: Experience | None = None
    #: content in rows, as rendered; empty for a JSON body
    messages: tuple[RenderedMessage, ...] = ()
    #: where doors keep what they made of a decision that is the same for everybody, by a name of their own, for as long
    #: as that decision is handed out; None where the decision is this visitor's alone
    kept: dict[str, Any] | None = None


class EventInput(msgspec.Struct, frozen=True, kw_only=True):
    """One event as a door decoded it: well-formed, not yet judged."""

    name: str
    visitor: Visitor
    #: made from the content when absent, so that a retry of the same event is the same event
    id: str | None = None
    #: UTC milliseconds; absent = now
    time: int | None = None
    session_id: str | None = None
    properties: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    token: str | None = None
    channel: str = ""
    #: the door's ids are reused for several facts (order lines): the content joins the identity
    shared_id: bool = False


class RejectedItem(msgspec.Struct, frozen=True, kw_only=True):
    """Why one item of a batch was refused; the others were not."""

    index: int
    field: str
    error: str


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch, after it was made durable."""

    accepted: int
    duplicates: int
    rejected: tuple[RejectedItem, ...] = ()


class PreviewCall(msgspec.Struct, frozen=True, kw_only=True):
    """Any version of a campaign, for any visitor or made-up profile, at any time. Records nothing."""

    campaign: str
    context: Context
    #: 0 = the newest
    version: int = 0
    #: experience id or name to show whatever the gates say
    experience: str | None = None
    #: attributes of a made-up profile, used instead of the visitor's
    attributes: dict[str, Any] | None = None
