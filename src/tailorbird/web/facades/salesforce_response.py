"""What Salesforce's Event API answers: campaigns in both flavours, compiled templates, explanations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from tailorbird.domain.campaign import Campaign, Content, Experience, Rule
from tailorbird.domain.decision import Explanation, RenderedMessage
from tailorbird.domain.reasons import Group
from tailorbird.engine.calls import Detail

#: item by id, as the catalogue has it
Items = Callable[[str], dict[str, Any] | None]

#: types of promoted items that have a letter of their own; every other one is a tag
CODES = {"Product": "p", "Article": "a", "Blog": "b", "Category": "c", "Promotion": "P"}
TAG = "t"
STATES = {"running": "Published", "testing": "Testing"}
DISABLED = "Disabled"
TYPES = {"server": "ServerSide", "web": "Web"}


class ServerSideMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One message of a campaign in rows."""

    type: str = "evg_md"
    id: str
    data: str = "{}"
    target_name: str
    contains_dynamic_content: bool
    promoted_item_keys: list[dict[str, str]] | None
    campaign_state: str
    data_map: dict[str, Any]


class Classic(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A campaign in rows, with the members that are kept for old clients."""

    type: str = "c"
    campaign_id: str
    campaign_name: str
    campaign_type: str
    experience_id: str
    experience_name: str
    state: str
    display_mode: str = "Personalized"
    redirect_url: None = None
    save_parameters: bool = False
    hide_page_before_redirect: bool = False
    campaign_javascript_content: None = None
    javascript_content: None = None
    user_group: str
    google_analytics_config: None = None
    messages: tuple[()] = ()
    page_changes: tuple[()] = ()
    server_side_messages: list[ServerSideMessage]


class FromTemplate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A campaign with one JSON body, and every campaign of the web."""

    type: str = "ng"
    campaign_id: str
    campaign_name: str
    campaign_type: str
    experience_id: str
    experience_name: str
    experience_source_code: str = ""
    state: str
    campaign_javascript_content: None = None
    user_group: str
    template_names: list[str]
    payload: dict[str, Any]


class CompiledTemplate(msgspec.Struct, frozen=True):
    """Code that renders the payload of a web campaign in the browser."""

    id: str
    name: str | None
    bundle: str


class CampaignExplanation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why a campaign was returned or not."""

    class_: str = msgspec.field(name="class")
    campaign_id: str
    campaign_name: str
    experience_id: str = ""
    experience_name: str = ""
    message_id: str = ""
    explanation_message: str
    context: str


class PersistedUser(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A known id encrypted, to be sent by browsers as ``user.encryptedId``."""

    account_id: str = ""
    entity_id: str


class Answer(msgspec.Struct, kw_only=True, rename="camel"):
    """The whole answer."""

    id: str | msgspec.UnsetType = msgspec.UNSET
    campaign_responses: list[Classic | FromTemplate] = []  # type: ignore[type-arg, unused-ignore]
    compiled_campaign_templates: list[CompiledTemplate] = []
    campaign_explanations: list[CampaignExplanation] | msgspec.UnsetType = msgspec.UNSET
    error_code: int = 0
    resolved_user_id: str | msgspec.UnsetType = msgspec.UNSET
    persisted_user_id: PersistedUser | msgspec.UnsetType = msgspec.UNSET
    event_details: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    #: the anonymous id to use from now on, where the one that came was corrected
    anon_id: str | msgspec.UnsetType = msgspec.UNSET
    #: what was wrong, in one sentence
    message: str | msgspec.UnsetType = msgspec.UNSET


def shown(detail: Detail, items: Items, templates: dict[str, str]) -> Classic | FromTemplate | None:
    """One campaign as it is returned, to control visitors too; None where nothing is. ``templates``: names by the
    ids of experiences."""
    decision, campaign, rule = detail.decision, detail.campaign, detail.rule
    if campaign is None or rule is None or decision.group is None:
        return None
    control = decision.group is Group.CONTROL
    experience = named_for(rule) if control else detail.experience
    if experience is None or (not control and decision.payload is None):
        return None
    state = state_of(campaign)
    told: dict[str, Any] = {
        "campaign_id": campaign.id,
        "campaign_name": campaign.name,
        "campaign_type": TYPES[campaign.channel],
        "experience_id": experience.id,
        "experience_name": experience.name,
        "state": state,
        "user_group": "Control" if control else "Default",
    }
    if campaign.channel == "server" and (detail.messages or (control and is_in_rows(experience.content))):
        return Classic(**told, server_side_messages=[_message(one, state, items) for one in detail.messages])
    name = templates.get(experience.id)
    return FromTemplate(
        **told,
        template_names=[] if name is None else [name],
        payload=_payload(None if control else decision.payload, campaign, experience, control=control),
    )


def named_for(rule: Rule) -> Experience | None:
    """The experience that control visitors of a rule are told, so that they can be reported."""
    alive = (one for one in rule.experiences if one.weight > 0 and not one.paused)
    return next(alive, rule.experiences[0] if rule.experiences else None)


def state_of(campaign: Campaign) -> str:
    """Published, Testing, or Disabled for whatever does not run."""
    return STATES.get(campaign.status, DISABLED)


def is_in_rows(content: Content | None) -> bool:
    """Whether content is made of messages."""
    return content is not None and bool(content.messages)


def _payload(payload: Any, campaign: Campaign, experience: Experience, *, control: bool) -> dict[str, Any]:
    """The body's members and the three that are always there; a body that is no object stands under ``value``."""
    if isinstance(payload, msgspec.Raw):
        payload = msgspec.json.decode(payload)
    if payload is None:
        payload = {}
    elif not isinstance(payload, dict):
        payload = {"value": payload}
    group = "Control" if control else "Test"
    return {**payload, "campaign": campaign.id, "experience": experience.id, "userGroup": group}


# -- messages ----------------------------------------------------------------------------------------------------------


def _message(message: RenderedMessage, state: str, items: Items) -> ServerSideMessage:
    values = {
        name: [_item(one, items) for one in value] if message.types[name] == "items" else value
        for name, value in message.values.items()
    }
    return ServerSideMessage(
        id=message.id,
        target_name=message.target,
        contains_dynamic_content=message.dynamic,
        promoted_item_keys=[_key(item_id, items) for item_id in message.items] or None,
        campaign_state=state,
        data_map=values,
    )


def _key(item_id: str, items: Items) -> dict[str, str]:
    """An item's type and id."""
    kind = (items(item_id) or {}).get("type", "Product")
    code = CODES.get(kind)
    return {"type": code, "_id": item_id} if code else {"type": TAG, "tagType": kind, "_id": item_id}


def _item(told: dict[str, Any], items: Items) -> dict[str, Any]:
    """An item in full, or its type and id where the message wants no more."""
    key = _key(told["id"], items)
    return {**key, **{n: v for n, v in told["attributes"].items() if n not in key}} if "attributes" in told else key


# -- explanations ------------------------------------------------------------------------------------------------------


def explained(detail: Detail) -> Iterator[CampaignExplanation]:
    """Why the campaign decided as it did; where no rule matched, why not for each experience."""
    campaign, explanation = detail.campaign, detail.decision.explanation
    if campaign is None or not isinstance(explanation, Explanation):
        return
    if explanation.gate == "rule" and explanation.rules:
        for rule, why in zip(campaign.rules, explanation.rules, strict=False):
            for experience in rule.experiences:
                yield _explanation(campaign, experience, why, "rule")
        return
    chosen = detail.experience or (named_for(detail.rule) if detail.rule is not None else None)
    yield _explanation(campaign, chosen, explanation, explanation.gate)


def _explanation(campaign: Campaign, experience: Experience | None, why: Explanation, gate: str) -> CampaignExplanation:
    context = f"Campaign {campaign.name} ({campaign.id})"
    if experience is not None:
        context += f", experience {experience.name} ({experience.id})"
    return CampaignExplanation(
        class_=gate,
        campaign_id=campaign.id,
        campaign_name=campaign.name,
        experience_id=experience.id if experience is not None else "",
        experience_name=experience.name if experience is not None else "",
        explanation_message=" ".join((why.message, *why.warnings)),
        context=context,
    )


def explanations(details: Iterable[Detail]) -> list[CampaignExplanation]:
    """Of every campaign that was decided."""
    return [one for detail in details for one in explained(detail)]
