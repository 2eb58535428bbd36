"""All campaigns of a project side by side, whom they share, and the catalogue's items."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from tailorbird import stats
from tailorbird.domain.errors import Invalid
from tailorbird.domain.facts import DAY_MS
from tailorbird.domain.moments import MomentKind
from tailorbird.domain.reasons import CONTROL_ARM
from tailorbird.engine.results import asking
from tailorbird.engine.results.asking import Judged
from tailorbird.engine.results.campaign import Progress, baselines_of
from tailorbird.engine.results.course import Course, course
from tailorbird.engine.results.figures import Cells, Row
from tailorbird.engine.results.judging import Bench, goal_report
from tailorbird.engine.results.place import lake
from tailorbird.engine.results.report import Lift
from tailorbird.engine.results.view import View
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import Snapshot
from tailorbird.lake.queries import ask

_PLAIN = View()


class CampaignLine(msgspec.Struct, frozen=True, kw_only=True):
    """One campaign in the overview."""

    campaign: str
    key: str
    name: str
    kind: str
    status: str
    people: int
    control_people: int
    impressions: int
    clicks: int
    dismissals: int
    click_through: float | None
    first_exposure_at: int | None
    last_exposure_at: int | None
    #: key, name and kind of the goal that it is judged by; null without a primary goal
    goal: str | None = None
    goal_name: str | None = None
    goal_kind: MomentKind | None = None
    #: all experiences against control, in the same rules and epochs; null where there is no control
    lift: Lift | None = None
    #: its people do not fall on the arms as the shares say, or stand in arms that have none: the figures are not to be
    #: trusted
    mismatch: bool = False


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Campaigns of a project side by side."""

    as_of: int
    campaigns: tuple[CampaignLine, ...]


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """People who were exposed to both of two campaigns."""

    one: str
    other: str
    people: int
    #: of the people of either
    share_of_one: float
    share_of_other: float


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """How many people the campaigns of a project have in common."""

    as_of: int
    #: key of the campaign → people exposed to it
    people: dict[str, int]
    pairs: tuple[Shared, ...]


class ItemLine(msgspec.Struct, frozen=True, kw_only=True):
    """One catalogue item."""

    item: str
    title: str | None
    shown: int
    clicked: int
    click_through: float | None
    #: lines of purchases in the window after the same person was shown or clicked it
    bought: int
    #: price times quantity of those, where they tell them
    revenue: float


class ItemResults(msgspec.Struct, frozen=True, kw_only=True):
    """The catalogue's items, those with the largest revenue first."""

    as_of: int
    items: tuple[ItemLine, ...]


async def summary(
    runtime: Runtime,
    project: str,
    campaigns: Sequence[str] = (),
    *,
    since: int | None = None,
    until: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Campaigns, all of them where none are named, with their people, what was shown and clicked, and the lift of their
    primary goal."""
    snapshot = runtime.project(project)
    now = runtime.clock()
    ids = _ids(snapshot, campaigns)
    defined = snapshot.definitions["campaign"]
    courses = [await course(runtime, snapshot, defined[one]) for one in ids or defined]
    judged: dict[str, Judged] = {}
    goals: dict[str, Judged] = {}
    for told in courses:
        first = next(iter(asking.goals_of(snapshot, told.campaign)), None)
        if first is not None and first.problem is None and told.primary is not None:
            judged[told.campaign.id] = goals.setdefault(first.goal.id, first)
    of = {goal: tuple(one for one, held in judged.items() if held.goal.id == goal) for goal in goals}
    question = ask.Summary(
        campaigns=ids,
        goals=tuple(asking.counted(one.goal, _PLAIN) for one in goals.values()),
        of=tuple(of[goal] for goal in goals),
        begun={told.campaign.id: told.measured_since for told in courses if told.measured_since is not None},
        since=since,
        until=until,
    )
    answer = await lake(runtime).run(snapshot.project.id, question, progress)
    view = msgspec.structs.replace(_PLAIN, since=since, until=until)
    lines = await asyncio.to_thread(_lines, courses, judged, view, answer)
    return Summary(as_of=now, campaigns=tuple(lines))


def _lines(
    courses: Sequence[Course], judged: Mapping[str, Judged], view: View, answer: Mapping[str, Sequence[Row]]
) -> list[CampaignLine]:
    exposed, touched = _by_campaign(answer["exposed"]), _by_campaign(answer["touched"])
    sums = {name: _by_campaign(rows) for name, rows in answer.items() if name.startswith("goal:")}
    found = []
    for told in courses:
        one = told.campaign.id
        goal = judged.get(one)
        rows = sums[f"goal:{goal.goal.id}"].get(one, []) if goal is not None else []
        found.append(_line(told, goal, view, exposed.get(one, []), touched.get(one, []), rows))
    return sorted(found, key=lambda line: (-line.people, line.key))


def _ids(snapshot: Snapshot, campaigns: Sequence[str]) -> tuple[str, ...]:
    """The ids of campaigns that are named by key or id, each once."""
    ids = []
    for index, name in enumerate(campaigns):
        found = snapshot.campaign_ids.get(name, name)
        if found not in snapshot.definitions["campaign"]:
            raise Invalid.field(f"campaign[{index}]", "the key or id of a campaign of this project", name)
        ids.append(found)
    return tuple(dict.fromkeys(ids))


def _by_campaign(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["campaign"], []).append(row)
    return found


def _line(
    told: Course, goal: Judged | None, view: View, people: list[Row], touched: list[Row], rows: list[Row]
) -> CampaignLine:
    shown = {name: sum(row[name] for row in touched) for name in ("impressions", "clicks", "dismissals")}
    cells = Cells(told, people)
    ratio = stats.sample_ratio(cells.strata(()))
    more: dict[str, Any] = {"mismatch": ratio.mismatch or ratio.leak}
    if goal is not None:
        more |= {"goal": goal.goal.key, "goal_name": goal.goal.name, "goal_kind": goal.kind}
        more["lift"] = _lift(told, goal, view, cells, rows, mismatch=more["mismatch"])
    return CampaignLine(
        campaign=told.campaign.id,
        key=told.campaign.key,
        name=told.campaign.name,
        kind=told.campaign.kind,
        status=told.campaign.status,
        people=sum(row["n"] for row in people),
        control_people=sum(row["n"] for row in people if row["arm"] == CONTROL_ARM),
        click_through=shown["clicks"] / shown["impressions"] if shown["impressions"] else None,
        first_exposure_at=min((row["first_at"] for row in people), default=None),
        last_exposure_at=max((row["last_at"] for row in people), default=None),
        **shown,
        **more,
    )


def _lift(told: Course, goal: Judged, view: View, cells: Cells, rows: list[Row], *, mismatch: bool) -> Lift | None:
    if told.analysis.attribution == "click":
        return None
    bench = Bench(told, view, baselines_of(told, _PLAIN), mismatch=mismatch, guardrails=0)
    signed = any(row["negative"] for row in rows)
    return goal_report(bench, goal, cells.strata(rows), {}, signed=signed, per_day=None).campaign


async def overlap(
    runtime: Runtime, project: str, campaigns: Sequence[str] = (), progress: Progress | None = None
) -> Overlap:
    """People that the campaigns have in common; of all of them where none are named."""
    snapshot = runtime.project(project)
    question = ask.Overlap(campaigns=_ids(snapshot, campaigns))
    answer = await lake(runtime).run(snapshot.project.id, question, progress)
    keys: dict[str, str] = snapshot.campaign_key

    def key(campaign: str) -> str:
        return keys.get(campaign, campaign)

    people = {key(row["campaign"]): row["people"] for row in answer["exposed"]}
    pairs = []
    for row in answer["pairs"]:
        one, other = sorted((key(row["one"]), key(row["other"])))
        shares = {"share_of_one": row["people"] / people[one], "share_of_other": row["people"] / people[other]}
        pairs.append(Shared(one=one, other=other, people=row["people"], **shares))
    return Overlap(
        as_of=runtime.clock(),
        people=dict(sorted(people.items())),
        pairs=tuple(sorted(pairs, key=lambda pair: (-pair.people, pair.one, pair.other))),
    )


class ItemsView(msgspec.Struct, frozen=True, kw_only=True):
    """How to look at the catalogue's items."""

    campaign: str | None = None
    #: the event of a purchase, and the property in which its items stand
    purchase: str = "order"
    property: str = "items"
    window_days: float = 7.0
    since: int | None = None
    until: int | None = None
    limit: int = 1000


async def items(runtime: Runtime, project: str, view: ItemsView, progress: Progress | None = None) -> ItemResults:
    """The catalogue's items as they were shown, clicked and bought after."""
    from tailorbird.targeting.columns import check_path

    snapshot = runtime.project(project)
    check_path(view.property, "property")
    if not 0 < view.window_days <= 400:
        raise Invalid.field("window_days", "a number of days above 0, at most 400", view.window_days)
    people = None
    if view.campaign is not None:
        campaign = snapshot.campaign_ids.get(view.campaign, view.campaign)
        if campaign not in snapshot.definitions["campaign"]:
            raise Invalid.field("campaign", "the key or id of a campaign of this project", view.campaign)
        told = await course(runtime, snapshot, snapshot.definitions["campaign"][campaign])
        people = asking.people_of(told, _PLAIN)
    question = ask.Catalogue(
        purchase=view.purchase,
        items=view.property,
        people=people,
        window_ms=round(view.window_days * DAY_MS),
        since=view.since,
        until=view.until,
        limit=view.limit,
    )
    answer = await lake(runtime).run(snapshot.project.id, question, progress)
    return ItemResults(
        as_of=runtime.clock(), items=tuple(_item(snapshot.catalogue.item(r["item"]), r) for r in answer["items"])
    )


def _item(known: dict[str, Any] | None, row: Row) -> ItemLine:
    title = known["attributes"].get("title", known["attributes"].get("name")) if known is not None else None
    return ItemLine(
        item=row["item"],
        title=title if isinstance(title, str) else None,
        shown=row["shown"],
        clicked=row["clicked"],
        click_through=row["clicked"] / row["shown"] if row["shown"] else None,
        bought=row["bought"],
        revenue=row["revenue"],
    )
