"""A snapshot: everything published in one project, compiled, at one version. Replaced whole, never edited."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tailorbird.decision import Plan, compile_plan
from tailorbird.domain.access import Project, SigningKey
from tailorbird.domain.campaign import Campaign
from tailorbird.domain.definitions import Audience, Definition, Goal, Item, Kind, ProjectSettings, Template
from tailorbird.domain.errors import Invalid, Problem
from tailorbird.engine.ready import Shelf
from tailorbird.engine.tokens import Signer
from tailorbird.targeting import IdList, Library, compile_audiences

#: the struct behind each kind of definition
STRUCTS: dict[Kind, type[Any]] = {
    "campaign": Campaign,
    "audience": Audience,
    "template": Template,
    "goal": Goal,
    "settings": ProjectSettings,
}
DECODERS = {kind: msgspec.json.Decoder(struct, strict=False) for kind, struct in STRUCTS.items()}
_ITEM = msgspec.json.Decoder(Item)
#: what a decoder says to bytes that are not what they should be
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot is compiled from: as the store has it, or as the copy on disk has it."""

    project: Project
    definitions: tuple[Definition, ...] = ()
    signing_keys: tuple[SigningKey, ...] = ()


class Catalogue:
    """A project's items by id, decoded when they are asked for."""

    def __init__(self, encoded: dict[str, bytes] | None = None, change: int = 0) -> None:
        self.encoded = encoded if encoded is not None else {}
        #: the last change number taken in
        self.change = change
        self._decoded: dict[str, dict[str, Any]] = {}

    def apply(self, changes: Iterable[tuple[str, bytes | None, int]]) -> None:
        """Take in items changed since ``change``; None stands for a deleted one."""
        for item_id, body, change in changes:
            self._decoded.pop(item_id, None)
            if body is None:
                self.encoded.pop(item_id, None)
            else:
                self.encoded[item_id] = body
            self.change = max(self.change, change)

    def item(self, item_id: str) -> dict[str, Any] | None:
        """``{"id", "type", "attributes"}`` of an item; None where there is none that can be read."""
        found = self._decoded.get(item_id)
        if found is None and item_id in self.encoded:
            try:
                decoded = _ITEM.decode(self.encoded[item_id])
            except UNREADABLE:
                return None
            found = {"id": decoded.id, "type": decoded.type, "attributes": decoded.attributes}
            if len(self._decoded) < 50_000:
                self._decoded[item_id] = found
        return found

    def __len__(self) -> int:
        return len(self.encoded)


class Snapshot:
    """One project, ready to decide."""

    def __init__(
        self,
        source: Source,
        lists: Mapping[str, IdList],
        catalogue: Catalogue,
        *,
        previous: Snapshot | None = None,
        list_changes: Mapping[str, int] | None = None,
    ) -> None:
        self.source = source
        self.project = source.project
        self.lists = lists
        self.list_changes = list_changes or {}
        self.catalogue = catalogue
        self.signer = Signer(self.project.id, source.signing_keys)
        #: what is switched off and why: definition key → sentence
        self.warnings: dict[str, str] = {}
        #: the same by field, where the compiler named fields
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self.definitions: dict[Kind, dict[str, Definition]] = {kind: {} for kind in STRUCTS}
        self.bodies: dict[Kind, dict[str, Any]] = {kind: {} for kind in STRUCTS}
        #: campaigns that are switched off: id → sentence
        self.broken: dict[str, str] = {}
        #: key → id of those of them whose content nobody can read, their status neither
        self.unreadable: dict[str, str] = {}
        #: settings that cannot be read leave those before them in force: defaults would drop a required consent
        self.settings: ProjectSettings = previous.settings if previous is not None else ProjectSettings()
        self._decode_all()
        self.zone = self._time_zone()
        self._reused = previous if previous is not None and self._conditions_as_in(previous) else None
        self.library: Library = self._reused.library if self._reused else self._compile_audiences()
        self.plans: dict[str, Plan] = {}
        self._compile_campaigns()
        self._reused = None
        self._index()

    def _conditions_as_in(self, other: Snapshot) -> bool:
        """Whether audiences, lists and settings are the same, so that compiled campaigns can be carried over."""
        kinds: tuple[Kind, ...] = ("audience", "settings")
        return dict(self.list_changes) == dict(other.list_changes) and all(
            {i: d.version for i, d in self.definitions[k].items()}
            == {i: d.version for i, d in other.definitions[k].items()}
            for k in kinds
        )

    def with_catalogue(self, project: Project, catalogue: Catalogue) -> Snapshot:
        """The same definitions over other catalogue items."""
        fresh = copy.copy(self)
        fresh.project, fresh.catalogue = project, catalogue
        fresh.source = msgspec.structs.replace(self.source, project=project)
        return fresh

    def _decode_all(self) -> None:
        for definition in self.source.definitions:
            if definition.kind not in DECODERS:
                self.warnings[f"{definition.kind}:{definition.key}"] = "No definitions of this kind are known here."
                continue
            try:
                body = DECODERS[definition.kind].decode(definition.body)
            except UNREADABLE as error:
                self._set_aside(definition, str(error))
                continue
            if getattr(body, "id", definition.id) != definition.id:
                self._set_aside(definition, f"It is stored as {definition.id!r} and says {body.id!r} of itself.")
                continue
            self.definitions[definition.kind][definition.id] = definition
            self.bodies[definition.kind][definition.id] = body
        for settings in self.bodies["settings"].values():
            self.settings = settings

    def _set_aside(self, definition: Definition, why: str) -> None:
        self.warnings[f"{definition.kind}:{definition.key}"] = why
        if definition.kind == "campaign":
            self.broken[definition.id] = why
            self.unreadable[definition.key] = definition.id

    def _time_zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.settings.time_zone)
        except (ValueError, LookupError, OSError):
            self.warnings["settings:settings"] = f"There is no time zone {self.settings.time_zone!r}; UTC holds."
            return ZoneInfo("UTC")

    def _compile_audiences(self) -> Library:
        library, broken = compile_audiences(self.bodies["audience"].values(), self.lists, zone=self.zone)
        for audience_id, error in broken.items():
            key = self.bodies["audience"][audience_id].key
            self.warnings[f"audience:{key}"] = error.detail
            self.problems[f"audience:{key}"] = error.problems
        return library

    def _compile_campaigns(self) -> None:
        """A campaign that does not compile is off alone, with a warning."""
        for campaign_id, campaign in self.bodies["campaign"].items():
            version = self.definitions["campaign"][campaign_id].version
            held = self._reused.plans.get(campaign_id) if self._reused else None
            if held is not None and held.version == version:
                self.plans[campaign_id] = held
                continue
            try:
                self.plans[campaign_id] = compile_plan(
                    campaign, library=self.library, zone=self.zone, version=version, item_exists=self.item_exists
                )
            except Invalid as error:
                self.broken[campaign_id] = error.detail
                self.warnings[f"campaign:{campaign.key}"] = error.detail

    def _index(self) -> None:
        campaigns: list[Campaign] = sorted(self.bodies["campaign"].values(), key=lambda c: c.key)
        self.campaign_ids: dict[str, str] = dict(self.unreadable)
        for campaign in campaigns:
            self.campaign_ids.update(dict.fromkeys(campaign.aliases, campaign.id))
        self.campaign_ids.update({c.key: c.id for c in campaigns})
        self.groups: dict[str, tuple[str, ...]] = {}
        sets: dict[str, list[Plan]] = {}
        for campaign in campaigns:
            for group in campaign.groups:
                self.groups[group] = (*self.groups.get(group, ()), campaign.key)
        for plan in self.plans.values():
            if plan.exclusion_set:
                sets.setdefault(plan.exclusion_set, []).append(plan)
        self.peers = {name: tuple(plans) for name, plans in sets.items()}
        #: what is asked when nothing is named: (key, plan or None when it is switched off)
        live = [c for c in campaigns if c.status in ("running", "testing")]
        self.live = [(c.key, self.plans.get(c.id)) for c in live]
        #: the same of each channel
        self.live_on = {
            channel: [(c.key, self.plans.get(c.id)) for c in live if c.channel == channel]
            for channel in ("server", "web")
        }
        #: experience id → where it stands; of two with one id, the one that is live
        self.by_experience = {
            experience.id: (plan, rule, experience)
            for plan in sorted(self.plans.values(), key=lambda p: p.status in ("running", "testing"))
            for rule in plan.rules
            for experience in rule.experiences
        }
        #: every key and earlier key with its plan; names of campaigns that are switched off are not there
        named = ((name, self.plans.get(campaign_id)) for name, campaign_id in self.campaign_ids.items())
        self.by_name: dict[str, tuple[str, Plan | None]] = {name: (name, plan) for name, plan in named}
        #: earlier keys, by which a campaign may be asked for twice
        self.renamed = frozenset(self.campaign_ids) - {c.key for c in campaigns}
        #: whether any plan asks for past events
        self.looks_back = any(plan.needs.events for plan in self.plans.values())
        self.shelf = Shelf(self.signer)
        self.campaign_key = {c.id: c.key for c in campaigns}
        audiences: list[Audience] = list(self.bodies["audience"].values())
        self.audience_keys = tuple(sorted(a.key for a in audiences))
        self.global_goals: tuple[Goal, ...] = tuple(g for g in self.bodies["goal"].values() if g.is_global)
        self.templates: dict[str, Template] = self.bodies["template"]

    def can_be_quoted(self, definition: Definition) -> bool:
        """Whether its body can stand inside another JSON text; asked in earnest only where it is switched off."""
        if f"{definition.kind}:{definition.key}" not in self.warnings:
            return True
        try:
            msgspec.json.decode(definition.body)
        except UNREADABLE:
            return False
        return True

    def plan(self, name: str) -> Plan | None:
        """The compiled campaign behind a key or an alias; None when unknown or switched off."""
        campaign_id = self.campaign_ids.get(name)
        return self.plans.get(campaign_id) if campaign_id else None

    def item_exists(self, item_id: str) -> bool:
        """Whether the catalogue has this item."""
        return item_id in self.catalogue.encoded
