"""From a campaign as written to a plan, or to one ``Invalid`` that names everything wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from datetime import tzinfo

from tailorbird.decision.bucket import SLOTS, experience_purpose
from tailorbird.decision.plan import Plan, PlanExperience, PlanRule
from tailorbird.decision.problems import Problems
from tailorbird.decision.quick import quick_way
from tailorbird.decision.ranges import boundaries, is_partition
from tailorbird.decision.schedule import ALWAYS, Timetable, compile_schedule
from tailorbird.domain.campaign import Audience_, Campaign, Content, Experience, Rule, Schedule
from tailorbird.domain.errors import Problem
from tailorbird.domain.facts import Arm
from tailorbird.domain.ids import KEY_EXPECTED, MAX_VISITOR_ID, is_key
from tailorbird.domain.needs import NOTHING, Needs
from tailorbird.domain.reasons import CONTROL_ARM
from tailorbird.targeting import EVERYONE, Condition, Library, compile_condition
from tailorbird.templates import CompiledContent, compile_content

MAX_NAME = 200
MAX_RULES = 100
MAX_EXPERIENCES = 100
MAX_TEST_USERS = 1_000
MAX_WEIGHT = 1e9

_LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*", re.ASCII)
_PROFILE = Needs(profile=True)

ItemExists = Callable[[str], bool]


def compile_plan(
    campaign: Campaign,
    *,
    library: Library,
    zone: tzinfo,
    version: int = 0,
    item_exists: ItemExists | None = None,
) -> Plan:
    """The plan of ``campaign``. Raises ``Invalid`` whose problems name every field that is wrong, with its path.

    ``zone`` serves schedules that name none. Slot ranges are taken as stored (``settle_ranges`` makes them).
    """
    return _Compiler(campaign, library, zone, version, item_exists).plan()


class _Compiler:
    """One run over one campaign: problems and warnings are gathered on the way."""

    def __init__(
        self, campaign: Campaign, library: Library, zone: tzinfo, version: int, item_exists: ItemExists | None
    ) -> None:
        self.campaign = campaign
        self.library = library
        self.zone = zone
        self.version = version
        self.item_exists = item_exists
        self.problems = Problems()
        self.warnings = Problems()

    def plan(self) -> Plan:
        campaign = self.campaign
        self._check_texts()
        self._check_ids()
        audience = self._audience(campaign.audience, "audience")
        timetable = self._schedule(campaign.schedule, "schedule")
        rules = tuple(self._rule(rule, f"rules[{i}]") for i, rule in enumerate(campaign.rules[:MAX_RULES]))
        self.problems.raise_any()
        matching = _union(part.needs for part in (audience, *(rule.audience for rule in rules)) if part is not None)
        showing = _union(content.needs for rule in rules for e in rule.experiences for content in _contents(e))
        caps = _PROFILE if any(rule.cap != "always" for rule in rules) else NOTHING
        needs = matching | showing | caps
        return Plan(
            id=campaign.id,
            key=campaign.key,
            version=self.version,
            campaign=campaign,
            status=campaign.status,
            salt=campaign.salt,
            test_users=frozenset(campaign.test_users),
            open=timetable,
            audience=audience,
            exclusion_set=campaign.exclusion_set,
            priority=campaign.priority,
            control_slots=round(campaign.control * SLOTS / 100),
            rules=rules,
            needs=needs,
            match_needs=matching,
            degradable=not needs.store,
            warnings=tuple(self.warnings.found),
            quick=quick_way(campaign, audience, timetable, rules),
        )

    def _check_texts(self) -> None:
        campaign, problems = self.campaign, self.problems
        self._check_name(campaign.name, "name")
        if campaign.key and not is_key(campaign.key):
            problems.add("key", KEY_EXPECTED, campaign.key)
        for index, group in enumerate(campaign.groups):
            if not is_key(group):
                problems.add(f"groups[{index}]", KEY_EXPECTED, group)
        if campaign.exclusion_set is not None and not is_key(campaign.exclusion_set):
            problems.add("exclusion_set", KEY_EXPECTED, campaign.exclusion_set)
        if not _is_percent(campaign.control):
            problems.add("control", "0 to 100 percent with at most two decimals", campaign.control)
        for index, user in enumerate(campaign.test_users):
            if not 0 < len(user) <= MAX_VISITOR_ID:
                problems.add(f"test_users[{index}]", f"a visitor id of 1 to {MAX_VISITOR_ID} characters", user)
        self._check_count(campaign.test_users, "test_users", MAX_TEST_USERS)
        self._check_count(campaign.rules, "rules", MAX_RULES)
        named: set[str] = set()
        for index, use in enumerate(campaign.goals):
            if use.goal in named:
                problems.add(f"goals[{index}].goal", "each goal once", use.goal)
            named.add(use.goal)

    def _check_name(self, name: str, path: str) -> None:
        if not name.strip() or len(name) > MAX_NAME:
            self.problems.add(path, f"a name of 1 to {MAX_NAME} characters", name)

    def _check_count(self, values: tuple[object, ...], path: str, most: int) -> None:
        if len(values) > most:
            self.problems.add(path, f"at most {most}", f"{len(values)}")

    def _check_ids(self) -> None:
        """Ids name rules and experiences in results for ever, so no two may share one."""
        known: set[str] = set()
        for i, rule in enumerate(self.campaign.rules):
            named = [(rule.id, f"rules[{i}].id")]
            named += [(e.id, f"rules[{i}].experiences[{j}].id") for j, e in enumerate(rule.experiences)]
            for identity, path in named:
                if identity and identity in known:
                    self.problems.add(path, "an id of its own", identity)
                known.add(identity)

    def _audience(self, tree: Audience_, path: str) -> Condition | None:
        if tree is None:
            return None
        if isinstance(tree, str):
            return EVERYONE
        with self.problems.under(""):
            condition = compile_condition(tree, self.library, path, zone=self.zone)
            for warning in condition.warnings:
                self.warnings.add(path, "", detail=warning)
            return condition
        return None

    def _schedule(self, schedule: Schedule | None, path: str) -> Timetable:
        with self.problems.under(path):
            return compile_schedule(schedule, self.zone)
        return ALWAYS

    def _rule(self, rule: Rule, path: str) -> PlanRule:
        if len(rule.name) > MAX_NAME:
            self.problems.add(f"{path}.name", f"at most {MAX_NAME} characters", rule.name)
        self._check_count(rule.experiences, f"{path}.experiences", MAX_EXPERIENCES)
        audience = self._audience(rule.audience, f"{path}.audience")
        if rule.audience is None and self.campaign.audience is not None:
            audience = EVERYONE
        experiences = tuple(
            self._experience(experience, rule, f"{path}.experiences[{i}]")
            for i, experience in enumerate(rule.experiences[:MAX_EXPERIENCES])
        )
        bounds, owners = self._owners(rule, experiences, path)
        return PlanRule(
            id=rule.id,
            name=rule.name,
            path=path,
            source=rule,
            audience=audience,
            devices=frozenset(rule.devices),
            open=self._schedule(rule.schedule, f"{path}.schedule"),
            cap=rule.cap,
            experiences=experiences,
            purpose=experience_purpose(rule.id),
            bounds=bounds,
            owners=owners,
            whole=len({owner.id for owner in owners}) == 1,
            epoch=rule.epoch,
            control=self._arm(rule, CONTROL_ARM),
        )

    def _owners(
        self, rule: Rule, experiences: tuple[PlanExperience, ...], path: str
    ) -> tuple[tuple[int, ...], tuple[PlanExperience, ...]]:
        if not rule.ranges:
            if any(e.weight > 0 and not e.paused for e in rule.experiences):
                self.warnings.add(f"{path}.ranges", "slots for its experiences", detail=f"{path} owns no slots yet.")
            return (), ()
        by_id = {experience.id: experience for experience in experiences}
        strangers = [name for name in rule.ranges if name not in by_id]
        if strangers or not is_partition(rule.ranges):
            self.problems.add(
                f"{path}.ranges", "every slot from 0 to 9999 once, for this rule's experiences", rule.ranges
            )
            return (), ()
        for experience in rule.experiences:
            if experience.weight > 0 and not experience.paused and experience.id not in rule.ranges:
                where = f"{by_id[experience.id].path}.weight"
                detail = f"{where}: the weight is under 0.01 % of the rule's, so nobody will see {experience.name!r}."
                self.warnings.add(where, "at least 0.01 % of the rule's weights", experience.weight, detail)
        bounds, names = boundaries(rule.ranges)
        return bounds, tuple(by_id[name] for name in names)

    def _experience(self, experience: Experience, rule: Rule, path: str) -> PlanExperience:
        self._check_name(experience.name, f"{path}.name")
        if not (math.isfinite(experience.weight) and 0 <= experience.weight <= MAX_WEIGHT):
            self.problems.add(f"{path}.weight", "a number from 0 to 1,000,000,000", experience.weight)
        locales: dict[str, CompiledContent | None] = {}
        tags: set[str] = set()
        for locale, written in experience.locales.items():
            where = f"{path}.locales.{locale}"
            tag = locale.replace("_", "-").lower()
            if not _LOCALE.fullmatch(locale) or tag in tags:
                self.problems.add(where, "a locale such as de or de-AT, each once", locale)
            tags.add(tag)
            locales[locale] = self._content(written, where)
        return PlanExperience(
            id=experience.id,
            name=experience.name,
            path=path,
            source=experience,
            content=None if experience.content is None else self._content(experience.content, f"{path}.content"),
            locales=locales,
            template=experience.template,
            arm=self._arm(rule, experience.id),
        )

    def _content(self, content: Content, path: str) -> CompiledContent | None:
        with self.problems.under(""):
            compiled = compile_content(content, path)
            for item in sorted(compiled.item_ids) if self.item_exists is not None else ():
                if self.item_exists is not None and not self.item_exists(item):
                    self.warnings.add(path, "items of the catalogue", item, f"{path}: there is no item {item!r}.")
            return compiled
        return None

    def _arm(self, rule: Rule, name: str) -> Arm:
        return Arm(campaign=self.campaign.id, version=self.version, rule=rule.id, arm=name, epoch=rule.epoch)


def readiness(campaign: Campaign, global_goals: bool) -> list[Problem]:
    """What a valid campaign still needs before it may start; empty when it may.

    ``global_goals``: the project has goals that serve every campaign.
    """
    missing = Problems()
    if not campaign.rules:
        missing.add("rules", "at least one rule")
    for index, rule in enumerate(campaign.rules):
        if rule.audience is None and campaign.audience is None:
            missing.add(f"rules[{index}].audience", 'a condition or "everyone", here or for the whole campaign')
        _check_experiences(rule, f"rules[{index}].experiences", missing)
    primary = sum(use.role == "primary" for use in campaign.goals)
    if not campaign.goals and not global_goals:
        missing.add("goals", "at least one goal, one of them primary")
    elif campaign.goals and primary != 1:
        missing.add("goals", "exactly one primary goal", f"{primary}")
    return missing.found


def _check_experiences(rule: Rule, path: str, missing: Problems) -> None:
    live = [(i, e) for i, e in enumerate(rule.experiences) if e.weight > 0 and not e.paused]
    if not live:
        missing.add(path, "at least one experience with a positive weight that is not paused")
    for index, experience in live:
        if experience.content is None:
            missing.add(f"{path}[{index}].content", "what to show: a body or messages")


def _contents(experience: PlanExperience) -> Iterable[CompiledContent]:
    for content in (experience.content, *experience.locales.values()):
        if content is not None:
            yield content


def _union(parts: Iterable[Needs]) -> Needs:
    found = NOTHING
    for needs in parts:
        found = found | needs
    return found


def _is_percent(value: float) -> bool:
    return 0 <= value <= 100 and abs(value * 100 - round(value * 100)) < 1e-6
