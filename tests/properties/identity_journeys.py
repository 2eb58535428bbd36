"""Journeys: chains of ids, linked one after the other. Inside one, whatever was drawn first is drawn ever after."""

from dataclasses import dataclass, field

from tailorbird.domain.facts import Alias, Entry, Event, Exposure, Link
from tailorbird.domain.visitor import Visitor

Name = tuple[str, str]


@dataclass(eq=False)
class Journey:
    """Ids that are one person without contradiction, and what each campaign was first drawn on in it."""

    names: set[Name] = field(default_factory=set)
    drawn_on: dict[str, str] = field(default_factory=dict)
    #: campaigns that contradict each other, or whose exposure came with a token that does not tell its id
    broken: set[str] = field(default_factory=set)

    @property
    def has_user(self) -> bool:
        return any(kind == "u" for kind, _ in self.names)

    def with_(self, other: "Journey") -> "Journey":
        contradicting = {campaign for campaign, on in self.drawn_on.items() if other.drawn_on.get(campaign, on) != on}
        return Journey(
            self.names | other.names,
            self.drawn_on | other.drawn_on,
            self.broken | other.broken | contradicting,
        )


class Journeys:
    """All journeys of a history."""

    def __init__(self) -> None:
        self.of: dict[Name, Journey] = {}

    def expected(self, visitor: Visitor, campaign: str, stranger: bool) -> str | None:
        """The id on which a decision must draw like; None where no journey binds it."""
        journey = self._of(visitor, stranger)
        return None if campaign in journey.broken else journey.drawn_on.get(campaign)

    def tell(self, entry: Entry, outcome: str) -> None:
        if isinstance(entry, Alias):
            if entry.visitor_id != entry.alias:
                names = (("u", entry.visitor_id), ("u", entry.alias))
                self._keep(self._at(names[0]).with_(self._at(names[1])))
            return
        journey = self._of(entry.visitor, not isinstance(entry, Link) and entry.stranger)
        if outcome == "first" and isinstance(entry, Exposure):
            journey.drawn_on[entry.answers.campaign] = entry.bucket_id
        elif isinstance(entry, Event) and entry.answers is not None and outcome == "first":
            journey.broken.add(entry.answers.campaign)
        self._keep(journey)

    def _keep(self, journey: Journey) -> None:
        for name in journey.names:
            before = self.of.get(name)
            if before is not None and before is not journey:
                before.names.discard(name)
            self.of[name] = journey

    def _at(self, name: Name) -> Journey:
        return self.of.get(name) or Journey({name})

    def _of(self, visitor: Visitor, stranger: bool) -> Journey:
        if visitor.anonymous_id is None:
            return self._at(("u", visitor.id or ""))
        device = self._at(("a", visitor.anonymous_id))
        if visitor.id is None:
            return self._without(visitor.anonymous_id) if stranger and device.has_user else device
        user = self._at(("u", visitor.id))
        if device is user:
            return user
        # Somebody else's device: it leaves that journey and goes on in this one.
        return user.with_(self._without(visitor.anonymous_id) if device.has_user else device)

    def _without(self, device: str) -> Journey:
        return Journey({("a", device)})
