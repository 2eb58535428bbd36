"""What a store does around a fold, and random histories of devices, logins and aliases to fold."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import mmh3

from tailorbird.domain.facts import (
    ATTRIBUTES,
    CLICK,
    IMPRESSION,
    Alias,
    Arm,
    Changes,
    Entry,
    Event,
    ExposureRow,
    IdKey,
    Link,
    State,
    Verdict,
)
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Visitor
from tailorbird.domain.visits import Cap
from tailorbird.profiles import combine, fold_batch

PROJECT = "shop"
START = 1_800_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

#: campaign → its rules, each with its cap
CAMPAIGNS: dict[str, dict[str, Cap]] = {
    "hero": {"hero-1": "always", "hero-2": "always"},
    "popup": {"popup-1": "once"},
    "banner": {"banner-1": "visit", "banner-2": "once"},
}


@dataclass
class World:
    """Everything that was committed, as plain maps: ids, people, links, rows."""

    ids: dict[IdKey, int] = field(default_factory=dict)
    people: dict[int, Profile] = field(default_factory=dict)
    links: dict[int, int] = field(default_factory=dict)
    exposures: list[ExposureRow] = field(default_factory=list)
    days: set[tuple[str, int, str, str, int]] = field(default_factory=set)
    events: list[tuple[Event, int]] = field(default_factory=list)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    made: int = 0

    def commit(self, entries: Sequence[Entry]) -> list[Verdict]:
        keys = {key for entry in entries for key in keys_of(entry)}
        persons = {key: self.resolve(self.ids[key]) for key in keys if key in self.ids}
        state = State(persons=persons, profiles={person: self.people[person] for person in persons.values()})
        changes = fold_batch(entries, state, self._new_person)
        self._apply(changes)
        return changes.verdicts

    def resolve(self, person: int) -> int:
        while person in self.links:
            person = self.links[person]
        return person

    def find(self, kind: str, name: str | None) -> Profile | None:
        person = self.ids.get((PROJECT, "u" if kind == "u" else "a", name or ""))
        return None if person is None else self.people[self.resolve(person)]

    def seen_by_a_decision(self, visitor: Visitor, now: int, stranger: bool) -> Profile | None:
        known, anonymous = self.find("u", visitor.id), self.find("a", visitor.anonymous_id)
        return combine(known, anonymous, visitor, now, stranger=stranger)

    def _new_person(self, now: int) -> int:
        self.made += 1
        return self.made

    def _apply(self, changes: Changes) -> None:
        assert changes.profiles.keys() == changes.projects.keys()
        self.people |= changes.profiles
        self.ids |= changes.ids
        assert not changes.profiles.keys() & {gone for _, gone, _, _ in changes.links}
        for _, gone, into, _ in changes.links:
            self.links[gone] = into
            self.people.pop(gone, None)
        self.exposures += changes.exposures
        self.days |= changes.days
        self.events += changes.events
        for key, number in changes.counts.items():
            self.counts[key] = self.counts.get(key, 0) + number


def keys_of(entry: Entry) -> list[IdKey]:
    if isinstance(entry, Alias):
        return [(entry.project, "u", entry.visitor_id), (entry.project, "u", entry.alias)]
    keys: list[IdKey] = []
    if entry.visitor.id is not None:
        keys.append((entry.project, "u", entry.visitor.id))
    if entry.visitor.anonymous_id is not None:
        keys.append((entry.project, "a", entry.visitor.anonymous_id))
    return keys


def draws(campaign: str, rule: str, bucket_id: str) -> tuple[int, int]:
    """The control draw and the experience draw."""
    control, experience = (
        (mmh3.hash(f"salt-{campaign}:{purpose}:{bucket_id}", signed=False) * 10_000) >> 32
        for purpose in ("control", f"experience:{rule}")
    )
    return control, experience


def arm_of(campaign: str, rule: str, bucket_id: str) -> Arm:
    control, experience = draws(campaign, rule, bucket_id)
    arm = "control" if control < 2_000 else f"{rule}-{'x' if experience < 5_000 else 'y'}"
    return Arm(campaign=campaign, version=1, rule=rule, arm=arm)


@dataclass(frozen=True)
class Decide:
    """A decide call that named a campaign; the exposure depends on what is known when it is asked."""

    visitor: Visitor
    campaign: str
    rule: str
    now: int
    session_id: str | None
    report: bool
    stranger: bool
    #: commits that its look at the person lies behind, as when several calls run at once
    behind: int


Step = Event | Alias | Link | Decide


class Histories:
    """Makes random histories: people with several devices who log in and out, and aliases between their names."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def history(self, longest: int = 24) -> list[Step]:
        random = self.random
        self.now = START
        self.stranger = random.random() < 0.3
        self.logged_in: dict[str, str | None] = dict.fromkeys(("d1", "d2", "d3")[: random.randint(1, 3)])
        self.users = ("u1", "u2", "u3")[: random.randint(1, 3)]
        steps: list[Step] = []
        for number in range(random.randint(2, longest)):
            # At most 24 × 7 hours: nothing is old enough to freeze, which another test is about.
            self.now += random.choice((0, 0, 1, 7 * MINUTE, 31 * MINUTE, 7 * HOUR))
            steps += self._step(number)
        return steps

    def _step(self, number: int) -> list[Step]:
        random = self.random
        device = random.choice(list(self.logged_in))
        action = random.random()
        if action < 0.18:
            self.logged_in[device] = random.choice(self.users)
            if random.random() < 0.5:
                return []
            visitor = Visitor(id=self.logged_in[device], anonymous_id=device)
            return [Link(project=PROJECT, visitor=visitor, time=self.now, received_at=self.now)]
        if action < 0.28:
            self.logged_in[device] = None
            return []
        if action < 0.35:
            one, other = random.choice(self.users), random.choice((*self.users, "u1-email"))
            return [Alias(project=PROJECT, visitor_id=one, alias=other, time=self.now, received_at=self.now)]
        visitor = self._visitor(device)
        return [self._decide(visitor)] if action < 0.7 else [self._event(visitor, number)]

    def _visitor(self, device: str) -> Visitor:
        user = self.logged_in[device]
        if user is not None and self.random.random() < 0.2:
            return Visitor(id=user)
        return Visitor(id=user, anonymous_id=device)

    def _decide(self, visitor: Visitor) -> Decide:
        random = self.random
        campaign = random.choice(list(CAMPAIGNS))
        return Decide(
            visitor=visitor,
            campaign=campaign,
            rule=random.choice(list(CAMPAIGNS[campaign])),
            now=self.now,
            session_id=self._session(),
            report=random.random() < 0.2,
            stranger=self.stranger,
            behind=random.randint(1, 3) if random.random() < 0.1 else 0,
        )

    def _event(self, visitor: Visitor, number: int) -> Event:
        random = self.random
        late = random.choice((0, 0, 0, 5 * MINUTE, 40 * MINUTE, 6 * DAY, 8 * DAY))
        attributes = {
            name: random.choice(("red", 7, None, ["a"])) for name in ("colour", "size") if random.random() < 0.4
        }
        return Event(
            project=PROJECT,
            visitor=visitor,
            id=f"e{number}",
            name=random.choice(("view", "order", IMPRESSION, CLICK, ATTRIBUTES)),
            time=self.now - late,
            received_at=self.now,
            session_id=self._session(),
            properties={"amount": random.choice((0.1, 0.2, 1e16, -3))} if random.random() < 0.5 else {},
            attributes=attributes,
            answers=self._token() if random.random() < 0.3 else None,
            answers_at=self.now - random.choice((0, MINUTE, DAY)),
            stranger=self.stranger,
        )

    def _token(self) -> Arm:
        random = self.random
        campaign = random.choice(list(CAMPAIGNS))
        rule = random.choice(list(CAMPAIGNS[campaign]))
        arm = random.choice(("control", f"{rule}-x", f"{rule}-y"))
        return Arm(campaign=campaign, version=1, rule=rule, arm=arm, report=random.random() < 0.5)

    def _session(self) -> str | None:
        return self.random.choice((None, None, "s1", "s2", "s3"))
