"""Re-weighting moves exactly as many slots as it must, from those who shrink to those who grow."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tailorbird.decision.bucket import SLOTS
from tailorbird.decision.ranges import Ranges, allocate, apportion, boundaries, is_partition, lookup, moved

NAMES = "abcdefgh"
weights = st.one_of(
    st.just(0.0), st.integers(1, 100).map(float), st.floats(min_value=1e-9, max_value=1e9, allow_nan=False)
)
shares = st.dictionaries(st.sampled_from(NAMES), weights, min_size=1).filter(lambda given: any(given.values()))
histories = st.lists(shares, min_size=2, max_size=6)


def sizes(ranges: Ranges) -> dict[str, int]:
    return {name: sum(high - low for low, high in ranges.get(name, ())) for name in NAMES}


def owners(ranges: Ranges) -> list[str]:
    bounds, names = boundaries(ranges)
    return [lookup(bounds, names, slot) for slot in range(SLOTS)]


@given(histories)
def test_every_step_moves_half_the_sum_of_the_differences(history: list[dict[str, float]]) -> None:
    ranges = allocate({}, history[0])
    for step in history[1:]:
        after = allocate(ranges, step)
        assert is_partition(after)
        wanted = apportion(step)
        assert sizes(after) == {name: wanted.get(name, 0) for name in NAMES}
        before = sizes(ranges)
        assert 2 * moved(ranges, after) == sum(abs(before[n] - sizes(after)[n]) for n in NAMES)
        ranges = after


@given(shares, shares)
def test_slots_leave_only_those_who_shrink_and_reach_only_those_who_grow(
    first: dict[str, float], second: dict[str, float]
) -> None:
    before = allocate({}, first)
    after = allocate(before, second)
    old, new = sizes(before), sizes(after)
    changed = {(a, b) for a, b in zip(owners(before), owners(after), strict=True) if a != b}
    assert all(new[a] < old[a] and new[b] > old[b] for a, b in changed)


@given(shares, shares)
def test_moved_counts_what_a_walk_over_all_slots_counts(first: dict[str, float], second: dict[str, float]) -> None:
    before, after = allocate({}, first), allocate({"a": ((0, 10000),)}, second)
    assert moved(before, after) == sum(a != b for a, b in zip(owners(before), owners(after), strict=True))


@given(shares)
def test_integer_shares_are_within_one_slot_of_the_exact_ones(given_shares: dict[str, float]) -> None:
    total = sum(given_shares.values())
    slots = apportion(given_shares)
    assert sum(slots.values()) == SLOTS
    assert all(abs(slots[name] - share / total * SLOTS) < 1.001 for name, share in given_shares.items())


@given(histories)
def test_ranges_stay_few(history: list[dict[str, float]]) -> None:
    ranges: Ranges = {}
    for step in history:
        ranges = allocate(ranges, step)
        assert all(high > low for pairs in ranges.values() for low, high in pairs)
        touching = [(a, b) for pairs in ranges.values() for (_, a), (b, _) in pairwise(pairs)]
        assert all(high < low for high, low in touching)
    assert sum(len(pairs) for pairs in ranges.values()) <= 4 * len(NAMES)
