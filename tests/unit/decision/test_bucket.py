"""Draws: shares come out as asked for, and the draws of different purposes know nothing of each other."""

import numpy
import pytest
from scipy.stats import chi2_contingency, chisquare

from tailorbird.decision.bucket import CONTROL, SLOTS, draw, experience_purpose

MILLION = 1_000_000
SIGNIFICANT = 0.001


@pytest.fixture(scope="module")
def control_slots() -> numpy.ndarray:
    return numpy.fromiter((draw("k3Fp9wQz", CONTROL, f"visitor-{i}") for i in range(MILLION)), dtype=numpy.int64)


@pytest.fixture(scope="module")
def experience_slots() -> numpy.ndarray:
    purpose = experience_purpose("r7Hm2")
    return numpy.fromiter((draw("k3Fp9wQz", purpose, f"visitor-{i}") for i in range(MILLION)), dtype=numpy.int64)


def test_ten_equal_arms_hold_equal_shares(experience_slots: numpy.ndarray) -> None:
    counts = numpy.bincount(experience_slots // (SLOTS // 10), minlength=10)
    assert chisquare(counts).pvalue > SIGNIFICANT


def test_every_slot_is_drawn_equally_often(experience_slots: numpy.ndarray) -> None:
    counts = numpy.bincount(experience_slots, minlength=SLOTS)
    assert len(counts) == SLOTS
    assert chisquare(counts).pvalue > SIGNIFICANT


def test_five_percent_control_holds_five_percent(control_slots: numpy.ndarray) -> None:
    control = int((control_slots < 500).sum())
    assert chisquare([control, MILLION - control], [MILLION * 0.05, MILLION * 0.95]).pvalue > SIGNIFICANT


def test_the_same_measure_notices_a_wrong_share(control_slots: numpy.ndarray) -> None:
    control = int((control_slots < 520).sum())
    assert chisquare([control, MILLION - control], [MILLION * 0.05, MILLION * 0.95]).pvalue < SIGNIFICANT


def test_control_and_experience_are_independent(control_slots: numpy.ndarray, experience_slots: numpy.ndarray) -> None:
    table = numpy.zeros((2, 10), dtype=numpy.int64)
    numpy.add.at(table, ((control_slots < 500).astype(int), experience_slots // (SLOTS // 10)), 1)
    assert chi2_contingency(table).pvalue > SIGNIFICANT


def test_the_same_measure_notices_one_draw_for_both(control_slots: numpy.ndarray) -> None:
    table = numpy.zeros((2, 10), dtype=numpy.int64)
    numpy.add.at(table, ((control_slots < 500).astype(int), control_slots // (SLOTS // 10)), 1)
    assert chi2_contingency(table).pvalue < SIGNIFICANT


def test_another_salt_shuffles_everybody() -> None:
    same = sum(draw("saltA", CONTROL, f"v{i}") == draw("saltB", CONTROL, f"v{i}") for i in range(20_000))
    assert same < 20  # 2 expected


def test_text_that_no_encoding_knows_is_drawn_too() -> None:
    assert 0 <= draw("k3Fp9wQz", CONTROL, "\ud800") < SLOTS
