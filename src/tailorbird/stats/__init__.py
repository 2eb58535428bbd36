"""Did it help? Pure functions from sums per arm and stratum to figures that a reader may act on.

One person counts once, in the arm and stratum (rule × epoch) of the first exposure; ``domain.moments`` holds their
sums.

- ``compare(strata, baseline, kind, *, arms=None, better="higher", signed=False, prior=None, engine="bayesian",
  scale=None, cuped=False, plan=None, level=0.95) -> list[Lift]``: every arm against ``baseline`` in the strata that
  hold both. An experience against control of its own rule, over all epochs: pass the strata of the campaign (ids of
  experiences must differ between rules; else pass one rule's at a time). Any arm can be the baseline.
- ``pooled(strata) -> list[Stratum]``: all experiences of each stratum as one arm ``test``; compared with ``control``
  that is the campaign's figure, stratified by rule × epoch.
- ``verdict(lift, kind, *, comparisons=1, capped=True, exploratory=False) -> Verdict``: better, worse or not yet, and
  why.
- ``best(strata, kind, *, arms=None, better="higher", signed=False, prior=None) -> Best``: chance to be best of
  several arms of one rule, control included.
- ``sample_ratio(strata) -> SampleRatio``: anytime-valid over all strata, the classical p-value beside it, leaks.
- ``sample_size(kind, baseline, *, effect=0.1, deviation=None, shares, ...) -> Plan`` before the start; the plan tunes
  the e-value and must not change later. ``spread_of(moments, kind)`` gives baseline and deviation from what was seen,
  ``days_left(plan, people, per_day)`` the days at today's traffic.

``stats.others`` has two figures of other tools, to check numbers with. Everything here is imported when it is first
used: importing the package costs nothing, numpy and scipy come with the first figure. Computing never raises for what
the data is like.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tailorbird.stats.lift import (
    Best,
    Better,
    Engine,
    Lift,
    Plan,
    Prior,
    SampleRatio,
    Scale,
    Share,
    Shortfall,
    Split,
    Verdict,
)

if TYPE_CHECKING:
    from tailorbird.stats.arms import compare, pooled
    from tailorbird.stats.deciding import verdict
    from tailorbird.stats.power import days_left, sample_size, spread_of
    from tailorbird.stats.ranking import best
    from tailorbird.stats.samples import sample_ratio

_LAZY = {
    "best": "ranking",
    "compare": "arms",
    "days_left": "power",
    "pooled": "arms",
    "sample_ratio": "samples",
    "sample_size": "power",
    "spread_of": "power",
    "verdict": "deciding",
}

__all__ = [
    "Best",
    "Better",
    "Engine",
    "Lift",
    "Plan",
    "Prior",
    "SampleRatio",
    "Scale",
    "Share",
    "Shortfall",
    "Split",
    "Verdict",
    "best",
    "compare",
    "days_left",
    "pooled",
    "sample_ratio",
    "sample_size",
    "spread_of",
    "verdict",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
