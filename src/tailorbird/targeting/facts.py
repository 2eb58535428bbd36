"""Built-in facts: what can be asked of any visitor, under the reserved root ``@`` that no attribute can collide with.

A fact is computed when it is first asked for, once a request (``Subject.facts``). One that cannot be known is None,
like a missing attribute; computing one never raises.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tailorbird.domain.visits import is_returning, visit_count
from tailorbird.targeting.addresses import host_of, path_of, query_of
from tailorbird.targeting.agents import NO_AGENT, Agent, parse_user_agent

if TYPE_CHECKING:
    from tailorbird.targeting.subject import Place, Subject

#: What a condition may compare a fact with: ``time`` takes milliseconds or ISO 8601 text.
FactKind = Literal["text", "number", "boolean", "time", "date", "weekday"]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: ``@query.utm_source`` and the like
QUERY = "@query."
DAY_MS = 86_400_000


class Fact(msgspec.Struct, frozen=True):
    """One built-in fact."""

    kind: FactKind
    #: what it holds, for the reference
    about: str
    compute: Callable[[Subject], Any]
    #: whether the profile must be read for it
    profile: bool = False


def fact_named(name: str) -> Fact | None:
    """The fact of that name, or None when there is none."""
    if name.startswith(QUERY) and len(name) > len(QUERY):
        parameter = name.removeprefix(QUERY)
        return Fact("text", "a query parameter", lambda subject: _parameters(subject).get(parameter))
    return FACTS.get(name)


def compute(name: str, subject: Subject) -> Any:
    """The value of the fact for this subject; None when it is unknown or there is no such fact."""
    fact = FACTS.get(name) or fact_named(name)
    return None if fact is None else fact.compute(subject)


def _shared(subject: Subject, name: str, make: Callable[[Subject], Any]) -> Any:
    """What several facts are read from, made once a request. Its name starts with a space, which no fact's does."""
    try:
        return subject.facts[name]
    except KeyError:
        value = subject.facts[name] = make(subject)
        return value


def _agent(subject: Subject) -> Agent:
    text = subject.context.user_agent
    return parse_user_agent(text) if text else NO_AGENT


def _device(subject: Subject) -> str | None:
    told = subject.context.device
    return told.lower() if told else _agent(subject).device


def _place(subject: Subject) -> Place | None:
    def locate(subject: Subject) -> Place | None:
        address = subject.context.ip
        return subject.locate(address) if address else None

    place: Place | None = _shared(subject, " place", locate)
    return place


def _parameters(subject: Subject) -> dict[str, str]:
    parameters: dict[str, str] = _shared(subject, " query", lambda subject: query_of(subject.context.url))
    return parameters


def _local(subject: Subject) -> datetime | None:
    def local(subject: Subject) -> datetime | None:
        context = subject.context
        moment = context.now if context.time is None else context.time
        try:
            if context.utc_offset is not None:
                offset = timezone(timedelta(seconds=context.utc_offset))
                return _EPOCH.astimezone(offset) + timedelta(milliseconds=moment)
            return (_EPOCH + timedelta(milliseconds=moment)).astimezone(subject.zone)
        except (OverflowError, ValueError, OSError):
            return None

    value: datetime | None = _shared(subject, " local", local)
    return value


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _weekday(subject: Subject) -> str | None:
    day = subject.context.weekday
    if day is None:
        moment = _local(subject)
        day = -1 if moment is None else moment.weekday()
    return WEEKDAYS[day] if 0 <= day < 7 else None


def _hour(subject: Subject) -> int | None:
    if subject.context.hour is not None:
        return subject.context.hour
    moment = _local(subject)
    return None if moment is None else moment.hour


def _date(subject: Subject) -> str | None:
    moment = _local(subject)
    return None if moment is None else moment.date().isoformat()


def _returning(subject: Subject) -> bool:
    profile = subject.profile
    return profile is not None and is_returning(profile, subject.context.now, subject.context.session_id)


def _visits(subject: Subject) -> int:
    return 0 if subject.profile is None else visit_count(subject.profile)


def _first_seen(subject: Subject) -> int | None:
    return subject.profile.first_seen or None if subject.profile is not None else None


def _last_seen(subject: Subject) -> int | None:
    return subject.profile.last_seen or None if subject.profile is not None else None


def _days_since(moment: int | None, subject: Subject) -> float | None:
    return None if moment is None else (subject.context.now - moment) / DAY_MS


def _locale(subject: Subject) -> str | None:
    return subject.context.locale.replace("_", "-") if subject.context.locale else None


def _language(subject: Subject) -> str | None:
    locale = _locale(subject)
    return locale.partition("-")[0].lower() if locale else None


FACTS: dict[str, Fact] = {
    "@id": Fact("text", "the id that came with the request", lambda s: s.context.visitor.id),
    "@anonymous_id": Fact(
        "text", "the anonymous id that came with the request", lambda s: s.context.visitor.anonymous_id
    ),
    "@session": Fact("text", "the caller's session id", lambda s: s.context.session_id),
    "@device": Fact("text", "`desktop`, `mobile`, `tablet`, `tv`, `console` or `other`", _device),
    "@os": Fact("text", "operating system, e.g. `Windows`, `macOS`, `iOS`, `Android`", lambda s: _agent(s).os),
    "@browser": Fact("text", "browser, e.g. `Chrome`, `Safari`, `Firefox`, `Edge`", lambda s: _agent(s).browser),
    "@bot": Fact("boolean", "whether the user agent is a program's", lambda s: _agent(s).bot),
    "@country": Fact(
        "text", "ISO 3166-1 code, e.g. `GB`", lambda s: place.country if (place := _place(s)) is not None else None
    ),
    "@region": Fact(
        "text", "subdivision code, e.g. `ENG`", lambda s: place.region if (place := _place(s)) is not None else None
    ),
    "@city": Fact("text", "English name", lambda s: place.city if (place := _place(s)) is not None else None),
    "@url": Fact("text", "the whole page address", lambda s: s.context.url),
    "@path": Fact("text", "its path, e.g. `/shoes/red`", lambda s: path_of(s.context.url)),
    "@host": Fact("text", "its host, in lower case", lambda s: host_of(s.context.url)),
    "@referrer": Fact("text", "the address the visitor came from", lambda s: s.context.referrer),
    "@referrer_host": Fact("text", "its host, in lower case", lambda s: host_of(s.context.referrer)),
    "@locale": Fact("text", "as the caller tells it, with `-`: `de-AT`", _locale),
    "@language": Fact("text", "the first part of the locale: `de`", _language),
    "@weekday": Fact("weekday", "local day of the week, `monday` to `sunday`", _weekday),
    "@hour": Fact("number", "local hour, 0 to 23", _hour),
    "@date": Fact("date", "local date, `YYYY-MM-DD`", _date),
    "@returning": Fact("boolean", "whether there was a visit before this one", _returning, profile=True),
    "@new": Fact("boolean", "the opposite of `@returning`", lambda s: not _returning(s), profile=True),
    "@visits": Fact("number", "visits recorded so far", _visits, profile=True),
    "@first_seen": Fact("time", "when the person was first seen", _first_seen, profile=True),
    "@last_seen": Fact("time", "when the person was last seen", _last_seen, profile=True),
    "@days_since_first_seen": Fact(
        "number", "days since then, with fractions", lambda s: _days_since(_first_seen(s), s), profile=True
    ),
    "@days_since_last_seen": Fact(
        "number", "days since then, with fractions", lambda s: _days_since(_last_seen(s), s), profile=True
    ),
}
#: For error texts and the reference.
FACT_NAMES: tuple[str, ...] = (*FACTS, QUERY + "<name>")
