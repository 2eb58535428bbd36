"""What Liquid in content can read: the objects behind the root names, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from tailorbird.domain.needs import History, PastEvent
from tailorbird.domain.profile import Counter, Profile

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_HISTORY: History = {}
_TIME_FACTS = frozenset({"@first_seen", "@last_seen"})


def _no_fact(name: str) -> Any:
    return None


def _no_item(id: str) -> dict[str, Any] | None:
    return None


def _no_audiences() -> list[str]:
    return []


class Values:
    """All that one request's templates may read. Make one per request and use it for every content rendered in it."""

    __slots__ = ("attributes", "audiences", "facts", "history", "item", "now", "profile", "request", "roots", "zone")

    def __init__(
        self,
        *,
        attributes: Mapping[str, Any] | None = None,
        request: Mapping[str, Any] | None = None,
        facts: Callable[[str], Any] = _no_fact,
        history: History = _NO_HISTORY,
        item: Callable[[str], dict[str, Any] | None] = _no_item,
        audiences: Callable[[], list[str]] = _no_audiences,
        now: int = 0,
        zone: tzinfo = UTC,
        profile: Profile | None = None,
        roots: Mapping[str, Any] | None = None,
    ) -> None:
        #: the visitor's attributes, the request's over the profile's
        self.attributes: Mapping[str, Any] = attributes or {}
        #: what the caller told of the request: url, referrer, locale, device, session_id, id, anonymous_id, attributes
        self.request: Mapping[str, Any] = request or {}
        #: built-in facts by their full name, ``@country``
        self.facts = facts
        #: events gathered for the needs that the content declared
        self.history = history
        #: a catalogue item as ``{"id", "type", "attributes"}``, or None
        self.item = item
        #: keys of the audiences the visitor is in
        self.audiences = audiences
        #: UTC milliseconds
        self.now = now
        #: the zone in which times are shown
        self.zone = zone
        #: counters of events are read from it
        self.profile = profile
        #: the root names of Liquid; given only where content was compiled with other roots than the usual ones
        self.roots: Mapping[str, Any] = Roots(self) if roots is None else roots

    def moment(self, ms: int) -> str:
        """A time as templates see it: ISO 8601 to the second, in the visitor's zone."""
        return self.local(ms).isoformat(timespec="seconds")

    def local(self, ms: int) -> datetime:
        """A time in the visitor's zone. One outside what calendars hold becomes the nearest that they do."""
        try:
            return (_EPOCH + timedelta(milliseconds=ms)).astimezone(self.zone)
        except (OverflowError, ValueError):
            return datetime.min.replace(tzinfo=UTC) if ms < 0 else datetime.max.replace(tzinfo=UTC)


class Record(dict[str, Any]):
    """A mapping with the project's own names: ``size``, ``first`` and ``last`` are looked up like any other."""


class Roots(dict[str, Any]):
    """The root names, resolved on first use."""

    def __init__(self, values: Values) -> None:
        super().__init__()
        self.values_ = values

    def __bool__(self) -> bool:
        return True  # empty only until something is asked for

    def __missing__(self, name: str) -> Any:
        make = _MAKERS.get(name)
        if make is None:
            raise KeyError(name)
        made = self[name] = make(self.values_)
        return made


class Lookup:
    """An object that only answers to names; it cannot be printed or looped over."""

    __slots__ = ("find",)

    def __init__(self, find: Callable[[str], Any]) -> None:
        self.find = find

    def __getitem__(self, name: object) -> Any:
        found = self.find(str(name)) if isinstance(name, str | int) else None
        if found is None:
            raise KeyError(name)
        return found


def _attribute(values: Values) -> Record:
    stored = values.profile.attributes if values.profile is not None else {}
    attributes = Record(_over(stored, values.attributes))
    named_user = attributes.get("user")
    user = Record(named_user) if isinstance(named_user, Mapping) else Record()
    user.update(attributes)
    attributes["user"] = user
    return attributes


def _over(stored: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """What was told; a path that an object in it does not hold leads on into the stored one, as in conditions."""
    merged = dict(told)
    for name, value in told.items():
        under = stored.get(name)
        if isinstance(value, dict) and isinstance(under, dict) and under is not value:
            merged[name] = {**under, **_over(under, value)}
    return merged


def _user(values: Values) -> Record:
    user = values.roots["attribute"]["user"]
    assert isinstance(user, Record)  # noqa: S101
    return user


def _request(values: Values) -> Record:
    request = Record(values.request)
    attributes = request.get("attributes")
    if isinstance(attributes, Mapping):
        request["attributes"] = Record(attributes)
    return request


def _fact(values: Values) -> Lookup:
    query = Lookup(lambda name: values.facts("@query." + name))

    def find(name: str) -> Any:
        if name == "query":
            return query
        found = values.facts("@" + name)
        return values.moment(found) if "@" + name in _TIME_FACTS and isinstance(found, int) else found

    return Lookup(find)


def _event(values: Values) -> Lookup:
    return Lookup(lambda name: Lookup(lambda part: _event_part(values, name, part)))


def _event_part(values: Values, name: str, part: str) -> Any:
    if part in ("first", "last"):
        events = values.history.get(name)
        return _properties(values, events[-1 if part == "last" else 0]) if events else None
    counter: Counter | None = values.profile.counters.get(name) if values.profile is not None else None
    if part == "count":
        return counter.count if counter is not None else 0
    if counter is None or part not in ("first_at", "last_at"):
        return None
    return values.moment(counter.first_at if part == "first_at" else counter.last_at)


def _properties(values: Values, event: PastEvent) -> Record:
    return Record({**event.properties, "time": values.moment(event.time), "properties": event.properties})


def _catalogue(values: Values) -> Lookup:
    def find(id: str) -> Record | None:
        item = values.item(id)
        if item is None:
            return None
        return Record({**(item.get("attributes") or {}), "id": item["id"], "type": item["type"]})

    return Lookup(find)


_MAKERS: dict[str, Callable[[Values], Any]] = {
    "attribute": _attribute,
    "user": _user,
    "request": _request,
    "fact": _fact,
    "event": _event,
    "catalogue": _catalogue,
    "audiences": lambda values: list(values.audiences()),
    "now": lambda values: values.moment(values.now),
    "today": lambda values: values.local(values.now).date().isoformat(),
}
