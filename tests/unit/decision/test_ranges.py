"""Ranges: examples that read like the promise."""

import pytest

from tailorbird.decision.ranges import allocate, apportion, boundaries, is_partition, lookup, moved

HALVES = {"a": ((0, 5000),), "b": ((5000, 10000),)}


def test_the_first_allocation_follows_the_order_given() -> None:
    assert allocate({}, {"a": 1, "b": 1}) == HALVES


def test_what_does_not_divide_goes_to_the_largest_remainder_and_ties_to_the_first() -> None:
    assert apportion({"a": 1, "b": 1, "c": 1}) == {"a": 3334, "b": 3333, "c": 3333}
    assert apportion({"a": 1, "b": 5, "c": 1}) == {"a": 1429, "b": 7143, "c": 1428}


def test_shares_are_read_exactly_as_written() -> None:
    assert apportion({"a": 0.1, "b": 0.2, "c": 0.7}) == {"a": 1000, "b": 2000, "c": 7000}


def test_growing_takes_slots_at_the_border_only() -> None:
    after = allocate(HALVES, {"a": 60, "b": 40})
    assert after == {"a": ((0, 6000),), "b": ((6000, 10000),)}
    assert moved(HALVES, after) == 1000


def test_equal_shares_written_otherwise_move_nobody() -> None:
    assert allocate(HALVES, {"b": 50, "a": 50}) == {"b": ((5000, 10000),), "a": ((0, 5000),)}
    assert moved(HALVES, allocate(HALVES, {"b": 50, "a": 50})) == 0


def test_a_newcomer_is_put_in_one_piece_between_those_who_shrink() -> None:
    assert allocate(HALVES, {"a": 1, "b": 1, "c": 1}) == {
        "a": ((0, 3334),),
        "b": ((6667, 10000),),
        "c": ((3334, 6667),),
    }


def test_a_paused_experiences_slots_go_to_the_others_in_proportion() -> None:
    thirds = allocate({}, {"a": 50, "b": 25, "c": 25})
    after = allocate(thirds, {"a": 50, "b": 0, "c": 25})
    sizes = {name: sum(high - low for low, high in pairs) for name, pairs in after.items()}
    assert sizes == {"a": 6667, "c": 3333}
    assert moved(thirds, after) == 2500


def test_the_smallest_pieces_are_given_up_first() -> None:
    torn = {"a": ((0, 4000), (5000, 5500), (9000, 10000)), "b": ((4000, 5000), (5500, 9000))}
    assert allocate(torn, {"a": 40, "b": 60}) == {"a": ((0, 4000),), "b": ((4000, 10000),)}


def test_nobody_left_means_no_ranges() -> None:
    assert allocate(HALVES, {"a": 0, "b": 0}) == {}
    assert allocate(HALVES, {}) == {}


def test_gaps_and_overlaps_of_an_edited_import_are_mended() -> None:
    after = allocate({"a": ((0, 4000),), "b": ((3000, 6000), (9000, 12000))}, {"a": 1, "b": 1})
    assert is_partition(after)
    assert after["a"][0][0] == 0


@pytest.mark.parametrize(
    "ranges",
    [
        {},
        {"a": ((0, 9999),)},
        {"a": ((1, 10000),)},
        {"a": ((0, 5000),), "b": ((4999, 10000),)},
        {"a": ((0, 5000),), "b": ((5001, 10000),)},
        {"a": ((0, 5000), (5000, 5000)), "b": ((5000, 10000),)},
    ],
)
def test_not_a_partition(ranges: dict[str, tuple[tuple[int, int], ...]]) -> None:
    assert not is_partition(ranges)


def test_a_partition() -> None:
    assert is_partition(HALVES)


@pytest.mark.parametrize(("slot", "owner"), [(0, "a"), (4999, "a"), (5000, "b"), (9998, "b"), (9999, "a")])
def test_lookup_finds_the_owner(slot: int, owner: str) -> None:
    bounds, owners = boundaries({"a": ((0, 5000), (9999, 10000)), "b": ((5000, 9999),)})
    assert lookup(bounds, owners, slot) == owner


def test_moved_counts_only_slots_that_changed_hands() -> None:
    assert moved(HALVES, HALVES) == 0
    assert moved(HALVES, {"b": ((0, 5000),), "a": ((5000, 10000),)}) == 10_000
    assert moved({}, HALVES) == 0
    assert moved(HALVES, {}) == 0
