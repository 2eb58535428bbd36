"""Visits: sets of intervals, so that the order in which facts arrive never matters.

A visit is everything under one session id, however often sessions alternate, until that id was silent for seven days.
What came without a session id is chained by gaps of at most 30 minutes; such a chain within 30 minutes of a session is
part of that session's visit and no visit of its own. A request without a session id belongs to whatever was going on at
most 30 minutes ago.

Intervals are kept for 14 days by our clock: a fact may be seven days late and may then touch a session that was silent
for seven. Older ones can change no more, so only their number stays. Freezing takes whole groups of touching intervals,
which is what makes it independent of when it happens. Beyond ``MAX_VISITS`` intervals (a crawler with a session a
request) the oldest freeze early, and only then the order of arrival may show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Literal, Protocol

from tailorbird.domain.facts import LATE_WINDOW_MS, VISIT_GAP_MS
from tailorbird.domain.profile import Display, Profile, Visit

Cap = Literal["always", "once", "visit"]

#: A session id that was silent for longer opens another visit.
SESSION_GAP_MS = LATE_WINDOW_MS
#: How long intervals are kept, by our clock.
KEPT_MS = LATE_WINDOW_MS + SESSION_GAP_MS
#: Most intervals kept per person, and how many stay when there were more.
MAX_VISITS, FEWER_VISITS = 200, 120


class Watched(Protocol):
    """What caps are read from: a profile, or the working copy of one."""

    @property
    def visits(self) -> Sequence[Visit]: ...
    @property
    def displays(self) -> Mapping[str, Display]: ...


# -- questions about a person ----------------------------------------------------------------------------------------


def visit_count(profile: Profile) -> int:
    """How many visits are known, the current one included once something was recorded in it."""
    return profile.older_visits + count(profile.visits)


def is_returning(profile: Profile, now: int, session_id: str | None) -> bool:
    """Whether there was another visit than the one that a request at ``now`` belongs to."""
    if profile.older_visits:
        return True
    visits = list(profile.visits)
    touch(visits, now, now, session_id or "")
    return count(visits) > 1


def current_visit_start(watched: Watched, session_id: str | None, now: int) -> int:
    """When the visit began that a request at ``now`` belongs to; ``now`` itself when it opens a new one."""
    if session_id:
        return _session_start(watched.visits, session_id, now)
    found, low, high = now, 0, -VISIT_GAP_MS - 1
    for visit in sorted(watched.visits, key=_order):
        if visit.start > high + VISIT_GAP_MS:
            low, high = visit.start, visit.end
        else:
            high = max(high, visit.end)
        if low - VISIT_GAP_MS <= now <= high + VISIT_GAP_MS:
            found = min(found, low)
    return found


def cap_used(watched: Watched, rule_id: str, cap: Cap, session_id: str | None, now: int) -> bool:
    """Whether the rule's display cap leaves no display for a request at ``now``.

    ``visit``: it was shown under the caller's session id (a bounded number of recent sessions is remembered, so they
    may alternate) or without one at most 30 minutes ago; for a caller without session id: since the visit began that is
    going on, which ends 30 minutes after the last event or display.
    """
    display = watched.displays.get(rule_id)
    if cap == "always" or display is None:
        return False
    if cap == "once":
        return display.count > 0
    if not session_id:
        return display.last_at >= current_visit_start(watched, None, now)
    return any(
        session == session_id or (not session and abs(now - at) <= VISIT_GAP_MS) for at, session in display.sessions
    )


# -- sets of intervals -----------------------------------------------------------------------------------------------


def touch(visits: list[Visit], start: int, end: int, session_id: str) -> None:
    """Add an interval, in place, joining it with those of its session (or chain) that it touches.

    Whatever the order of calls, the same intervals give the same set; only the order within the list may differ.
    """
    gap = SESSION_GAP_MS if session_id else VISIT_GAP_MS
    after, before = start - gap, end + gap
    for index in range(len(visits) - 1, -1, -1):
        visit = visits[index]
        if visit.session_id != session_id or visit.end < after or visit.start > before:
            continue
        if visit.start <= start and end <= visit.end:
            return
        start, end = min(start, visit.start), max(end, visit.end)
        del visits[index]
    visits.append(Visit(start, end, session_id))


def count(visits: Sequence[Visit]) -> int:
    """How many visits these intervals are."""
    sessions = [visit for visit in visits if visit.session_id]
    return len(sessions) + sum(
        not any(_near(loose, session) for session in sessions) for loose in visits if not loose.session_id
    )


def ordered(visits: Iterable[Visit]) -> tuple[Visit, ...]:
    """The one order in which a set of intervals is stored."""
    return tuple(sorted(visits, key=_order))


def one_by_one(visits: Sequence[Visit]) -> tuple[Visit, ...]:
    """The visits that these intervals are, as many as ``count`` says, the oldest first: what came without a session id
    is part of the first session that it is near."""
    sessions = [visit for visit in visits if visit.session_id]
    whole = sessions.copy()
    for loose in visits:
        if loose.session_id:
            continue
        near = next((index for index, session in enumerate(sessions) if _near(loose, session)), None)
        if near is None:
            whole.append(loose)
        else:
            grown = whole[near]
            whole[near] = Visit(min(grown.start, loose.start), max(grown.end, loose.end), grown.session_id)
    return ordered(whole)


def freeze(visits: list[Visit], horizon: int) -> tuple[int, int]:
    """Take out, in place, what ended before ``horizon`` and touches nothing newer.

    Returns how many visits those were, and the horizon before which nothing more can be taken out.
    """
    frozen, later = 0, horizon + LATE_WINDOW_MS
    for group in _groups(visits):
        end = group[0].end if len(group) == 1 else max(visit.end for visit in group)
        if end < horizon:
            frozen += count(group) if len(group) > 1 else 1
            for visit in group:
                visits.remove(visit)
        else:
            later = min(later, end)
    if len(visits) > MAX_VISITS:
        before = count(visits)
        visits.sort(key=lambda visit: (visit.end, _order(visit)))
        del visits[:-FEWER_VISITS]
        frozen += before - count(visits)
    return frozen, later


def _groups(visits: Sequence[Visit]) -> list[list[Visit]]:
    """The intervals, grouped by which chain without session id is near which session."""
    groups = [[visit] for visit in visits if visit.session_id]
    chains = [visit for visit in visits if not visit.session_id]
    if not groups or not chains:
        return groups or [[loose] for loose in chains]
    for loose in chains:
        near = [group for group in groups if any(visit.session_id and _near(loose, visit) for visit in group)]
        groups = [group for group in groups if not any(group is one for one in near)]
        groups.append([loose, *(visit for group in near for visit in group)])
    return groups


def _session_start(visits: Sequence[Visit], session_id: str, now: int) -> int:
    own = [Visit(now, now, session_id)]
    for visit in visits:
        if visit.session_id == session_id:
            touch(own, visit.start, visit.end, session_id)
    current = next(visit for visit in own if visit.start <= now <= visit.end)
    return min([current.start, *(visit.start for visit in visits if not visit.session_id and _near(visit, current))])


def _near(one: Visit, other: Visit) -> bool:
    return one.start <= other.end + VISIT_GAP_MS and other.start <= one.end + VISIT_GAP_MS


#: the order in which intervals are stored
_order = attrgetter("start", "end", "session_id")
