"""What one more fact changes about a person: folding, visits, identity.

``fold_batch`` is what the store calls inside a commit. ``fold`` and ``merge`` are its parts on whole profiles, and
``combine`` is what a decision sees of two ids that are not linked yet.
"""

from __future__ import annotations

from tailorbird.domain.facts import Event
from tailorbird.domain.profile import Profile
from tailorbird.profiles.batch import fold_batch
from tailorbird.profiles.draft import Draft
from tailorbird.profiles.merging import combine, merge

__all__ = ["combine", "fold", "fold_batch", "merge"]


def fold(profile: Profile, event: Event) -> Profile:
    """The person after one more event, in whatever order events come.

    An event that is more than seven days late changes attributes, counters and the first sight only. An event named
    ``attributes`` is no activity: it changes attributes and the first sight.
    """
    draft = Draft(profile)
    draft.fold(event)
    return draft.profile()
