"""Moments add up over disjoint people."""

from __future__ import annotations

from tailorbird.domain.moments import Moments


def of(totals: list[float]) -> Moments:
    return Moments(
        n=len(totals),
        total=sum(totals),
        squares=sum(y * y for y in totals),
        contributing=sum(1 for y in totals if y),
    )


def test_the_moments_of_two_groups_together_are_their_sum() -> None:
    assert of([0.0, 2.0, 3.0]) + of([5.0]) == of([0.0, 2.0, 3.0, 5.0])


def test_every_field_takes_part_in_the_sum() -> None:
    names = Moments.__struct_fields__
    one = Moments(**{name: 2**at for at, name in enumerate(names)})
    assert [getattr(one + one, name) for name in names] == [2 ** (at + 1) for at in range(len(names))]
