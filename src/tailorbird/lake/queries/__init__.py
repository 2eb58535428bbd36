"""Questions about the facts of one project, as Ibis expressions: what the process that computes runs.

``expressions(tables, question)`` yields named tables one after the other; each may be executed as it comes. What is
used several times is cached on the way, and small numbers that later tables depend on are computed when their turn
comes; so the generator must be driven where the tables live. Nothing here knows the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from tailorbird.lake.queries.ask import Question
from tailorbird.lake.queries.kept import Kept


def expressions(tables: Any, question: Question) -> Iterator[tuple[str, Any]]:
    """The named tables that answer a question. ``tables``: ``events, exposures, sightings, links`` of one project."""
    answer = _answers()[type(question)]
    return driven(tables, lambda kept: answer(kept, question))


def driven(tables: Any, named: Callable[[Any], Iterator[tuple[str, Any]]]) -> Iterator[tuple[str, Any]]:
    """Named tables of ``tables``; what is kept on the way is let go at the end."""
    with ExitStack() as held:
        yield from named(Kept(tables, held))


def _answers() -> dict[type, Callable[[Any, Any], Iterator[tuple[str, Any]]]]:
    from tailorbird.lake.queries import ask
    from tailorbird.lake.queries.campaign import campaign
    from tailorbird.lake.queries.catalogue import catalogue
    from tailorbird.lake.queries.projects import overlap, summary
    from tailorbird.lake.queries.series import days, series

    return {
        ask.Campaign: campaign,
        ask.Series: series,
        ask.Days: days,
        ask.Summary: summary,
        ask.Overlap: overlap,
        ask.Catalogue: catalogue,
    }


def steps(question: Question) -> int:
    """About how many tables will come: what progress is measured by."""
    goals = getattr(question, "goals", ())
    return len(goals) * 2 + 4


__all__ = ["Question", "driven", "expressions", "steps"]
