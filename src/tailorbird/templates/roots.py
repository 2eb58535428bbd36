"""What a template names: checked when it is compiled, and turned into the needs that a request gathers.

A name that nothing answers to is refused: a misspelt path would otherwise withhold its message for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tailorbird.domain.needs import NOTHING, EventNeed, Needs

REQUEST_FIELDS = ("url", "referrer", "locale", "device", "session_id", "id", "anonymous_id", "attributes")
#: facts that the request alone tells
REQUEST_FACTS = (
    *(
        "id",
        "anonymous_id",
        "session",
        "device",
        "os",
        "browser",
        "bot",
        "country",
        "region",
        "city",
        "url",
        "path",
        "host",
    ),
    *("referrer", "referrer_host", "locale", "language", "weekday", "hour", "date", "query"),
)
#: facts for which the profile is read
PROFILE_FACTS = (
    "returning",
    "new",
    "visits",
    "first_seen",
    "last_seen",
    "days_since_first_seen",
    "days_since_last_seen",
)
EVENT_PARTS = ("count", "first", "last", "first_at", "last_at")

_PROFILE = Needs(profile=True)
Segments = list[Any]


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What one template, or a whole content, reads."""

    needs: Needs = NOTHING
    #: items named outright
    item_ids: frozenset[str] = frozenset()
    audiences: bool = False

    def __or__(self, other: Names) -> Names:
        if other is self:
            return self
        return Names(
            needs=self.needs | other.needs,
            item_ids=self.item_ids | other.item_ids,
            audiences=self.audiences or other.audiences,
        )


NO_NAMES = Names()


class UnknownName(Exception):
    """A path that nothing can answer; the text says what could."""


def names_of(segments: Segments) -> Names:
    """What a path reads. Raises ``UnknownName`` where it can never find anything."""
    root = segments[0]
    read = _READERS.get(root) if isinstance(root, str) else None
    if read is None:
        raise UnknownName(f"there is no {_shown(segments)}; paths begin with {_either(ROOTS)}")
    return read(segments)


def _attribute(segments: Segments) -> Names:
    return Names(needs=_PROFILE)


def _request(segments: Segments) -> Names:
    if len(segments) == 1:
        raise UnknownName(f"request needs a name: {_either(REQUEST_FIELDS)}")
    _one_of(segments, REQUEST_FIELDS)
    return NO_NAMES


def _fact(segments: Segments) -> Names:
    if len(segments) == 1:
        raise UnknownName(f"fact needs a name: {_either((*REQUEST_FACTS, *PROFILE_FACTS))}")
    _one_of(segments, (*REQUEST_FACTS, *PROFILE_FACTS))
    if segments[1] == "query" and len(segments) == 2:
        raise UnknownName("fact.query needs the name of a query parameter, like fact.query.utm_source")
    return Names(needs=_PROFILE) if segments[1] in PROFILE_FACTS else NO_NAMES


def _event(segments: Segments) -> Names:
    if len(segments) < 3 or not isinstance(segments[1], str):
        raise UnknownName(
            f"{_shown(segments)} must name the event and {_either(EVENT_PARTS)} of it, "
            'like event.order.count or event["add to cart"].last'
        )
    _one_of(segments, EVENT_PARTS, at=2)
    if segments[2] in ("first", "last"):
        return Names(needs=Needs(events=frozenset({EventNeed(segments[1], properties=True)})))
    return Names(needs=_PROFILE)


def _catalogue(segments: Segments) -> Names:
    if len(segments) == 1:
        raise UnknownName('catalogue needs an item id, like catalogue["21232"].name')
    return NO_NAMES if isinstance(segments[1], list) else Names(item_ids=frozenset({str(segments[1])}))


def _one_of(segments: Segments, known: tuple[str, ...], at: int = 1) -> None:
    if not isinstance(segments[at], list) and segments[at] in known:
        return
    raise UnknownName(
        f"there is no {_shown(segments[: at + 1])}; after {_shown(segments[:at])} may stand {_either(known)}"
    )


_READERS: dict[str, Callable[[Segments], Names]] = {
    "attribute": _attribute,
    "user": _attribute,
    "request": _request,
    "fact": _fact,
    "event": _event,
    "catalogue": _catalogue,
    "audiences": lambda segments: Names(audiences=True),
    "now": lambda segments: NO_NAMES,
    "today": lambda segments: NO_NAMES,
}
#: every name that a path may begin with, beside what the template assigns itself
ROOTS = tuple(_READERS)


def _either(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}"


def _shown(segments: Segments) -> str:
    text = str(segments[0])
    for segment in segments[1:]:
        if isinstance(segment, list):
            text += f"[{_shown(segment)}]"
        elif isinstance(segment, str) and segment.isidentifier():
            text += f".{segment}"
        else:
            text += f"[{segment!r}]"
    return text
