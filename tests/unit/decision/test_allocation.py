"""Ranges over a campaign's life."""

from msgspec.structs import replace

from tailorbird.decision import settle_ranges
from tailorbird.decision.ranges import moved
from tests.unit.decision.making import campaign, experience, rule

A, B = experience(1, weight=50.0), experience(2, weight=50.0)
FIRST = settle_ranges(campaign(rule(A, B)), None)


def test_the_first_version_gets_ranges_in_epoch_zero() -> None:
    assert FIRST.rules[0].ranges == {"Exp11": ((0, 5000),), "Exp12": ((5000, 10000),)}
    assert FIRST.rules[0].epoch == 0


def test_a_change_of_weights_moves_the_least_and_begins_an_epoch() -> None:
    second = settle_ranges(campaign(rule(replace(A, weight=60.0), replace(B, weight=40.0))), FIRST)
    assert moved(FIRST.rules[0].ranges, second.rules[0].ranges) == 1000
    assert second.rules[0].epoch == 1


def test_a_change_of_anything_else_keeps_ranges_and_epoch() -> None:
    second = settle_ranges(campaign(rule(replace(A, name="new"), B, cap="once"), name="New"), FIRST)
    assert second.rules[0].ranges == FIRST.rules[0].ranges
    assert second.rules[0].epoch == 0


def test_a_rollback_restores_weights_and_never_old_ranges() -> None:
    third = experience(3, weight=50.0)
    second = settle_ranges(campaign(rule(A, B, third)), FIRST)
    back = settle_ranges(FIRST, second)
    assert {name: sum(h - low for low, h in pairs) for name, pairs in back.rules[0].ranges.items()} == {
        "Exp11": 5000,
        "Exp12": 5000,
    }
    assert moved(second.rules[0].ranges, back.rules[0].ranges) == 3333
    assert back.rules[0].epoch == 2


def test_an_import_keeps_the_ranges_it_brings() -> None:
    brought = {"Exp12": ((0, 5000),), "Exp11": ((5000, 10000),)}
    imported = settle_ranges(campaign(rule(A, B, ranges=brought, epoch=7)), None)
    assert imported.rules[0].ranges == brought
    assert imported.rules[0].epoch == 7


def test_ranges_sent_by_a_caller_count_for_nothing_once_something_is_in_force() -> None:
    sent = campaign(rule(A, B, ranges={"Exp11": ((0, 10000),)}, epoch=99))
    assert settle_ranges(sent, FIRST).rules == FIRST.rules


def test_a_new_rule_gets_ranges_of_its_own() -> None:
    second = settle_ranges(campaign(rule(A, B), rule(experience(3), id="Ru1e2")), FIRST)
    assert second.rules[0] == FIRST.rules[0]
    assert second.rules[1].ranges == {"Exp13": ((0, 10000),)}


def test_pausing_all_leaves_no_ranges_and_resuming_is_another_epoch() -> None:
    paused = settle_ranges(campaign(rule(replace(A, paused=True), replace(B, paused=True))), FIRST)
    assert (paused.rules[0].ranges, paused.rules[0].epoch) == ({}, 1)
    resumed = settle_ranges(campaign(rule(A, B)), paused)
    assert resumed.rules[0].ranges == FIRST.rules[0].ranges
    assert resumed.rules[0].epoch == 1


def test_a_weight_that_means_nothing_counts_as_none() -> None:
    for nonsense in (float("nan"), float("inf"), -1.0):
        odd = settle_ranges(campaign(rule(replace(A, weight=nonsense), B)), None)
        assert odd.rules[0].ranges == {"Exp12": ((0, 10000),)}
