"""An oracle for identity: slow and simple. People are lists of the facts that happened to them; every answer is worked
out from the whole list each time it is asked for."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tailorbird.domain.facts import ATTRIBUTES, IMPRESSION, Alias, Arm, Entry, Event, Exposure, Link
from tailorbird.domain.visitor import Visitor
from tailorbird.domain.visits import Cap

MINUTE, DAY = 60_000, 86_400_000
HALF_HOUR, WEEK = 30 * MINUTE, 7 * DAY


@dataclass(frozen=True)
class Exposed:
    """A first exposure, and the id that it was drawn on."""

    campaign: str
    arm: Arm
    at: int
    drawn_on: str


@dataclass(frozen=True)
class Shown:
    rule: str
    at: int
    session: str


@dataclass(eq=False)
class Person:
    """Somebody: the names, and the list of everything."""

    bucket: str
    born: int
    users: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    here: list[tuple[int, str]] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    exposed: list[Exposed] = field(default_factory=list)
    days: set[tuple[str, str, int]] = field(default_factory=set)
    conflicts: int = 0

    def first_seen(self) -> int:
        return min([self.born, *(event.time for event in self.events), *(at for at, _ in self.here)])

    def last_seen(self) -> int:
        return max([0, *(at for at, _ in self.points())])

    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in sorted(self.events, key=lambda event: (event.time, event.id)):
            found |= event.attributes
        return {name: value for name, value in found.items() if value is not None}

    def happened(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name and name != ATTRIBUTES]

    def total(self, name: str, number: str) -> Fraction:
        return sum((Fraction(event.properties.get(number, 0)) for event in self.happened(name)), Fraction(0))

    def exposure(self, campaign: str) -> Exposed | None:
        return next((one for one in self.exposed if one.campaign == campaign), None)

    def drawn_on(self, campaign: str) -> str:
        exposure = self.exposure(campaign)
        return exposure.drawn_on if exposure else self.bucket

    # -- visits: all points, joined until nothing joins

    def points(self) -> list[tuple[int, str]]:
        active = [event for event in self.events if event.name != ATTRIBUTES]
        return self.here + [
            (event.time, event.session_id or "") for event in active if event.received_at - event.time <= WEEK
        ]

    def spans(self) -> list[tuple[int, int, str]]:
        return joined_points(self.points())

    def visits(self) -> int:
        sessions = [span for span in self.spans() if span[2]]
        chains = [span for span in self.spans() if not span[2]]
        return len(sessions) + sum(
            all(not within(chain, session, HALF_HOUR) for session in sessions) for chain in chains
        )

    def is_capped(self, rule: str, cap: Cap, session: str | None, now: int) -> bool:
        shown = [one for one in self.shown if one.rule == rule]
        if cap != "visit":
            return cap == "once" and bool(shown)
        if session:
            return any(
                one.session == session or (one.session == "" and abs(now - one.at) <= HALF_HOUR) for one in shown
            )
        visit = (now, now, "")
        while True:
            near = [visit, *(span for span in self.spans() if within(span, visit, HALF_HOUR))]
            wider = (min(span[0] for span in near), max(span[1] for span in near), "")
            if wider == visit:
                return any(one.at >= visit[0] for one in shown)
            visit = wider


def within(one: tuple[int, int, str], other: tuple[int, int, str], gap: int) -> bool:
    return one[0] - other[1] <= gap and other[0] - one[1] <= gap


def joined_points(points: list[tuple[int, str]]) -> list[tuple[int, int, str]]:
    """Points into spans: a session's with at most a week between, others with at most half an hour."""
    spans: list[tuple[int, int, str]] = []
    for session in sorted({session for _, session in points}):
        gap = WEEK if session else HALF_HOUR
        times = sorted(at for at, of in points if of == session)
        start = times[0]
        for before, after in zip(times, [*times[1:], times[-1] + gap + 1], strict=True):
            if after - before > gap:
                spans.append((start, before, session))
                start = after
    return spans


class Oracle:
    """Who is who after any sequence of entries, and what happened to whom."""

    def __init__(self) -> None:
        self.users: dict[str, Person] = {}
        self.devices: dict[str, Person] = {}
        self.conflicts = 0
        #: people who were made a part of somebody else
        self.gone: list[Person] = []

    def people(self) -> list[Person]:
        """Everybody to whom an id leads, and everybody who lost theirs to somebody else's device."""
        found: list[Person] = []
        for person in (*self.users.values(), *self.devices.values()):
            if person not in found:
                found.append(person)
        return found

    def tell(self, entry: Entry) -> str:
        """Take one entry in; ``capped``, ``first`` or ``accepted``."""
        if isinstance(entry, Alias):
            self._alias(entry)
            return "accepted"
        if isinstance(entry, Link):
            self.who(entry.visitor, entry.time)
            return "accepted"
        if isinstance(entry, Exposure):
            return self._exposure(entry)
        return self._event(entry)

    def drawn_on(self, visitor: Visitor, campaign: str, stranger: bool) -> str:
        """The id that a decision about this visitor is drawn on, before anything about it is recorded."""
        user, device = self.users.get(visitor.id or ""), self.devices.get(visitor.anonymous_id or "")
        if user and device and user is not device and not device.users:
            sides = [side for side in (user, device) if side.exposure(campaign)]
            if sides:
                return min(sides, key=lambda side: age_of_exposure(side, campaign)).drawn_on(campaign)
            return min((user, device), key=age).bucket
        if user:
            return user.drawn_on(campaign)
        if device and device.users and (visitor.id or stranger):
            return visitor.id or visitor.anonymous_id or ""
        return device.drawn_on(campaign) if device else visitor.anonymous_id or visitor.id or ""

    def who(self, visitor: Visitor, time: int, stranger: bool = False, drawn_on: str = "") -> Person:
        user, device = self.users.get(visitor.id or ""), self.devices.get(visitor.anonymous_id or "")
        if visitor.id is None:
            if device is None or (device.users and stranger):
                device = self._take(Person(drawn_on or visitor.anonymous_id or "", time), visitor)
            return device
        if device is not None and not device.users:
            if user is None:
                return self._take(device, visitor)
            self._merge(user, device)
            return user
        taken = device is not None and device is not user
        if user is None:
            user = Person(drawn_on or (visitor.id if taken else visitor.anonymous_id or visitor.id), time)
        if taken:
            user.conflicts += 1
            self.conflicts += 1
        return self._take(user, visitor)

    def _take(self, person: Person, visitor: Visitor) -> Person:
        if visitor.id is not None:
            self.users[visitor.id] = person
            person.users.add(visitor.id)
        if visitor.anonymous_id is not None:
            before = self.devices.get(visitor.anonymous_id)
            if before is not None:
                before.devices.discard(visitor.anonymous_id)
            self.devices[visitor.anonymous_id] = person
            person.devices.add(visitor.anonymous_id)
        return person

    def _alias(self, entry: Alias) -> None:
        one, other = self.users.get(entry.visitor_id), self.users.get(entry.alias)
        if entry.visitor_id == entry.alias:
            return
        if one and other:
            if one is not other:
                self._merge(one, other)
            return
        person = one or other or Person(entry.visitor_id, entry.time)
        self._take(person, Visitor(id=entry.visitor_id))
        self._take(person, Visitor(id=entry.alias))

    def _merge(self, into: Person, other: Person) -> None:
        campaigns = {one.campaign for one in (*into.exposed, *other.exposed)}
        exposed = []
        conflicts = 0
        for campaign in sorted(campaigns):
            sides = [side for side in (into, other) if side.exposure(campaign)]
            first = min(sides, key=lambda side: age_of_exposure(side, campaign)).exposure(campaign)
            assert first is not None
            exposed.append(first)
            conflicts += len({(one.arm.arm, one.drawn_on) for side in sides if (one := side.exposure(campaign))}) > 1
        into.bucket = min((into, other), key=age).bucket
        into.born = min(into.born, other.born)
        into.exposed = exposed
        into.conflicts += other.conflicts + conflicts
        self.conflicts += conflicts
        into.events += other.events
        into.here += other.here
        into.shown += other.shown
        into.days |= other.days
        self.users |= dict.fromkeys(other.users, into)
        self.devices |= dict.fromkeys(other.devices, into)
        into.users |= other.users
        into.devices |= other.devices
        self.gone.append(other)

    def _exposure(self, entry: Exposure) -> str:
        person = self.who(entry.visitor, entry.time, entry.stranger, entry.bucket_id)
        if person.is_capped(entry.answers.rule, entry.cap, entry.session_id, entry.time):
            return "capped"
        person.shown.append(Shown(entry.answers.rule, entry.time, entry.session_id or ""))
        person.here.append((entry.time, entry.session_id or ""))
        return self._expose(person, entry.answers, entry.time, entry.time, entry.bucket_id)

    def _event(self, event: Event) -> str:
        person = self.who(event.visitor, event.time, event.stranger)
        person.events.append(event)
        if event.answers is None:
            return "accepted"
        at = min(event.time, event.answers_at)
        if event.name == IMPRESSION and event.answers.report:
            person.shown.append(Shown(event.answers.rule, event.time, event.session_id or ""))
        return self._expose(person, event.answers, at, event.time if event.name == IMPRESSION else at, person.bucket)

    def _expose(self, person: Person, arm: Arm, at: int, day: int, drawn_on: str) -> str:
        person.days.add((arm.campaign, arm.arm, day // DAY))
        if person.exposure(arm.campaign):
            return "accepted"
        person.exposed.append(Exposed(arm.campaign, arm, at, drawn_on))
        return "first"


def age(person: Person) -> tuple[int, str]:
    return person.first_seen(), person.bucket


def age_of_exposure(person: Person, campaign: str) -> tuple[int, int, str]:
    exposure = person.exposure(campaign)
    assert exposure is not None
    return exposure.at, *age(person)
