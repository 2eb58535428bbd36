"""Two people who turn out to be one: by an anonymous id's first known id, or by an explicit alias.

Nothing is lost: attributes by their stamps, counters and displays added, visits united as sets, first exposures kept.
Only one bucket id can go on, so that the draws never change inside a journey:

- a campaign in which one side was exposed keeps what that side was drawn on;
- where both were exposed it keeps that of the side exposed first, and it is a **conflict**, one per campaign, when the
  two were drawn on different ids or stand in different arms;
- all other campaigns use the bucket id of the older side, the one first seen earlier.

Ties go to the smaller (first seen, bucket id), so that it never matters which side is merged into which.
"""

from __future__ import annotations

from msgspec.structs import replace

from tailorbird.domain.profile import Profile, Seen
from tailorbird.domain.visitor import Visitor
from tailorbird.domain.visits import touch
from tailorbird.profiles import numbers
from tailorbird.profiles.attributes import join
from tailorbird.profiles.draft import Draft, both_displays


def merge(into: Profile, other: Profile, at: int) -> Profile:
    """``into`` after it turned out, at ``at`` (UTC milliseconds of our clock), to be the same person as ``other``."""
    draft = Draft(into)
    absorb(draft, Draft(other), at)
    return draft.profile()


def combine(
    known: Profile | None, anonymous: Profile | None, visitor: Visitor, now: int, *, stranger: bool = False
) -> Profile | None:
    """The person whom a decide call is about, when what its two ids lead to is not recorded as linked yet.

    The same answer as after the link was recorded; nothing is changed. None: nobody whom we know; the visitor is drawn
    on its own ``bucket_id``. A profile with person 0 is somebody new, who is drawn on the known id, because the
    anonymous one is another person's. ``stranger``: the project holds that a linked anonymous id alone is somebody
    else.
    """
    if visitor.id is None:
        return None if anonymous is not None and anonymous.ids and stranger else anonymous
    if visitor.anonymous_id is None or anonymous is None:
        return known
    if known is None:
        return Profile(person=0, bucket_id=visitor.id, first_seen=now) if anonymous.ids else anonymous
    if known.person == anonymous.person or anonymous.ids:
        return known
    return merge(known, anonymous, now)


def absorb(into: Draft, other: Draft, at: int) -> int:
    """Make ``other`` a part of ``into``; how many conflicts that uncovered."""
    into.changed = True
    conflicts = _join_exposures(into, other)
    join(into.attributes, into.stamps, other.attributes, other.stamps)
    for name, counter in other.counters.items():
        mine = into.counters.get(name)
        into.counters[name] = counter if mine is None else numbers.both(mine, counter)
    for rule, display in other.displays.items():
        shown = into.displays.get(rule)
        into.displays[rule] = display if shown is None else both_displays(shown, display)
    into.uncounted += other.uncounted
    into.first_seen = min(into.first_seen or other.first_seen, other.first_seen or into.first_seen)
    into.last_seen = max(into.last_seen, other.last_seen)
    _join_visits(into, other, at)
    into.ids += tuple(name for name in other.ids if name not in into.ids)
    into.anonymous_ids += tuple(name for name in other.anonymous_ids if name not in into.anonymous_ids)
    into.merged = tuple(sorted({*into.merged, *other.merged, other.person} - {into.person}))
    into.conflicts += other.conflicts + conflicts
    return conflicts


def _join_exposures(into: Draft, other: Draft) -> int:
    """Bucket ids and exposures of both, in ``into``; how many campaigns contradict."""
    older = into if _age(into) <= _age(other) else other
    kept: dict[str, str] = {}
    conflicts = 0
    for campaign in into.exposures.keys() | other.exposures.keys():
        mine, theirs = into.exposures.get(campaign), other.exposures.get(campaign)
        first = into if mine is not None else other
        if mine is not None and theirs is not None:
            conflicts += mine.arm != theirs.arm or into.drawn_on(campaign) != other.drawn_on(campaign)
            if (theirs.at, _age(other)) < (mine.at, _age(into)):
                first = other
        kept[campaign] = first.drawn_on(campaign)
        into.exposures[campaign] = _with_last_day(first.exposures[campaign], mine, theirs)
    into.bucket_id = older.bucket_id
    into.bucket_ids = {campaign: bucket_id for campaign, bucket_id in kept.items() if bucket_id != into.bucket_id}
    return conflicts


def _with_last_day(first: Seen, *both: Seen | None) -> Seen:
    day, arm = max((seen.day, seen.day_arm) for seen in both if seen is not None)
    return first if (day, arm) == (first.day, first.day_arm) else replace(first, day=day, day_arm=arm)


def _age(draft: Draft) -> tuple[int, str]:
    return draft.first_seen, draft.bucket_id


def _join_visits(into: Draft, other: Draft, at: int) -> None:
    for visit in other.visits:
        touch(into.visits, visit.start, visit.end, visit.session_id)
    into.older_visits += other.older_visits
    into.frozen_to = 0
    into.settle(at)
