"""Folding does not depend on order, on batches, or on which of two merged people something happened to."""

from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tailorbird.domain.facts import LATE_WINDOW_MS, Event, Exposure, State
from tailorbird.domain.profile import Profile, Visit
from tailorbird.domain.visitor import Visitor
from tailorbird.domain.visits import MAX_VISITS, ordered, touch, visit_count
from tailorbird.profiles import fold, fold_batch, merge
from tests.properties.identity_oracle import HALF_HOUR, joined_points, within
from tests.properties.identity_world import PROJECT, START, World, arm_of

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
EMPTY = Profile(person=1, bucket_id="u1", ids=("u1",))

numbers = st.one_of(
    st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from((0.1, 0.2, 1e16))
)
values = st.one_of(
    st.none(), st.booleans(), st.text(max_size=3), st.integers(0, 3), st.lists(st.integers(), max_size=2)
)
properties = st.dictionaries(
    st.sampled_from(("amount", "cart", "tax")),
    st.one_of(numbers, st.text(max_size=2), st.booleans(), st.dictionaries(st.sampled_from(("net", "tax")), numbers)),
    max_size=3,
)
#: all of a visitor's consents at once, which also is what somebody may have written there by mistake
consents = st.one_of(
    st.dictionaries(st.sampled_from(("ads", "mail", "all")), st.sampled_from((True, False, None)), max_size=3),
    st.sampled_from((None, "yes")),
)
attributes = st.builds(
    lambda plain, whole, members: {
        **plain,
        **({"consent": whole[0]} if whole else {f"consent.{member}": said for member, said in members.items()}),
    },
    st.dictionaries(st.sampled_from(("a", "b")), values, max_size=2),
    st.lists(consents, max_size=1),
    st.dictionaries(st.sampled_from(("ads", "mail")), st.sampled_from((True, False, None)), max_size=2),
)
gaps = st.sampled_from((0, 1, 29 * MINUTE, 30 * MINUTE, 31 * MINUTE, 12 * HOUR, 3 * DAY, 7 * DAY, 8 * DAY))
delays = st.sampled_from((0, 0, MINUTE, 30 * MINUTE, 45 * MINUTE, 2 * DAY, 6 * DAY, 7 * DAY))


@st.composite
def streams(draw: st.DrawFn, most: int = 14) -> list[Event]:
    """Events of one person in the order of receipt, each at most seven days late."""
    now, events = START, []
    for number in range(draw(st.integers(1, most))):
        now += draw(gaps)
        events.append(
            Event(
                project=PROJECT,
                visitor=Visitor(id="u1"),
                id=f"e{draw(st.integers(0, 3))}-{number}",
                name=draw(st.sampled_from(("view", "order", "attributes"))),
                time=now - draw(delays),
                received_at=now,
                session_id=draw(st.sampled_from((None, None, "s1", "s2"))),
                properties=draw(properties),
                attributes=draw(attributes),
            )
        )
    return events


def received_in_another_order(events: Sequence[Event], random: Random) -> list[Event]:
    """The same events at the same moments of receipt, swapped as often as lateness and the future allow."""
    found = list(events)
    for _ in range(4 * len(found)):
        one, other = random.randrange(len(found)), random.randrange(len(found))
        swapped = [
            replace(found[other], received_at=found[one].received_at),
            replace(found[one], received_at=found[other].received_at),
        ]
        if all(0 <= event.received_at - event.time <= LATE_WINDOW_MS for event in swapped):
            found[one], found[other] = swapped
    return found


def folded(events: Sequence[Event], profile: Profile = EMPTY) -> Profile:
    for event in events:
        profile = fold(profile, event)
    return profile


def counted_at_once(events: Sequence[Event]) -> int:
    """How many visits these events are, from all of them at once."""
    spans = joined_points([(event.time, event.session_id or "") for event in events if event.name != "attributes"])
    sessions = [span for span in spans if span[2]]
    return len(sessions) + sum(
        not any(within(chain, session, HALF_HOUR) for session in sessions) for chain in spans if not chain[2]
    )


@settings(max_examples=400)
@given(streams(), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_person(events: list[Event], random: Random) -> None:
    person = folded(events)
    assert folded(received_in_another_order(events, random)) == person
    assert visit_count(person) == counted_at_once(events)


@given(streams(), st.randoms(use_true_random=False))
def test_any_batches_give_the_same_person(events: list[Event], random: Random) -> None:
    world, waiting = World(), list(events)
    while waiting:
        size = random.randint(1, len(waiting))
        world.commit(waiting[:size])
        waiting = waiting[size:]
    assert world.people == {1: folded(events)}


@given(streams(most=20), st.randoms(use_true_random=False))
def test_two_people_merged_are_one_to_whom_all_happened(events: list[Event], random: Random) -> None:
    # Within a fortnight, while visits are still intervals; what is frozen on both sides can only be added.
    events = [event for event in events if event.received_at - START < 7 * DAY]
    mine = [event for event in events if random.random() < 0.5]
    theirs = [event for event in events if event not in mine]
    one, other = folded(mine), replace(folded(theirs), person=2, bucket_id="u2", ids=("u2",))
    both = merge(one, other, START + 7 * DAY)
    whole = folded(events)
    assert replace(both, ids=(), merged=(), bucket_id="") == replace(whole, ids=(), bucket_id="")
    assert (both.ids, both.merged) == (("u1", "u2"), (2,))
    turned = merge(other, one, START + 7 * DAY)
    assert replace(turned, person=1, ids=both.ids, merged=both.merged) == both


@given(streams())
def test_a_profile_survives_being_stored(events: list[Event]) -> None:
    person = folded(events)
    assert msgspec.json.decode(msgspec.json.encode(person), type=Profile) == person


@given(streams(), st.integers(1, 60))
def test_an_event_that_is_too_late_is_no_visit(events: list[Event], days: int) -> None:
    person, latest = folded(events), max(event.received_at for event in events)
    late = Event(
        project=PROJECT,
        visitor=Visitor(id="u1"),
        id="late",
        name="order",
        time=latest - LATE_WINDOW_MS - days * DAY,
        received_at=latest,
        session_id="s1",
        attributes={"late": True},
    )
    after = fold(person, late)
    assert (after.visits, after.older_visits, after.last_seen) == (
        person.visits,
        person.older_visits,
        person.last_seen,
    )
    assert after.first_seen == min(person.first_seen, late.time)
    assert after.attributes == {**person.attributes, "late": True}
    assert after.counters["order"].count == 1 + (person.counters["order"].count if "order" in person.counters else 0)
    punctual = fold(person, replace(late, time=latest))
    assert (punctual.visits, punctual.last_seen) != (person.visits, person.last_seen) or latest in seen_at(events)


def seen_at(events: Sequence[Event]) -> set[int]:
    return {event.time for event in events if event.name != "attributes"}


tricky = st.one_of(st.floats(-1e200, 1e200), st.sampled_from((0.1, 0.3, 1e16, -1e16, 5e-324, 1e200, -1e200)))


@given(st.lists(tricky, min_size=1, max_size=12))
def test_a_sum_is_the_exact_one_rounded_once(amounts: list[float]) -> None:
    events = [
        Event(
            project=PROJECT,
            visitor=Visitor(id="u1"),
            id=f"e{number}",
            name="order",
            time=START,
            received_at=START,
            properties={"amount": amount},
        )
        for number, amount in enumerate(amounts)
    ]
    found = folded(events).counters["order"].numbers["amount"]
    exact = sum(map(Fraction, amounts), Fraction(0))
    assert found.total == float(exact)
    assert Fraction(found.total) + sum(map(Fraction, found.rest)) == exact


intervals = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 90), st.sampled_from(("", "s1", "s2"))), min_size=1, max_size=12
)


@given(intervals, st.randoms(use_true_random=False))
def test_a_set_of_intervals_has_one_form(spans: list[tuple[int, int, str]], random: Random) -> None:
    def united(some: Sequence[tuple[int, int, str]]) -> tuple[Visit, ...]:
        visits: list[Visit] = []
        for start, length, session in some:
            touch(visits, start * MINUTE, (start + length) * MINUTE, session)
        return ordered(visits)

    shuffled = random.sample(spans, len(spans))
    assert united(shuffled) == united(spans) == united(spans + shuffled)


def test_a_visitor_with_a_session_a_request_keeps_a_bounded_number_of_intervals() -> None:
    events = [
        Event(
            project=PROJECT,
            visitor=Visitor(id="u1"),
            id=f"e{number}",
            name="view",
            time=START + number,
            received_at=START + number,
            session_id=f"s{number}",
        )
        for number in range(3 * MAX_VISITS)
    ]
    person = folded(events)
    assert len(person.visits) <= MAX_VISITS
    assert visit_count(person) == 3 * MAX_VISITS


@given(st.integers(1, 4), st.integers(0, 2 * DAY))
def test_an_exposure_recorded_again_is_one_row(times: int, later: int) -> None:
    entries: list[Any] = [
        Exposure(
            project=PROJECT,
            visitor=Visitor(anonymous_id="d1"),
            answers=arm_of("hero", "hero-1", "d1"),
            time=START + later * number,
            received_at=START + later * number,
            bucket_id="d1",
        )
        for number in range(times)
    ]
    state = State(persons={}, profiles={})
    changes = fold_batch(entries, state, lambda now: 7)
    assert [row.time for row in changes.exposures] == [START]
    assert [verdict.first for verdict in changes.verdicts] == [True] + [False] * (times - 1)
    assert {day for *_, day in changes.days} == {entry.time // DAY for entry in entries}
    assert state == State(persons={}, profiles={})
