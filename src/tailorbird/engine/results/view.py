"""What a reader chose to look at. Everything chosen makes the view exploratory: only the plain one gives a verdict."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from tailorbird.domain.errors import Invalid
from tailorbird.engine.goals import MAX_WINDOW_DAYS
from tailorbird.lake.queries.ask import By, Only

#: dimensions that need no name
PLAIN = ("audience", "device", "country", "visitor", "browser", "os", "language")
#: dimensions that name an attribute, or a property of the click: ``attribute:plan``, ``click:widget``
NAMED = ("attribute", "click")
DIMENSIONS = ", ".join((*PLAIN, *(f"{name}:NAME" for name in NAMED)))


class Choice(StrEnum):
    """What makes a view exploratory: it is not what was fixed at the start."""

    ATTRIBUTION = "ATTRIBUTION"
    WINDOW = "WINDOW"
    PERIOD = "PERIOD"
    BREAKDOWN = "BREAKDOWN"
    FILTER = "FILTER"
    BASELINE = "BASELINE"
    MATURE_ONLY = "MATURE_ONLY"
    CROSSED_EXCLUDED = "CROSSED_EXCLUDED"
    UNCAPPED = "UNCAPPED"
    CUPED = "CUPED"
    DELTA_METHOD = "DELTA_METHOD"


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How to look at one campaign; as it stands, as it was fixed at the start."""

    #: only these goals, by key or id
    goals: tuple[str, ...] = ()
    attribution: Literal["view", "click"] | None = None
    #: instead of each goal's own window
    window_days: float | None = None
    #: people first exposed at this time (UTC ms) or after it, and before that
    since: int | None = None
    until: int | None = None
    by: By | None = None
    only: tuple[Only, ...] = ()
    #: ``control``, ``first``, or the id or name of an experience
    baseline: str | None = None
    mature: bool = False
    exclude_crossed: bool = False
    capped: bool = True
    cuped: bool = False
    engine: Literal["bayesian", "delta"] = "bayesian"

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Everything about it that was not fixed at the start."""
        told = {
            Choice.ATTRIBUTION: self.attribution is not None,
            Choice.WINDOW: self.window_days is not None,
            Choice.PERIOD: self.since is not None or self.until is not None,
            Choice.BREAKDOWN: self.by is not None,
            Choice.FILTER: bool(self.only),
            Choice.BASELINE: self.baseline is not None,
            Choice.MATURE_ONLY: self.mature,
            Choice.CROSSED_EXCLUDED: self.exclude_crossed,
            Choice.UNCAPPED: not self.capped,
            Choice.CUPED: self.cuped,
            Choice.DELTA_METHOD: self.engine == "delta",
        }
        return tuple(choice for choice, chosen in told.items() if chosen)


def check_view(view: View) -> None:
    """``Invalid`` with the parameter that cannot be meant."""
    if view.window_days is not None and not 0 < view.window_days <= MAX_WINDOW_DAYS:
        raise Invalid.field("window_days", f"a number of days above 0, at most {MAX_WINDOW_DAYS}", view.window_days)
    if view.since is not None and view.until is not None and view.since >= view.until:
        raise Invalid.field("until", "a time after since", view.until)


def dimension(text: str, field: str) -> By:
    """``device`` or ``attribute:plan`` as a dimension."""
    name, colon, rest = text.partition(":")
    if name in PLAIN and not colon:
        return By(dimension=name)  # type: ignore[arg-type]
    if name in NAMED and rest:
        from tailorbird.targeting.columns import check_path

        check_path(rest, field)
        return By(dimension=name, name=rest)  # type: ignore[arg-type]
    raise Invalid.field(field, f"one of {DIMENSIONS}", text)


def filter_of(text: str, field: str) -> Only:
    """``device=mobile`` or ``attribute:plan=gold,silver`` as a filter; a comma inside a value is written ``\\,``."""
    name, sign, values = text.partition("=")
    if not sign:
        raise Invalid.field(field, "a dimension and its values, e.g. device=mobile,tablet", text)
    parts = [part.replace("\0", ",") for part in values.replace("\\,", "\0").split(",")]
    return Only(by=dimension(name, field), values=tuple(parts))
