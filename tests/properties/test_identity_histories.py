"""Random histories of people with several devices: what folding makes of them equals the oracle, whatever happened."""

from collections import Counter as Tally
from collections.abc import Sequence
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.domain.facts import Entry, Exposure, IdKey, Link, Verdict
from tailorbird.domain.profile import Profile
from tailorbird.domain.visits import visit_count
from tests.properties.identity_journeys import Journeys
from tests.properties.identity_oracle import WEEK, Oracle, Person
from tests.properties.identity_world import CAMPAIGNS, PROJECT, Decide, Histories, Step, World, arm_of, draws

HISTORIES, CHUNKS = 10_000, 4


class Run:
    """One history, told to the world (one step a commit), to the oracle and to the journeys."""

    def __init__(self) -> None:
        self.world = World()
        self.oracle = Oracle()
        self.journeys = Journeys()
        self.commits: list[list[Entry]] = []
        self.verdicts: list[Verdict] = []
        self.tally: Tally[str] = Tally()

    def tell(self, steps: Sequence[Step]) -> None:
        waiting: list[tuple[int, list[Entry]]] = []
        for index, step in enumerate(steps):
            if isinstance(step, Decide):
                waiting.append((index + step.behind, self.decide(step)))
            else:
                self.commit([step])
            for due, entries in waiting:
                if due <= index:
                    self.commit(entries)
            waiting = [(due, entries) for due, entries in waiting if due > index]
        for _, entries in waiting:
            self.commit(entries)

    def decide(self, step: Decide) -> list[Entry]:
        """What a decide call records, drawn on what it sees of the world."""
        visitor, campaign, rule = step.visitor, step.campaign, step.rule
        seen = self.world.seen_by_a_decision(visitor, step.now, step.stranger)
        bucket_id = seen.bucket_ids.get(campaign, seen.bucket_id) if seen else visitor.bucket_id
        drawn = draws(campaign, rule, bucket_id)
        assert drawn == draws(campaign, rule, self.oracle.drawn_on(visitor, campaign, step.stranger))
        before = self.journeys.expected(visitor, campaign, step.stranger)
        if before is not None:
            assert drawn == draws(campaign, rule, before)
            self.tally["drawn again in a journey"] += 1
        entries: list[Entry] = []
        if visitor.id and visitor.anonymous_id:
            entries.append(Link(project=PROJECT, visitor=visitor, time=step.now, received_at=step.now))
        if not step.report:
            entries.append(
                Exposure(
                    project=PROJECT,
                    visitor=visitor,
                    answers=arm_of(campaign, rule, bucket_id),
                    time=step.now,
                    received_at=step.now,
                    session_id=step.session_id,
                    cap=CAMPAIGNS[campaign][rule],
                    bucket_id=bucket_id,
                    stranger=step.stranger,
                )
            )
        return entries

    def commit(self, entries: list[Entry]) -> None:
        verdicts = self.world.commit(entries)
        for entry, verdict in zip(entries, verdicts, strict=True):
            outcome = "first" if verdict.first else verdict.outcome
            assert self.oracle.tell(entry) == outcome
            self.journeys.tell(entry, outcome)
            self.tally[outcome] += 1
        self.commits.append(entries)
        self.verdicts += verdicts

    def check(self) -> None:
        """Everybody is as the oracle says, and every row is somebody's."""
        world, oracle = self.world, self.oracle
        people = {person: world.resolve(world.ids[key_of(person)]) for person in oracle.people()}
        assert len(set(people.values())) == len(people) == len(world.people)
        for person, number in people.items():
            assert_same(person, world.people[number])
        for kind, names in (("u", oracle.users), ("a", oracle.devices)):
            for name, owner in names.items():
                assert world.find(kind, name) is world.people[people[owner]]
        assert world.counts.get((PROJECT, "identity_conflicts"), 0) == oracle.conflicts
        self.check_rows(people)
        self.tally["conflicts"] += oracle.conflicts
        self.tally["merges"] += len(world.links)

    def check_rows(self, people: dict[Person, int]) -> None:
        world = self.world
        assert len({(row.person, row.answers.campaign) for row in world.exposures}) == len(world.exposures)
        exposed = {(world.resolve(row.person), row.answers.campaign) for row in world.exposures}
        assert exposed == {(number, one.campaign) for person, number in people.items() for one in person.exposed}
        days = {(world.resolve(person), campaign, arm, day) for _, person, campaign, arm, day in world.days}
        assert days == {(number, *day) for person, number in people.items() for day in person.days}
        happened = Tally((world.resolve(person), event.id) for event, person in world.events)
        assert happened == Tally((number, event.id) for person, number in people.items() for event in person.events)
        for event, _ in world.events:
            assert ("late" in event.marks) == (event.received_at - event.time > WEEK)


def key_of(person: Person) -> IdKey:
    if person.users:
        return PROJECT, "u", min(person.users)
    return PROJECT, "a", min(person.devices)


def assert_same(person: Person, profile: Profile) -> None:
    assert set(profile.ids) == person.users
    assert set(profile.anonymous_ids) == person.devices
    assert len(profile.ids) + len(profile.anonymous_ids) == len(person.users) + len(person.devices)
    assert profile.conflicts == person.conflicts
    assert profile.bucket_id == person.bucket
    for campaign in CAMPAIGNS:
        assert profile.bucket_ids.get(campaign, profile.bucket_id) == person.drawn_on(campaign)
    assert (profile.first_seen, profile.last_seen) == (person.first_seen(), person.last_seen())
    assert profile.attributes == person.attributes()
    assert visit_count(profile) == person.visits()
    assert {name: seen.at for name, seen in profile.exposures.items()} == {
        one.campaign: one.at for one in person.exposed
    }
    assert {name: seen.arm for name, seen in profile.exposures.items()} == {
        one.campaign: one.arm.arm for one in person.exposed
    }
    assert {rule: display.count for rule, display in profile.displays.items()} == Tally(
        one.rule for one in person.shown
    )
    assert_same_counters(person, profile)


def assert_same_counters(person: Person, profile: Profile) -> None:
    names = {event.name for event in person.events if person.happened(event.name)}
    assert profile.counters.keys() == names
    for name in names:
        events, counter = person.happened(name), profile.counters[name]
        times = [event.time for event in events]
        assert (counter.count, counter.first_at, counter.last_at) == (len(events), min(times), max(times))
        amounts = [event for event in events if "amount" in event.properties]
        assert ("amount" in counter.numbers) == bool(amounts)
        if amounts:
            aggregate = counter.numbers["amount"]
            assert aggregate.count == len(amounts)
            assert Fraction(aggregate.total) + sum(map(Fraction, aggregate.rest)) == person.total(name, "amount")
            first = min((event.time, event.id, event.properties["amount"]) for event in amounts)
            last = max((event.time, event.id, event.properties["amount"]) for event in amounts)
            assert (aggregate.first, aggregate.last) == (first, last)


def assert_split_alike(run: Run, random: Random) -> None:
    """The same entries in any other batches: the same people, rows and verdicts."""
    entries = [entry for commit in run.commits for entry in commit]
    again, verdicts = World(), list[Verdict]()
    while entries:
        size = random.randint(1, len(entries))
        batch, entries = entries[:size], entries[size:]
        verdicts += again.commit(batch)
    assert verdicts == run.verdicts
    assert again.people == run.world.people
    assert {key: again.resolve(person) for key, person in again.ids.items()} == {
        key: run.world.resolve(person) for key, person in run.world.ids.items()
    }
    assert again.exposures == run.world.exposures
    assert again.days == run.world.days
    assert again.events == run.world.events
    assert again.counts == run.world.counts


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_ten_thousand_histories_end_as_the_oracle_says(chunk: int) -> None:
    tally: Tally[str] = Tally()
    for number in range(chunk, HISTORIES, CHUNKS):
        random = Random(number)
        run = Run()
        run.tell(Histories(random).history())
        run.check()
        assert_split_alike(run, random)
        tally += run.tally
    # Histories in which nothing of interest happens would prove nothing.
    assert min(tally[name] for name in ("capped", "first", "conflicts", "merges", "drawn again in a journey")) > 500


@given(st.randoms(use_true_random=False))
def test_a_history_ends_as_the_oracle_says(random: Random) -> None:
    run = Run()
    run.tell(Histories(random).history(longest=8))
    run.check()
    assert_split_alike(run, random)
