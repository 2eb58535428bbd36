"""History from another tool: who was in which arm there, and since when. Judged item by item, counted once.

An imported exposure does not change what anybody sees: draws stay what they are. It is the exposure that counts unless
the person has one of that campaign already, which stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tailorbird.domain.campaign import Campaign, Experience, Rule
from tailorbird.domain.errors import Invalid, NotFound, TooLarge
from tailorbird.domain.facts import EARLIEST_MS, FUTURE_TOLERANCE_MS, Arm, Exposure
from tailorbird.domain.reasons import CONTROL_ARM
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.engine import values
from tailorbird.engine.calls import Recorded, RejectedItem
from tailorbird.engine.gather import require_consent
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import DECODERS, Snapshot
from tailorbird.engine.write import commit

#: the door that imported exposures came through
DOOR = "import"


class PastExposure(msgspec.Struct, frozen=True, kw_only=True):
    """One exposure as a door decoded it: well-formed, not yet judged."""

    visitor: Visitor
    #: key, earlier key or id
    campaign: str
    #: id or name of an experience, or ``control``
    experience: str
    #: UTC milliseconds
    time: int
    #: id or name; needed where ``experience`` alone does not say it
    rule: str = ""
    #: of the campaign; 0 = the newest
    version: int = 0
    #: kept for breakdowns
    facts: dict[str, Any] = {}


async def import_exposures(runtime: Runtime, project: str, items: Sequence[PastExposure | Invalid]) -> Recorded:
    """Take over a batch. Items that a door could not decode come as ``Invalid``, so that indexes stay true.

    Of several exposures of one person to one campaign the earliest of the batch counts. Everybody who has an exposure
    to the campaign already keeps it: such an item is a duplicate, and so is everything that is imported again.
    """
    if len(items) > runtime.limits.batch:
        raise TooLarge(f"A batch holds at most {runtime.limits.batch:,} exposures, this one has {len(items):,}.")
    judge = _Judge(runtime, runtime.project(project))
    good: list[Exposure] = []
    rejected: list[RejectedItem] = []
    for index, item in enumerate(items):
        try:
            if isinstance(item, Invalid):
                raise item
            good.append(await judge.exposure(item))
        except Invalid as error:
            field = error.problems[0].field if error.problems else ""
            rejected.append(RejectedItem(index=index, field=field, error=error.detail))
    verdicts = await commit(runtime, sorted(good, key=lambda each: each.time)) if good else []
    accepted = sum(verdict.first for verdict in verdicts)
    runtime.metrics.exposures.inc(accepted)
    return Recorded(accepted=accepted, duplicates=len(verdicts) - accepted, rejected=tuple(rejected))


class _Judge:
    """Turns well-formed items into exposures to store, or says what is wrong with them."""

    def __init__(self, runtime: Runtime, snapshot: Snapshot) -> None:
        self._runtime = runtime
        self._snapshot = snapshot
        self._now = runtime.clock()
        #: (campaign id, version) → as it was then
        self._campaigns: dict[tuple[str, int], Campaign] = {}

    async def exposure(self, item: PastExposure) -> Exposure:
        if not EARLIEST_MS <= item.time <= self._now + FUTURE_TOLERANCE_MS:
            raise Invalid.field("time", "a time since 2000-01-01 that is not ahead", item.time)
        values.check_members(item.facts, "facts", self._runtime.limits)
        arm = await self._arm(item)
        if self._snapshot.settings.consent_for_recording is not None:
            await require_consent(self._runtime, self._snapshot, Context(visitor=item.visitor, now=self._now))
        return Exposure(
            project=self._snapshot.project.id,
            visitor=item.visitor,
            answers=arm,
            time=item.time,
            received_at=self._now,
            door=DOOR,
            shown=False,  # displays are counted each time they are told, and this may be told again
            facts=item.facts,
        )

    async def _arm(self, item: PastExposure) -> Arm:
        campaign_id = self._snapshot.campaign_ids.get(item.campaign, item.campaign)
        definition = self._snapshot.definitions["campaign"].get(campaign_id)
        if definition is None:
            raise Invalid.field("campaign", "the key or id of a campaign of this project", item.campaign)
        version = item.version or definition.version
        campaign = await self._version(campaign_id, version)
        rule, arm = _place(campaign, item)
        return Arm(campaign=campaign_id, version=version, rule=rule.id, arm=arm, epoch=rule.epoch)

    async def _version(self, campaign_id: str, version: int) -> Campaign:
        held = self._campaigns.get((campaign_id, version))
        if held is None:
            try:
                found = await self._runtime.store.definition(
                    self._snapshot.project.id, "campaign", campaign_id, version
                )
            except NotFound:
                raise Invalid.field("version", "a version that the campaign has", version) from None
            held = self._campaigns[campaign_id, version] = DECODERS["campaign"].decode(found.body)
        return held


def _place(campaign: Campaign, item: PastExposure) -> tuple[Rule, str]:
    """The rule and arm that the item names. Ids win over names."""
    rules = [rule for rule in campaign.rules if item.rule in ("", rule.id)]
    rules = rules or [rule for rule in campaign.rules if item.rule == rule.name]
    if not rules:
        raise Invalid.field("rule", "the id or name of a rule of the campaign", item.rule)
    if item.experience == CONTROL_ARM:
        arms = [(rule, CONTROL_ARM) for rule in rules]
    else:
        arms = _experiences(rules, item.experience, lambda experience: experience.id)
        arms = arms or _experiences(rules, item.experience, lambda experience: experience.name)
    if not arms:
        raise Invalid.field(
            "experience", "the id or name of an experience of the campaign, or control", item.experience
        )
    if len(arms) > 1:
        raise Invalid.field("rule", f"the rule: several have the experience {item.experience}", item.rule)
    return arms[0]


def _experiences(rules: Sequence[Rule], wanted: str, name: Callable[[Experience], str]) -> list[tuple[Rule, str]]:
    return [(rule, experience.id) for rule in rules for experience in rule.experiences if name(experience) == wanted]
