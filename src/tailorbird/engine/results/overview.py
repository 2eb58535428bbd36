"""A project at a glance: what runs and whether it helps, and what needs somebody. One answer for a whole page.

What definitions tell is there at once. The lake's figures are computed aside, kept for half a minute, and told with the
next answer when they take longer than somebody likes to wait; so the page is never held up by them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal
from weakref import WeakKeyDictionary

import msgspec
import structlog

from tailorbird.domain.campaign import Campaign, Status
from tailorbird.domain.errors import TailorbirdError
from tailorbird.domain.facts import DAY_MS
from tailorbird.engine.results import project as projects
from tailorbird.engine.results.place import lake
from tailorbird.engine.results.project import CampaignLine
from tailorbird.engine.results.series import offset_at, zones_of
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot
from tailorbird.lake.queries import ask

log = structlog.get_logger(__name__)

#: figures that are older are computed anew
FRESH_SECONDS = 30.0
#: an answer waits so long for figures that are being computed
PATIENCE_SECONDS = 0.2
#: definitions that the store has not confirmed for longer are called stale; usually it does so twice a second
STALE_MS = 60_000
DAYS = 30
#: campaigns that are told of each kind
MOST = 60


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """Something that needs somebody."""

    #: switched_off: a definition that does not work any more; stale: definitions as they were some time ago; identity:
    #: ids that contradict each other; mismatch: people do not fall on the arms as the shares say
    kind: Literal["switched_off", "stale", "identity", "mismatch"]
    #: what it is about: kind and key of a definition, or the key of a campaign; empty = the project
    about: str = ""
    detail: str = ""
    #: identity: how many; stale: seconds
    count: int = 0


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign."""

    id: str
    key: str
    name: str
    status: Status
    #: null while they are computed, and where it never ran
    figures: CampaignLine | None = None
    #: people who entered it, day by day in the project's zone, the last one today; empty while they are counted
    days: tuple[int, ...] = ()


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """A project at a glance."""

    #: computing: ask again in a moment; away: there are none, and ``lacks`` says why
    figures: Literal["ready", "computing", "away"]
    #: when the figures were computed
    as_of: int | None = None
    lacks: str = ""
    #: how many campaigns there are of each status
    statuses: dict[Status, int]
    #: those with most people first, 60 at most
    running: tuple[Glance, ...] = ()
    #: in draft, tested or paused; the newest first, 60 at most
    resting: tuple[Glance, ...] = ()
    warnings: tuple[Warned, ...] = ()


class _Figures(msgspec.Struct, frozen=True):
    """What the lake tells of the campaigns that run, by their ids."""

    lines: dict[str, CampaignLine]
    days: dict[str, tuple[int, ...]]
    at: int


async def overview(runtime: Runtime, project: str) -> Overview:
    """What runs, whether it helps, and what needs somebody."""
    snapshot = runtime.project(project)
    held = _held.setdefault(runtime, {}).setdefault(snapshot.project.id, _Held())
    await _computed(runtime, snapshot, held)
    conflicts = (await runtime.store.counts(snapshot.project.id)).get("identity_conflicts", 0)
    found = held.newest
    glances = [_glance(one, found) for one in snapshot.bodies["campaign"].values()]
    running = sorted((one for one in glances if one.status == "running"), key=_by_people)
    resting = [one for one in reversed(glances) if one.status in ("draft", "testing", "paused")]
    complete = found is not None and all(one.figures is not None for one in running)
    return Overview(
        figures="away" if held.lacks else "ready" if complete or not held.is_busy else "computing",
        as_of=found.at if found is not None else None,
        lacks=held.lacks,
        statuses=dict(Counter(one.status for one in glances)),
        running=tuple(running[:MOST]),
        resting=tuple(resting[:MOST]),
        warnings=tuple(_warnings(runtime, snapshot, running, conflicts)),
    )


def _glance(campaign: Campaign, found: _Figures | None) -> Glance:
    return Glance(
        id=campaign.id,
        key=campaign.key,
        name=campaign.name,
        status=campaign.status,
        figures=found.lines.get(campaign.id) if found is not None else None,
        days=found.days.get(campaign.id, ()) if found is not None else (),
    )


def _by_people(one: Glance) -> tuple[int, str]:
    return -one.figures.people if one.figures is not None else 0, one.key


def _warnings(runtime: Runtime, snapshot: Snapshot, running: Sequence[Glance], conflicts: int) -> Iterator[Warned]:
    age = runtime.clock() - runtime.confirmed_at
    if age > STALE_MS:
        yield Warned(kind="stale", count=age // 1000)
    for about, why in snapshot.warnings.items():
        yield Warned(kind="switched_off", about=about, detail=why)
    for one in running:
        if one.figures is not None and one.figures.mismatch:
            yield Warned(kind="mismatch", about=one.key)
    if conflicts:
        yield Warned(kind="identity", count=conflicts)


# -- the figures -------------------------------------------------------------------------------------------------------
class _Held:
    """The figures of one project in this process, and the computation of newer ones."""

    def __init__(self) -> None:
        self.newest: _Figures | None = None
        #: why there are none
        self.lacks = ""
        #: of the definitions that the newest computation began with, and when that was
        self.version = -1
        self.begun = 0.0
        self.task: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether newer ones are being computed."""
        return self.task is not None and not self.task.done()

    def is_due(self, runtime: Runtime, snapshot: Snapshot) -> bool:
        """Whether a computation is to be begun."""
        if self.is_busy:
            return False
        return self.version != snapshot.project.version or runtime.monotonic() - self.begun > FRESH_SECONDS


_held: WeakKeyDictionary[Runtime, dict[str, _Held]] = WeakKeyDictionary()


async def _computed(runtime: Runtime, snapshot: Snapshot, held: _Held) -> None:
    """Begin what is due, and wait for it a little."""
    if held.is_due(runtime, snapshot):
        held.version, held.begun = snapshot.project.version, runtime.monotonic()
        held.task = runtime.background(_compute(runtime, snapshot, held))
    if held.is_busy and held.task is not None:
        await asyncio.wait((held.task,), timeout=PATIENCE_SECONDS)


async def _compute(runtime: Runtime, snapshot: Snapshot, held: _Held) -> None:
    try:
        held.newest, held.lacks = await _asked(runtime, snapshot), ""
    except TailorbirdError as error:
        held.newest, held.lacks = None, error.detail
    except Exception as error:  # the page is of use without figures
        log.error("figures of a project could not be computed", error=type(error).__name__, exc_info=error)
        held.newest, held.lacks = None, "They could not be computed; the server's log says why."


async def _asked(runtime: Runtime, snapshot: Snapshot) -> _Figures:
    place, now = snapshot.project.id, runtime.clock()
    running = tuple(one.id for one in snapshot.bodies["campaign"].values() if one.status == "running")
    if not running:
        return _Figures(lines={}, days={}, at=now)
    today = (now + offset_at(snapshot.zone, now)) // DAY_MS
    first = now - DAYS * DAY_MS
    question = ask.Days(campaigns=running, since=first - DAY_MS, zone=zones_of(snapshot.zone, first, now + DAY_MS))
    entered = await lake(runtime).run(place, question, None)
    summary = await projects.summary(runtime, place, running)
    counted: dict[str, dict[int, int]] = {}
    for row in entered["entered"]:
        counted.setdefault(row["campaign"], {})[row["bucket"]] = row["people"]
    days = range(today - DAYS + 1, today + 1)
    return _Figures(
        lines={line.campaign: line for line in summary.campaigns},
        days={one: tuple(counted.get(one, {}).get(day, 0) for day in days) for one in running},
        at=summary.as_of,
    )
