"""Which times a question needs facts of, so that the files of other days are not opened."""

from __future__ import annotations

from collections.abc import Iterable

from tailorbird.domain.exports import FactTable
from tailorbird.lake.queries import ask
from tailorbird.lake.queries.touches import SLACK_MS

#: from a time (UTC ms) on, and before another; None: no end
Span = tuple[int | None, int | None]


def spans(question: ask.Question) -> dict[FactTable, Span]:
    """Table → the time that is needed of it; tables that are not named are needed whole.

    Exposures from before a period are always needed: whoever was exposed then does not begin in it.
    """
    if isinstance(question, ask.Campaign):
        return _of_people(question.people, question.goals, (question.by,), exposures=not question.crossed)
    if isinstance(question, ask.Series):
        return _of_people(question.people, [question.goal] if question.goal else [], (), exposures=True)
    if isinstance(question, ask.Summary):
        return {"events": (question.since, question.until), "exposures": (None, question.until)}
    if isinstance(question, ask.Catalogue):
        return {"events": (question.since, question.until)}
    return {}


def _of_people(
    people: ask.People, goals: Iterable[ask.Counted], by: Iterable[ask.By | None], *, exposures: bool
) -> dict[FactTable, Span]:
    found: dict[FactTable, Span] = {"exposures": (None, people.until)} if exposures else {}
    wanted = [*by, *(only.by for only in people.only)]
    if any(one is not None and one.dimension == "click" for one in wanted):
        return found  # the first click counts, whenever it was
    since = None if people.since is None else people.since - look_back(goals)
    return found | {"events": (since, people.until)}


def look_back(goals: Iterable[ask.Counted]) -> int:
    """Milliseconds before somebody's exposure from which events matter."""
    return max(SLACK_MS, *(goal.before_ms for goal in goals), 0)
