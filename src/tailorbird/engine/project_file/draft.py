"""The project as it would be with a file in force: everything prepared, compiled together, and nothing written yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from tailorbird.decision.problems import Problems
from tailorbird.domain.campaign import Campaign
from tailorbird.domain.definitions import Definition, Kind, ProjectSettings, Template
from tailorbird.domain.errors import Invalid, Problem
from tailorbird.engine.goals import check_goal
from tailorbird.engine.prepare import NewId
from tailorbird.engine.project_file.campaigns import Campaigns
from tailorbird.engine.project_file.entries import Entry, Known, given_ids, read_entries
from tailorbird.engine.project_file.form import SECTIONS, bare
from tailorbird.engine.publish import inner_ids, new_ids
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import DECODERS, Snapshot
from tailorbird.engine.validate import SERVING, check_audience, check_campaign, check_settings
from tailorbird.templates import compile_content

_canonical = msgspec.json.Encoder(order="sorted").encode
_SECTION_OF: dict[str, str] = {kind: section for section, kind in SECTIONS.items()}
#: file order, and so the order in which definitions may name each other
_ORDER: tuple[Kind, ...] = ("settings", *SECTIONS.values())


class Draft:
    """A project with a file in force. ``make`` it; it has no problems then."""

    def __init__(self, runtime: Runtime, snapshot: Snapshot, entries: list[Entry], deletions: list[Definition]) -> None:
        self._runtime = runtime
        self.snapshot = snapshot
        self.entries = entries
        #: definitions that the file no longer has
        self.deletions = deletions
        #: everything compiled with the file in force
        self.after: Snapshot = snapshot

    @classmethod
    async def make(cls, runtime: Runtime, snapshot: Snapshot, document: Any, *, prune: bool) -> Draft:
        """Prepare and check a whole file. ``Invalid`` names everything that is wrong, with its path in the file."""
        problems = Problems()
        entries = await asyncio.to_thread(read_entries, document, problems, runtime.limits.list_members)
        problems.raise_any()
        everything = await runtime.store.definitions(snapshot.project.id, deleted=True)
        known = Known(snapshot, everything)
        new_id = new_ids(runtime, snapshot, given_ids(entries))
        for entry in entries:
            with problems.under(entry.path):
                known.identify(entry, new_id)
        problems.raise_any()
        draft = cls(runtime, snapshot, entries, _missing(snapshot, entries, document) if prune else [])
        draft._check_keys(problems)
        problems.raise_any()
        await draft._prepare(problems, new_id)
        problems.raise_any()
        await asyncio.to_thread(draft._compile, problems)
        problems.raise_any()
        return draft

    def changed(self, entry: Entry) -> bool:
        """Whether the entry says something else than what is in force."""
        return not entry.live or _canonical(bare(entry.prepared)) != _canonical(bare(entry.current))

    # -- which definitions there will be -------------------------------------------------------------------------------

    def _others(self, kind: Kind) -> Iterator[Definition]:
        """Those in force that the file neither has nor removes."""
        meant = {entry.id for entry in self.entries if entry.kind == kind}
        meant.update(d.id for d in self.deletions if d.kind == kind)
        return (d for d in self.snapshot.definitions[kind].values() if d.id not in meant)

    def _check_keys(self, problems: Problems) -> None:
        for section, kind in SECTIONS.items():
            taken = {d.key: d.id for d in self._others(kind)}
            for entry in self.entries:
                if entry.kind == kind and entry.key in taken:
                    expected = f"a key of its own: it belongs to {taken[entry.key]}, which the file does not have"
                    problems.add(f"{section}.{entry.key}", expected, entry.key)
        for definition in self.deletions:
            body = DECODERS[definition.kind].decode(definition.body)
            if isinstance(body, Campaign) and body.status in SERVING:
                path = f"campaigns.{definition.key}"
                problems.add(path, f"to be there: it is {body.status}. Pause or archive it before it is removed")

    # -- their bodies --------------------------------------------------------------------------------------------------

    async def _prepare(self, problems: Problems, new_id: NewId) -> None:
        preparer: Campaigns | None = None
        for entry in sorted(self.entries, key=lambda each: _ORDER.index(each.kind)):
            with problems.under(entry.path):
                if entry.kind == "campaign":
                    preparer = preparer or self._campaigns(new_id)
                    entry.prepared = await preparer.prepare(entry)
                else:
                    await asyncio.to_thread(_prepare_plain, entry, self.snapshot)
            await asyncio.sleep(0)  # decisions go on meanwhile, however long the file is
        self._check_inner_ids(problems)

    def _campaigns(self, new_id: NewId) -> Campaigns:
        project, store = self.snapshot.project.id, self._runtime.store

        async def old_template(template_id: str, version: int) -> Template:
            found: Template = DECODERS["template"].decode(
                (await store.definition(project, "template", template_id, version)).body
            )
            return found

        return Campaigns(
            goals=self._goal_ids(),
            templates=self._templates(),
            old_template=old_template,
            new_id=new_id,
            new_salt=lambda: f"{self._runtime.randbits(64):016x}",
        )

    def _goal_ids(self) -> dict[str, str]:
        goals = {d.key: d.id for d in self._others("goal")}
        goals.update({entry.key: entry.id for entry in self.entries if entry.kind == "goal"})
        return goals | {goal_id: goal_id for goal_id in goals.values()}

    def _templates(self) -> Mapping[str, tuple[str, int, Template]]:
        found: dict[str, tuple[str, int, Template]] = {}
        for definition in self._others("template"):
            body = self.snapshot.bodies["template"][definition.id]
            found.update(dict.fromkeys((definition.id, definition.key), (definition.id, definition.version, body)))
        for entry in self.entries:
            if entry.kind == "template" and entry.prepared is not None:
                version = _version(entry, self.changed(entry))
                found.update(dict.fromkeys((entry.id, entry.key), (entry.id, version, entry.prepared)))
        return found

    def _check_inner_ids(self, problems: Problems) -> None:
        """Displays are counted by rule, so no two campaigns share one."""
        bodies = self.snapshot.bodies["campaign"]
        owners = {inner: d.key for d in self._others("campaign") for inner in inner_ids(bodies[d.id])}
        for entry in self.entries:
            if not isinstance(entry.prepared, Campaign):
                continue
            for inner in dict.fromkeys(inner_ids(entry.prepared)):
                owner = owners.setdefault(inner, entry.key)
                if owner != entry.key:
                    expected = f"ids of its own for rules and experiences: {owner} has {inner}"
                    problems.add(entry.path, expected, inner)

    def _release_aliases(self) -> None:
        """An earlier key of a campaign ends when another one takes it as its own."""
        bodies = self.snapshot.bodies["campaign"]
        mine = [entry for entry in self.entries if entry.kind == "campaign"]
        others = list(self._others("campaign"))
        keys = {entry.key: entry.id for entry in mine} | {d.key: d.id for d in others}
        for entry in mine:
            entry.prepared = _without_aliases(entry.prepared, keys)
        for definition in others:
            body = bodies[definition.id]
            released = _without_aliases(body, keys)
            if released != body:
                gone = ", ".join(alias for alias in body.aliases if alias not in released.aliases)
                entry = Entry(kind="campaign", key=definition.key, path=f"campaigns.{definition.key}", written=body)
                entry.held, entry.live, entry.id, entry.prepared = definition, True, definition.id, released
                entry.notes = (f"The earlier key {gone} is another campaign's now.",)
                self.entries.append(entry)

    # -- all of it together --------------------------------------------------------------------------------------------

    def _compile(self, problems: Problems) -> None:
        """Compile everything as it would be. Takes a while: called in a thread."""
        self._release_aliases()
        written = [self.definition(entry) if self.changed(entry) else entry.held for entry in self.entries]
        kept = [d for kind in _ORDER for d in self._others(kind)]
        definitions = tuple(d for d in (*kept, *written) if d is not None)
        source = replace(self.snapshot.source, definitions=definitions)
        self.after = Snapshot(source, self.snapshot.lists, self.snapshot.catalogue)
        changed = [entry for entry in self.entries if self.changed(entry)]
        for entry in changed:
            with problems.under(entry.path):
                self._check(entry)
        own = {f"{entry.kind}:{entry.key}" for entry in changed}
        for name, why in sorted(self.after.warnings.items()):
            if name not in own and name not in self.snapshot.warnings:
                kind, _, key = name.partition(":")
                path = f"{_SECTION_OF.get(kind, kind)}.{key}"
                problems.found.append(Problem(field=path, detail=f"{path} would break: {why}"))
        self._check_goals(problems)

    def _check(self, entry: Entry) -> None:
        name = f"{entry.kind}:{entry.key}"
        if isinstance(entry.prepared, Campaign):
            check_campaign(self.after, entry.prepared)
        elif isinstance(entry.prepared, ProjectSettings):
            check_settings(self.after, entry.prepared)
        elif name in self.after.warnings:
            raise Invalid(self.after.warnings[name], problems=self.after.problems.get(name, ()))

    def _check_goals(self, problems: Problems) -> None:
        for definition in self.deletions:
            if definition.kind == "goal":
                campaigns: list[Campaign] = list(self.after.bodies["campaign"].values())
                users = sorted(c.key for c in campaigns if any(use.goal == definition.id for use in c.goals))
                if users:
                    problems.add(f"goals.{definition.key}", f"to be there: it is a goal of {', '.join(users)}")

    def definition(self, entry: Entry, author: str = "", at: int = 0) -> Definition:
        """The version to write for an entry."""
        return Definition(
            project=self.snapshot.project.id,
            kind=entry.kind,
            id=entry.id,
            key=entry.key,
            version=_version(entry, changed=True),
            body=msgspec.Raw(msgspec.json.encode(entry.prepared)),
            author=author,
            at=at,
            action="apply: change" if entry.live else "apply: create",
        )


def _version(entry: Entry, changed: bool) -> int:
    held = entry.held.version if entry.held is not None else 0
    return held + 1 if changed else held


def _missing(snapshot: Snapshot, entries: list[Entry], document: Any) -> list[Definition]:
    """What is in force and not in the file, of the kinds that the file has a section for."""
    meant = {(entry.kind, entry.id) for entry in entries}
    return [
        definition
        for section, kind in reversed(SECTIONS.items())
        if section in document
        for definition in snapshot.definitions[kind].values()
        if (kind, definition.id) not in meant
    ]


def _prepare_plain(entry: Entry, snapshot: Snapshot) -> None:
    """Every kind but campaigns."""
    written = entry.written
    if entry.kind == "settings":
        check_settings(snapshot, replace(written, retention_days=None))
    elif entry.kind == "audience":
        check_audience(written)
    elif entry.kind == "template":
        compile_content(written.content, "content")
    else:
        check_goal(written)
    entry.prepared = written if entry.kind == "settings" else replace(written, id=entry.id, key=entry.key)


def _without_aliases(campaign: Campaign, keys: Mapping[str, str]) -> Campaign:
    aliases = tuple(alias for alias in campaign.aliases if keys.get(alias, campaign.id) == campaign.id)
    return replace(campaign, aliases=aliases) if aliases != campaign.aliases else campaign
