"""The working copy of one person while a batch is folded, so that a person with many facts is rebuilt only once."""

from __future__ import annotations

from typing import Any

import msgspec

from tailorbird.domain.facts import ATTRIBUTES, DAY_MS, LATE_WINDOW_MS, Arm, Event
from tailorbird.domain.profile import Counter, Display, Profile, Seen, Stamp, Visit
from tailorbird.domain.visits import KEPT_MS, MAX_VISITS, freeze, ordered, touch
from tailorbird.profiles import numbers
from tailorbird.profiles.attributes import write

#: Sessions remembered per display, for caps of once a visit when sessions alternate.
RECENT_SESSIONS = 16


class Draft:
    """A person being changed. Made from a profile, which stays as it is; ``profile()`` is the person afterwards."""

    __slots__ = (
        "anonymous_ids",
        "attributes",
        "bucket_id",
        "bucket_ids",
        "changed",
        "conflicts",
        "counters",
        "displays",
        "exposures",
        "first_seen",
        "frozen_to",
        "ids",
        "last_seen",
        "merged",
        "older_visits",
        "person",
        "stamps",
        "uncounted",
        "visits",
    )

    def __init__(self, profile: Profile) -> None:
        self.person = profile.person
        self.bucket_id = profile.bucket_id
        self.ids = profile.ids
        self.anonymous_ids = profile.anonymous_ids
        self.attributes: dict[str, Any] = profile.attributes.copy()
        self.stamps: dict[str, Stamp] = profile.stamps.copy()
        self.first_seen = profile.first_seen
        self.last_seen = profile.last_seen
        self.visits: list[Visit] = list(profile.visits)
        self.older_visits = profile.older_visits
        self.counters: dict[str, Counter] = profile.counters.copy()
        self.uncounted = profile.uncounted
        self.displays: dict[str, Display] = profile.displays.copy()
        self.exposures: dict[str, Seen] = profile.exposures.copy()
        self.bucket_ids: dict[str, str] = profile.bucket_ids.copy()
        self.merged = profile.merged
        self.conflicts = profile.conflicts
        #: nothing ended before this, so up to this horizon no visit can be frozen
        self.frozen_to = self.visits[0].start if self.visits else 0
        self.changed = False

    def profile(self) -> Profile:
        """The person as it is now: the end of this draft, whose contents the profile takes over."""
        return Profile(
            person=self.person,
            bucket_id=self.bucket_id,
            ids=self.ids,
            anonymous_ids=self.anonymous_ids,
            attributes=self.attributes,
            stamps=self.stamps,
            first_seen=self.first_seen,
            last_seen=self.last_seen,
            visits=ordered(self.visits) if len(self.visits) > 1 else tuple(self.visits),
            older_visits=self.older_visits,
            counters=self.counters,
            uncounted=self.uncounted,
            displays=self.displays,
            exposures=self.exposures,
            bucket_ids=self.bucket_ids,
            merged=self.merged,
            conflicts=self.conflicts,
        )

    # -- events --------------------------------------------------------------------------------------------------------

    def fold(self, event: Event) -> None:
        """What the event says about the person; not who the person is, and not what a token says."""
        self.changed = True
        time = event.time
        if time < self.first_seen or not self.first_seen:
            self.first_seen = time
        if event.attributes:
            self._write(event)
        if event.name != ATTRIBUTES:
            self._count(event)
            if time >= event.received_at - LATE_WINDOW_MS:
                self._sight(time, event.session_id or "")
        self.settle(event.received_at)

    def sight(self, time: int, session_id: str, received_at: int) -> None:
        """The person was here; told long after, it is no visit any more, so that telling it again changes nothing."""
        self.changed = True
        if time < self.first_seen or not self.first_seen:
            self.first_seen = time
        if time >= received_at - LATE_WINDOW_MS:
            self._sight(time, session_id)
        self.settle(received_at)

    def settle(self, received_at: int) -> None:
        """Freeze the visits that can change no more."""
        horizon = received_at - KEPT_MS
        if horizon > self.frozen_to or len(self.visits) > MAX_VISITS:
            frozen, self.frozen_to = freeze(self.visits, horizon)
            self.older_visits += frozen

    def _sight(self, time: int, session_id: str) -> None:
        if time > self.last_seen:
            self.last_seen = time
        if time < self.frozen_to:
            self.frozen_to = time
        touch(self.visits, time, time, session_id)

    def _count(self, event: Event) -> None:
        counter = self.counters.get(event.name)
        if counter is not None:
            self.counters[event.name] = numbers.again(counter, event)
        elif len(self.counters) < numbers.MAX_NAMES:
            self.counters[event.name] = numbers.once(event)
        else:
            self.uncounted += 1

    def _write(self, event: Event) -> None:
        stamp = Stamp(event.time, event.id)
        for name, value in event.attributes.items():
            write(self.attributes, self.stamps, name, value, stamp)

    # -- exposures -----------------------------------------------------------------------------------------------------

    def expose(self, arm: Arm, time: int, bucket_id: str) -> bool:
        """Note the exposure; whether it is this person's first to the campaign, the one that counts.

        From then on the campaign keeps the bucket id that it was drawn on.
        """
        campaign, day = arm.campaign, time // DAY_MS
        known = self.exposures.get(campaign)
        if known is not None:
            if (day, arm.arm) > (known.day, known.day_arm):
                self.changed = True
                self.exposures[campaign] = msgspec.structs.replace(known, day=day, day_arm=arm.arm)
            return False
        self.changed = True
        self.exposures[campaign] = Seen(time, arm.version, arm.rule, arm.arm, arm.epoch, day, arm.arm)
        if bucket_id and bucket_id != self.drawn_on(campaign):
            self.bucket_ids[campaign] = bucket_id
        return True

    def display(self, rule: str, time: int, session_id: str) -> None:
        """Count a display of the rule."""
        self.changed = True
        one = Display(1, time, session_id, ((time, session_id),))
        known = self.displays.get(rule)
        self.displays[rule] = one if known is None else both_displays(known, one)

    def drawn_on(self, campaign: str) -> str:
        """The bucket id on which this campaign draws this person."""
        return self.bucket_ids.get(campaign, self.bucket_id)


def both_displays(one: Display, other: Display) -> Display:
    """How often and where a rule was shown, told in two parts."""
    latest: dict[str, int] = {}
    for at, session in (*one.sessions, *other.sessions):
        latest[session] = max(at, latest.get(session, at))
    recent = sorted(((at, session) for session, at in latest.items()), reverse=True)[:RECENT_SESSIONS]
    last_at, last_session = max((one.last_at, one.last_session), (other.last_at, other.last_session))
    return Display(one.count + other.count, last_at, last_session, tuple(recent))
