"""Folding a batch: who each entry is about, what it changes, and what the store has to write.

**Who.** A person has any number of ids. Two known ids become one person only by an ``Alias``. An anonymous id belongs
to the first known id seen with it, and what was known of it becomes that person's. Seen later with another known id,
it moves to that person from then on: past facts stay where they are, and a conflict is counted at the person it moved
to.

**Strangers.** Where a project holds that after a logout it is somebody else (``stranger`` on an entry), a linked
anonymous id that comes alone is pointed at a fresh person, drawn on that anonymous id, as if the device had been
given a new one. Later facts of the id alone are that fresh person's; the next login links it like any anonymous
person, to whomever logs in, and is no conflict, because nobody claimed that the device was still the first one's.

**Refused displays.** Whether a cap is used up is decided here, one entry after the other, so of two decisions at the
same moment exactly one gets the last display. A refused one leaves no trace but the link between its two ids.

Entries are folded in their order, and any split of a sequence into batches gives the same people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import structs

from tailorbird.domain.facts import (
    DAY_MS,
    IMPRESSION,
    LATE_WINDOW_MS,
    Alias,
    Arm,
    Changes,
    Entry,
    Event,
    Exposure,
    ExposureRow,
    IdKey,
    Link,
    State,
    Verdict,
)
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import IdKind, Visitor
from tailorbird.domain.visits import cap_used
from tailorbird.profiles.draft import Draft
from tailorbird.profiles.merging import absorb

#: Name of the counter of contradictions that were met while ids were linked.
IDENTITY_CONFLICTS = "identity_conflicts"

_ACCEPTED = Verdict("accepted")
_FIRST = Verdict("accepted", True)
_CAPPED = Verdict("capped")


def fold_batch(entries: Sequence[Entry], state: State, new_person: Callable[[int], int]) -> Changes:
    """What the entries change, in their order. Pure: neither the state nor its profiles are touched.

    ``state`` must hold every person that an id of the entries leads to, links resolved, with its profile.
    ``new_person`` makes a person number from the time (UTC milliseconds) at which somebody new was met.
    """
    batch = _Batch(state, new_person)
    fold_one = batch.fold
    batch.changes.verdicts = [fold_one(entry) for entry in entries]
    return batch.finish()


class _Batch:
    """The people met so far in this batch, and what has to be written."""

    __slots__ = ("changes", "drafts", "new_person", "persons", "projects", "state")

    def __init__(self, state: State, new_person: Callable[[int], int]) -> None:
        self.state = state
        self.new_person = new_person
        self.persons = dict(state.persons)
        #: a person that was merged away leads to the draft of the one it became part of
        self.drafts: dict[int, Draft] = {}
        self.projects: dict[int, str] = {}
        self.changes = Changes()

    def finish(self) -> Changes:
        """Everything that changed."""
        for person, draft in self.drafts.items():
            if draft.changed and draft.person == person:
                self.changes.profiles[person] = draft.profile()
                self.changes.projects[person] = self.projects[person]
        return self.changes

    # -- entries -------------------------------------------------------------------------------------------------------

    def fold(self, entry: Entry) -> Verdict:
        """One entry, of whatever kind."""
        if type(entry) is Event:
            return self._event(entry)
        if type(entry) is Exposure:
            return self._exposure(entry)
        if type(entry) is Alias:
            self._alias(entry)
        elif type(entry) is Link:
            self._who(entry.project, entry.visitor, entry.time, entry.received_at)
        return _ACCEPTED

    def _event(self, event: Event) -> Verdict:
        draft = self._who(event.project, event.visitor, event.time, event.received_at, "", event.stranger)
        draft.fold(event)
        if event.time < event.received_at - LATE_WINDOW_MS and "late" not in event.marks:
            event = structs.replace(event, marks=(*event.marks, "late"))
        self.changes.events.append((event, draft.person))
        if event.answers is None:
            return _ACCEPTED
        return self._answer(draft, event, event.answers)

    def _answer(self, draft: Draft, event: Event, arm: Arm) -> Verdict:
        """An event that hands a token back: the exposure that is missing, and the display that was not counted."""
        at = min(event.time, event.answers_at or event.time)
        first = draft.expose(arm, at, "")
        if first:
            self.changes.exposures.append(
                ExposureRow(
                    project=event.project,
                    person=draft.person,
                    answers=arm,
                    time=at,
                    door=event.source,
                    facts=event.facts,
                )
            )
        seen = event.time if event.name == IMPRESSION else at
        if event.name == IMPRESSION and arm.report:
            draft.display(arm.rule, event.time, event.session_id or "")
        self.changes.days.add((event.project, draft.person, arm.campaign, arm.arm, seen // DAY_MS))
        return _FIRST if first else _ACCEPTED

    def _exposure(self, entry: Exposure) -> Verdict:
        arm = entry.answers
        draft = self._who(entry.project, entry.visitor, entry.time, entry.received_at, entry.bucket_id, entry.stranger)
        if cap_used(draft, arm.rule, entry.cap, entry.session_id, entry.time):
            return _CAPPED
        if entry.shown:
            draft.display(arm.rule, entry.time, entry.session_id or "")
        draft.sight(entry.time, entry.session_id or "", entry.received_at)
        first = draft.expose(arm, entry.time, entry.bucket_id)
        if first:
            self.changes.exposures.append(
                ExposureRow(
                    project=entry.project,
                    person=draft.person,
                    answers=arm,
                    time=entry.time,
                    door=entry.door,
                    facts=entry.facts,
                )
            )
        self.changes.days.add((entry.project, draft.person, arm.campaign, arm.arm, entry.time // DAY_MS))
        return _FIRST if first else _ACCEPTED

    def _alias(self, entry: Alias) -> None:
        if entry.visitor_id == entry.alias:
            return
        project = entry.project
        main, other = self._find(project, "u", entry.visitor_id), self._find(project, "u", entry.alias)
        if main is None and other is None:
            main = self._create(project, entry.visitor_id, entry.time, entry.received_at)
            self._name(project, main, "u", entry.visitor_id)
        if main is None and other is not None:
            self._name(project, other, "u", entry.visitor_id)
        elif main is not None and other is None:
            self._name(project, main, "u", entry.alias)
        elif main is not None and other is not None and main is not other:
            self._merge(project, main, other, entry.received_at)

    # -- who -----------------------------------------------------------------------------------------------------------

    def _who(
        self,
        project: str,
        visitor: Visitor,
        time: int,
        received_at: int,
        bucket_id: str = "",
        stranger: bool = False,
    ) -> Draft:
        """The person whom a fact with these ids is about, linking and making people as it says above."""
        name, anonymous_name = visitor.id, visitor.anonymous_id
        if anonymous_name is None:
            draft = self._find(project, "u", name or "")
            if draft is None:
                draft = self._create(project, bucket_id or name or "", time, received_at)
                self._name(project, draft, "u", name or "")
            return draft
        if name is not None:
            return self._both(project, name, anonymous_name, time, received_at, bucket_id)
        draft = self._find(project, "a", anonymous_name)
        if draft is None or (stranger and draft.ids):
            fresh = self._create(project, bucket_id or anonymous_name, time, received_at)
            self._point(project, anonymous_name, draft, fresh)
            return fresh
        return draft

    def _both(self, project: str, name: str, anonymous_name: str, time: int, received_at: int, bucket_id: str) -> Draft:
        known, anonymous = self._find(project, "u", name), self._find(project, "a", anonymous_name)
        if known is None:
            if anonymous is not None and not anonymous.ids:
                self._name(project, anonymous, "u", name)
                return anonymous
            drawn_on = bucket_id or (anonymous_name if anonymous is None else name)
            known = self._create(project, drawn_on, time, received_at)
            self._name(project, known, "u", name)
        if anonymous is known:
            return known
        if anonymous is not None and not anonymous.ids:
            self._merge(project, known, anonymous, received_at)
        else:
            self._point(project, anonymous_name, anonymous, known)
            if anonymous is not None:
                known.conflicts += 1
                self._conflicts(project, 1)
        return known

    def _find(self, project: str, kind: IdKind, name: str) -> Draft | None:
        person = self.persons.get((project, kind, name))
        if person is None:
            return None
        draft = self.drafts.get(person)
        if draft is None:
            profile = self.state.profiles.get(person)
            if profile is None:
                return None
            draft = self.drafts[person] = Draft(profile)
            self.projects[person] = project
        return draft

    def _create(self, project: str, bucket_id: str, time: int, received_at: int) -> Draft:
        person = self.new_person(received_at)
        draft = self.drafts[person] = Draft(Profile(person=person, bucket_id=bucket_id, first_seen=time))
        draft.changed = True
        self.projects[person] = project
        return draft

    def _name(self, project: str, draft: Draft, kind: IdKind, name: str) -> None:
        """From now on the id leads to this person."""
        key: IdKey = (project, kind, name)
        self.persons[key] = self.changes.ids[key] = draft.person
        draft.changed = True
        if kind == "u":
            draft.ids += (name,)
        else:
            draft.anonymous_ids += (name,)

    def _point(self, project: str, anonymous_name: str, owner: Draft | None, draft: Draft) -> None:
        """The anonymous id is this person's from now on, and no more its former owner's."""
        if owner is not None:
            owner.anonymous_ids = tuple(one for one in owner.anonymous_ids if one != anonymous_name)
            owner.changed = True
        self._name(project, draft, "a", anonymous_name)

    def _merge(self, project: str, into: Draft, other: Draft, at: int) -> None:
        self._conflicts(project, absorb(into, other, at))
        for kind, names in (("u", other.ids), ("a", other.anonymous_ids)):
            for name in names:
                key: IdKey = (project, "u" if kind == "u" else "a", name)
                self.persons[key] = self.changes.ids[key] = into.person
        self.drafts[other.person] = into
        self.changes.links.append((project, other.person, into.person, at))

    def _conflicts(self, project: str, number: int) -> None:
        if number:
            key = (project, IDENTITY_CONFLICTS)
            self.changes.counts[key] = self.changes.counts.get(key, 0) + number
