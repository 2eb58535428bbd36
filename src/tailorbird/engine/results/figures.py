"""From the lake's rows to strata of moments: which arms may be compared, and with whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tailorbird.domain.moments import Moments, Stratum
from tailorbird.engine.results.course import Course

Row = Mapping[str, Any]
#: rule, epoch, and the shares of the arms: people of one key were drawn alike
_Key = tuple[str, int, tuple[tuple[str, float], ...]]

NOBODY = Moments(n=0, total=0.0)


class Cells:
    """The people of one view by rule, epoch and arm; versions with equal shares are one epoch."""

    def __init__(self, course: Course, people: Sequence[Row]) -> None:
        self._course = course
        self.people = people
        self._numbers: dict[_Key, int] = {}
        for row in sorted(people, key=lambda row: (row["rule"], row["epoch"], row["version"])):
            key = self._key(row)
            if key not in self._numbers:
                self._numbers[key] = sum(held[0] == row["rule"] for held in self._numbers)

    def strata(self, rows: Iterable[Row], people: Sequence[Row] | None = None) -> list[Stratum]:
        """The strata of a goal: everybody exposed, with the sums of those who did something."""
        held: dict[_Key, dict[str, Moments]] = {}
        for row in self.people if people is None else people:
            _add(held.setdefault(self._key(row), {}), row["arm"], Moments(n=row["n"], total=0.0))
        for row in rows:
            _add(held.setdefault(self._key(row), {}), row["arm"], _moments(row))
        found = [
            Stratum(rule=key[0], epoch=self._numbers.get(key, 0), arms=arms, shares=dict(key[2]))
            for key, arms in held.items()
        ]
        return sorted(found, key=lambda stratum: (stratum.rule, stratum.epoch))

    def _key(self, row: Row) -> _Key:
        shares = self._course.shares.get(row["version"], {}).get(row["rule"], {})
        return row["rule"], row["epoch"], tuple(sorted(shares.items()))


def _add(arms: dict[str, Moments], arm: str, more: Moments) -> None:
    arms[arm] = arms.get(arm, NOBODY) + more


def _moments(row: Row) -> Moments:
    return Moments(
        n=0,
        total=row["total"],
        squares=row["squares"],
        contributing=row["contributing"],
        per_total=row.get("per_total", 0.0),
        per_squares=row.get("per_squares", 0.0),
        product=row.get("product", 0.0),
        pre_total=row.get("pre_total", 0.0),
        pre_squares=row.get("pre_squares", 0.0),
        pre_product=row.get("pre_product", 0.0),
    )


def by_arm(strata: Iterable[Stratum]) -> dict[tuple[str, str], Moments]:
    """(rule, arm) → all of its people, over epochs. For showing, not for comparing."""
    found: dict[tuple[str, str], Moments] = {}
    for stratum in strata:
        for arm, moments in stratum.arms.items():
            found[stratum.rule, arm] = found.get((stratum.rule, arm), NOBODY) + moments
    return found
