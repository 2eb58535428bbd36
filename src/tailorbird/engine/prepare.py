"""From what an author wrote to what is stored: ids, keys, salts, ranges and copies are filled in, nothing is asked
twice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from tailorbird.decision import settle_ranges
from tailorbird.domain import ids
from tailorbird.domain.campaign import Campaign, Content, Experience, GoalUse, Rule, TemplateRef
from tailorbird.domain.definitions import Definition, Template
from tailorbird.domain.errors import Conflict, Invalid, NotFound, Problem

NewId = Callable[[], str]
#: (reference, version or 0) → (template id, version, template)
FindTemplate = Callable[[TemplateRef], tuple[str, int, Template]]


def key_for(name: str, wanted: str, own: str, taken: Collection[str]) -> str:
    """The key a definition gets: the one wanted, else the one it has, else one made from its name that is free."""
    key = wanted or own
    if key:
        if not ids.is_key(key):
            raise Invalid.field("key", ids.KEY_EXPECTED, key)
        if key in taken:
            taken_by_another = f"The key {key!r} belongs to another definition."
            raise Conflict(taken_by_another, problems=(Problem(field="key", got=key, detail=taken_by_another),))
        return key
    made = ids.key_from_name(name)
    candidate, number = made, 2
    while candidate in taken:
        candidate = f"{made[:90]}-{number}"
        number += 1
    return candidate


class CampaignPreparer:
    """Fills in what the server keeps of a campaign that follows ``current`` (None: a new one)."""

    def __init__(
        self, current: Campaign | None, *, new_id: NewId, salt: str, find_template: FindTemplate, goals: dict[str, str]
    ) -> None:
        self._current = current
        self._new_id = new_id
        self._salt = salt
        self._find_template = find_template
        #: goal key or id → id
        self._goals = goals
        held = current.rules if current is not None else ()
        self._rule_ids = {rule.id for rule in held}
        self._experience_ids = {e.id for rule in held for e in rule.experiences}

    def prepare(self, written: Campaign, key: str, *, restored: bool = False) -> Campaign:
        """The campaign to store. ``restored``: ids of an earlier version are welcome (a rollback)."""
        current = self._current
        if not restored:
            self._check_status(written)
        aliases = _aliases(current, key) if current is not None else ()
        rules = tuple(self._rule(rule, f"rules[{i}]", restored) for i, rule in enumerate(written.rules))
        campaign = replace(
            written,
            id=current.id if current is not None else self._new_id(),
            key=key,
            salt=current.salt if current is not None else self._salt,
            status=current.status if current is not None else "draft",
            aliases=aliases,
            goals=tuple(self._goal(use, f"goals[{i}]") for i, use in enumerate(written.goals)),
            rules=rules,
        )
        if current is None:
            campaign = replace(campaign, rules=tuple(replace(r, ranges={}, epoch=0) for r in rules))
        return settle_ranges(campaign, current)

    def _check_status(self, written: Campaign) -> None:
        status = self._current.status if self._current is not None else "draft"
        if written.status not in ("draft", status):
            raise Invalid.field(
                "status",
                f"{status}, or no status: it is changed by the verbs start, test, pause, archive",
                written.status,
            )

    def _goal(self, use: GoalUse, path: str) -> GoalUse:
        goal_id = self._goals.get(use.goal)
        if goal_id is None:
            raise Invalid.field(f"{path}.goal", "the key or id of a goal of this project", use.goal)
        return replace(use, goal=goal_id)

    def _rule(self, rule: Rule, path: str, restored: bool) -> Rule:
        rule_id = self._id(rule.id, self._rule_ids, f"{path}.id", restored)
        experiences = tuple(
            self._experience(e, f"{path}.experiences[{i}]", restored) for i, e in enumerate(rule.experiences)
        )
        return replace(rule, id=rule_id, experiences=experiences)

    def _experience(self, experience: Experience, path: str, restored: bool) -> Experience:
        filled = replace(experience, id=self._id(experience.id, self._experience_ids, f"{path}.id", restored))
        if filled.template is not None:
            filled = self._from_template(filled, filled.template, path)
        content = self._content(filled.content) if filled.content is not None else None
        return replace(filled, content=content, locales={k: self._content(c) for k, c in filled.locales.items()})

    def _from_template(self, experience: Experience, ref: TemplateRef, path: str) -> Experience:
        """The template's content is copied where none was written, so that a later change of it changes nothing
        here."""
        try:
            template_id, version, template = self._find_template(ref)
        except NotFound:
            expected = "the key or id, and a version, of a template of this project"
            raise Invalid.field(f"{path}.template", expected, msgspec.to_builtins(ref)) from None
        content = experience.content if experience.content is not None else template.content
        older = ref.older and experience.content is not None
        copied = TemplateRef(template=template_id, version=0 if older else version, older=older)
        return replace(experience, template=copied, content=content)

    def _content(self, content: Content) -> Content:
        messages = tuple(m if m.id else replace(m, id=self._new_id()) for m in content.messages)
        return replace(content, messages=messages)

    def _id(self, given: str, known: Collection[str], path: str, restored: bool) -> str:
        if not given:
            return self._new_id()
        if given not in known and not restored:
            raise Invalid.field(path, "no id, or the id of one that this campaign has", given)
        return given


def _aliases(current: Campaign, key: str) -> tuple[str, ...]:
    """Every key the campaign ever had, but for the one it has now."""
    held: Iterable[str] = (*current.aliases, current.key)
    return tuple(dict.fromkeys(alias for alias in held if alias != key))


def fresh_copy(campaign: Campaign, name: str) -> Campaign:
    """What a clone starts from: the same content without ids, salt, ranges, aliases and status."""

    def experience(e: Experience) -> Experience:
        content = without_ids(e.content) if e.content is not None else None
        return replace(e, id="", content=content, locales={k: without_ids(c) for k, c in e.locales.items()})

    rules = tuple(
        replace(r, id="", ranges={}, epoch=0, experiences=tuple(experience(e) for e in r.experiences))
        for r in campaign.rules
    )
    return replace(campaign, id="", key="", name=name, salt="", aliases=(), status="draft", rules=rules)


def without_ids(content: Content) -> Content:
    """The content as it was written, before its messages got ids."""
    return replace(content, messages=tuple(replace(m, id="") for m in content.messages))


def stored(definition: Definition, body: Any) -> Definition:
    """``definition`` with the JSON of ``body``."""
    return replace(definition, body=msgspec.Raw(msgspec.json.encode(body)))
