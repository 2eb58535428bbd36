"""A fold just large enough to drive every table of a store, and makers for what it folds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import msgspec

from tailorbird.domain.facts import (
    Alias,
    Arm,
    Changes,
    Entry,
    Event,
    Exposure,
    ExposureRow,
    IdKey,
    Link,
    State,
    Verdict,
)
from tailorbird.domain.ids import content_hash, event_identity
from tailorbird.domain.profile import Display, Profile
from tailorbird.domain.visitor import Visitor

SHOP, BLOG = "shop", "blog"
NOW = 1_800_000_000_000
DAY = 86_400_000
ARM = Arm(campaign="camp1", version=3, rule="rule1", arm="exp1", epoch=2)


def event(event_id: str, visitor: str | Visitor = "ann", **fields: Any) -> Event:
    """An event with an identity and the content hash of what it holds."""
    properties = fields.get("properties", {})
    fields = {"project": SHOP, "name": "view", "time": NOW, "received_at": NOW, **fields}
    return Event(
        id=event_id,
        visitor=Visitor(id=visitor) if isinstance(visitor, str) else visitor,
        identity=event_identity("api", event_id),
        content=content_hash(msgspec.json.encode((fields["name"], properties))),
        **fields,
    )


def exposure(visitor: str = "ann", **fields: Any) -> Exposure:
    fields = {"project": SHOP, "answers": ARM, "time": NOW, "received_at": NOW, **fields}
    return Exposure(visitor=Visitor(id=visitor), **fields)


def link(known: str, anonymous: str, **fields: Any) -> Link:
    fields = {"project": SHOP, "time": NOW, "received_at": NOW, **fields}
    return Link(visitor=Visitor(id=known, anonymous_id=anonymous), **fields)


def alias(known: str, other: str, **fields: Any) -> Alias:
    fields = {"project": SHOP, "time": NOW, "received_at": NOW, **fields}
    return Alias(visitor_id=known, alias=other, **fields)


class Broken(Exception):
    """What the fold raises for an event named ``break``."""


class SmallFold:
    """Counts events per name, links and merges people by the plainest rules, consumes caps."""

    def __init__(self, first: int = 1) -> None:
        self.numbers = count(first)
        #: sizes of the batches it was called with
        self.batches: list[int] = []

    def __call__(self, entries: Sequence[Entry], state: State) -> Changes:
        self.batches.append(len(entries))
        step = _Step(self.numbers, state)
        for entry in entries:
            step.take(entry)
        return step.changes


class _Step:
    def __init__(self, numbers: count[int], state: State) -> None:
        self.numbers = numbers
        self.persons = dict(state.persons)
        self.profiles = dict(state.profiles)
        self.changes = Changes()

    def take(self, entry: Entry) -> None:
        if isinstance(entry, Alias):
            person = self.person((entry.project, "u", entry.visitor_id), entry)
            other = self.persons.get((entry.project, "u", entry.alias))
            if other is None:
                self.lead((entry.project, "u", entry.alias), person)
            elif other != person:
                self.merge(entry, other, person)
            self.changes.verdicts.append(Verdict("accepted"))
            return
        person = self.find(entry)
        if isinstance(entry, Event):
            self.changes.verdicts.append(self.happened(entry, person))
        elif isinstance(entry, Exposure):
            self.changes.verdicts.append(self.shown(entry, person))
        else:
            self.changes.verdicts.append(Verdict("accepted"))

    def find(self, entry: Event | Exposure | Link) -> int:
        known, anonymous = entry.visitor.id, entry.visitor.anonymous_id
        keys: list[IdKey] = [(entry.project, "u", known)] if known else []
        if anonymous:
            keys.append((entry.project, "a", anonymous))
        person = self.person(keys[0], entry)
        other = self.persons.get(keys[-1])
        if other is None:
            self.lead(keys[-1], person)
        elif other != person:
            self.merge(entry, other, person)
        return person

    def person(self, key: IdKey, entry: Entry) -> int:
        person = self.persons.get(key)
        if person is None:
            person = next(self.numbers)
            self.save(entry.project, Profile(person=person, bucket_id=key[2], first_seen=entry.time))
            self.lead(key, person)
        return person

    def lead(self, key: IdKey, person: int) -> None:
        self.persons[key] = self.changes.ids[key] = person
        profile = self.profiles[person]
        ids, anonymous = set(profile.ids), set(profile.anonymous_ids)
        (ids if key[1] == "u" else anonymous).add(key[2])
        self.save(
            key[0], msgspec.structs.replace(profile, ids=tuple(sorted(ids)), anonymous_ids=tuple(sorted(anonymous)))
        )

    def save(self, project: str, profile: Profile) -> None:
        self.profiles[profile.person] = self.changes.profiles[profile.person] = profile
        self.changes.projects[profile.person] = project

    def merge(self, entry: Entry, person: int, target: int) -> None:
        away, into = self.profiles[person], self.profiles[target]
        self.changes.links.append((entry.project, person, target, entry.time))
        for key, owner in self.persons.items():
            if owner == person:
                self.persons[key] = target
        ids = tuple(sorted({*into.ids, *away.ids}))
        anonymous = tuple(sorted({*into.anonymous_ids, *away.anonymous_ids}))
        merged = (*into.merged, person, *away.merged)
        self.save(entry.project, msgspec.structs.replace(into, ids=ids, anonymous_ids=anonymous, merged=merged))

    def happened(self, entry: Event, person: int) -> Verdict:
        if entry.name == "break":
            raise Broken(entry.id)
        profile = self.profiles[person]
        attributes = {**profile.attributes, **entry.attributes}
        self.save(entry.project, msgspec.structs.replace(profile, attributes=attributes, last_seen=entry.time))
        self.changes.events.append((entry, person))
        key = (entry.project, "events")
        self.changes.counts[key] = self.changes.counts.get(key, 0) + 1
        return Verdict("accepted")

    def shown(self, entry: Exposure, person: int) -> Verdict:
        profile, arm = self.profiles[person], entry.answers
        display = profile.displays.get(arm.rule, Display(0, 0))
        if entry.cap == "once" and display.count:
            return Verdict("capped")
        displays = {**profile.displays, arm.rule: Display(display.count + 1, entry.time)}
        self.save(entry.project, msgspec.structs.replace(profile, displays=displays))
        row = ExposureRow(
            project=entry.project,
            person=person,
            answers=arm,
            time=entry.time,
            door=entry.door,
            facts=entry.facts,
        )
        self.changes.exposures.append(row)
        self.changes.days.add((entry.project, person, arm.campaign, arm.arm, entry.time // DAY))
        return Verdict("accepted", first=display.count == 0)
