"""Values out of JSON text, for groups and for sums."""

from __future__ import annotations

from typing import Any

from tailorbird.targeting.columns import Properties, Value

#: numbers further from zero are no quantities: their squares would leave the range of numbers
LARGEST = 1e100


def scalar_text(text: Any, path: str) -> Any:
    """A text, number, true or false as text; null for everything else."""
    import ibis

    value = Properties(text).value(path)
    return ibis.coalesce(value.text, value.whole.cast("string"), value.number.cast("string"), value.flag.cast("string"))


def quantity(value: Value) -> Any:
    """A number that can be summed up; null for everything else."""
    import ibis

    return ibis.ifelse(value.number.abs() <= LARGEST, value.number, ibis.null("float64"))


def members_of(text: Any, path: str) -> Any:
    """The members of a list, each as JSON; null where there is no list."""
    return Properties(text).value(path).members
