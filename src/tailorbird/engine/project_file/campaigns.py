"""From a campaign of a file to the campaign to store.

Where it is new, the ids, salt, ranges, epochs and aliases of the file are taken over, so that its visitors keep their
arms on another server. Where it is known, the server keeps its own: weights and content come back, never old ranges.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from tailorbird.decision import settle_ranges
from tailorbird.decision.problems import Problems
from tailorbird.decision.ranges import is_partition
from tailorbird.domain import ids
from tailorbird.domain.campaign import Campaign, Content, Experience, Rule, TemplateRef
from tailorbird.domain.definitions import Template
from tailorbird.domain.errors import Invalid, NotFound
from tailorbird.engine.prepare import CampaignPreparer, without_ids
from tailorbird.engine.project_file.entries import Entry, check_inner_ids, is_id, with_known_ids
from tailorbird.engine.project_file.form import bare

MAX_SALT = 100
_canonical = msgspec.json.Encoder(order="sorted").encode
#: reads one version of a template by its id; ``NotFound`` where there is none
OldTemplate = Callable[[str, int], Awaitable[Template]]
_COPIED = Template(name="copied already", content=Content())


class Campaigns:
    """Prepares the campaigns of one file."""

    def __init__(
        self,
        *,
        goals: Mapping[str, str],
        templates: Mapping[str, tuple[str, int, Template]],
        old_template: OldTemplate,
        new_id: Callable[[], str],
        new_salt: Callable[[], str],
    ) -> None:
        #: key or id → id
        self._goals = dict(goals)
        #: key or id → (id, version after this file, content after this file)
        self._templates = templates
        self._old_template = old_template
        self._new_id = new_id
        self._new_salt = new_salt

    async def prepare(self, entry: Entry) -> Campaign:
        """The campaign to store; ``Invalid`` with everything that is wrong with the file's."""
        problems = Problems()
        held: Campaign | None = entry.current
        written: Campaign = entry.written if held is None else with_known_ids(entry.written, held)
        check_inner_ids(written, problems)
        _check_kept(written, held, problems)
        written = await self._with_templates(written, held, problems)
        problems.raise_any()
        preparer = CampaignPreparer(
            held,
            new_id=self._new_id,
            salt=written.salt or self._new_salt(),
            find_template=lambda ref: (ref.template, ref.version, _COPIED),
            goals=self._goals,
        )
        prepared = preparer.prepare(written, entry.key, restored=True)
        if held is None:
            prepared = _taken_over(prepared, written, entry.id)
        status: Any = entry.status or (prepared.status if entry.live else "draft")
        return replace(prepared, status=status)

    async def _with_templates(self, written: Campaign, held: Campaign | None, problems: Problems) -> Campaign:
        known = {e.id: e for rule in held.rules for e in rule.experiences} if held is not None else {}
        rules: list[Rule] = []
        for i, rule in enumerate(written.rules):
            experiences = []
            for j, experience in enumerate(rule.experiences):
                with problems.under(f"rules[{i}].experiences[{j}].template"):
                    experience = await self._from_template(experience, known.get(experience.id))
                experiences.append(experience)
            rules.append(replace(rule, experiences=tuple(experiences)))
        return replace(written, rules=tuple(rules))

    async def _from_template(self, experience: Experience, held: Experience | None) -> Experience:
        """The experience with the id of its template, the version that was copied, and content."""
        ref = experience.template
        if ref is None:
            return experience
        found = self._templates.get(ref.template)
        if found is None:
            return _orphan(experience, ref)
        template_id, newest, template = found
        if ref.version:
            template = await self._version(template_id, ref.version)
            copied = TemplateRef(template=template_id, version=ref.version)
        else:
            before = held.template if held is not None else None
            copied = _copied(experience, ref, before, TemplateRef(template=template_id, version=newest), template)
        content = experience.content if experience.content is not None else template.content
        return replace(experience, template=copied, content=content)

    async def _version(self, template_id: str, version: int) -> Template:
        try:
            return await self._old_template(template_id, version)
        except NotFound:
            raise Invalid.field("version", "a version that the template has in this project", version) from None


def _orphan(experience: Experience, ref: TemplateRef) -> Experience:
    """Where content came from is kept even when that template is gone; a name that never was one is a mistake."""
    if (ref.version or ref.older) and experience.content is not None and is_id(ref.template):
        return experience
    raise Invalid.field("template", "the key or id of a template of the project or of this file", ref.template)


def _copied(
    experience: Experience, ref: TemplateRef, before: TemplateRef | None, newest: TemplateRef, template: Template
) -> TemplateRef:
    """What a reference without a version means: the newest, unless the content is known to come from an earlier one
    and is not what the template says now."""
    if experience.content is None:
        return newest
    known = before if before is not None and before.template == newest.template else None
    if ref.older:
        return known or TemplateRef(template=newest.template, older=True)
    same = _canonical(bare(without_ids(experience.content))) == _canonical(bare(without_ids(template.content)))
    return newest if same or known is None else known


def _check_kept(written: Campaign, held: Campaign | None, problems: Problems) -> None:
    """What the server keeps: of a known campaign the salt may be repeated, of a new one all of it must make sense."""
    if held is not None:
        if written.salt not in ("", held.salt):
            problems.add("salt", "no salt, or the one that the campaign has: its draws never change", written.salt)
        return
    if len(written.salt) > MAX_SALT or not written.salt.isprintable():
        problems.add("salt", f"at most {MAX_SALT} printable characters", written.salt)
    for index, alias in enumerate(written.aliases):
        if not ids.is_key(alias):
            problems.add(f"aliases[{index}]", ids.KEY_EXPECTED, alias)
    for index, rule in enumerate(written.rules):
        own = {experience.id for experience in rule.experiences if experience.id}
        if rule.ranges and not (rule.id and own.issuperset(rule.ranges) and is_partition(rule.ranges)):
            expected = "every slot from 0 to 9999 once, for experiences of a rule that the file gives with their ids"
            problems.add(f"rules[{index}].ranges", expected, rule.ranges)
        if rule.epoch < 0:
            problems.add(f"rules[{index}].epoch", "a number from 0", rule.epoch)


def _taken_over(prepared: Campaign, written: Campaign, campaign_id: str) -> Campaign:
    """A new campaign as it was where it comes from; weights that were changed since edit its ranges minimally."""
    rules = tuple(
        replace(rule, ranges=told.ranges, epoch=told.epoch)
        for rule, told in zip(prepared.rules, written.rules, strict=True)
    )
    aliases = tuple(dict.fromkeys(alias for alias in written.aliases if alias != prepared.key))
    return settle_ranges(replace(prepared, id=campaign_id, aliases=aliases, rules=rules), None)
