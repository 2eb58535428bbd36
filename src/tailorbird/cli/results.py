"""``tailorbird results``: did it help? From the data of this machine, or from a running server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import msgspec
from cyclopts import Parameter

from tailorbird.cli.errors import Usage
from tailorbird.cli.lake import LakeUrl
from tailorbird.cli.options import DATA, PREFIX, Command, Data, Database, Json, shown
from tailorbird.cli.place import Place, place
from tailorbird.cli.progress import progress
from tailorbird.cli.tool import with_engine

if TYPE_CHECKING:
    from tailorbird.engine.results.report import GoalArm, GoalReport, Lift, Report
    from tailorbird.engine.results.view import View

#: memory that a question may take here, in MiB
MEMORY_MB = 2048

Campaign = Annotated[str, Parameter(help="Key or id of the campaign.")]
OfProject = Annotated[
    str, Parameter(help="Key or id of the project; the only one there is when absent.", show_default=False)
]
By = Annotated[
    str, Parameter(help="Break down: device, country, audience, visitor, attribute:NAME, …", show_default=False)
]
Filters = Annotated[
    tuple[str, ...],
    Parameter(name="--filter", help="Only people of these values, e.g. device=mobile,tablet.", show_default=False),
]
Goals = Annotated[tuple[str, ...], Parameter(name="--goal", help="Only these goals, by key.", show_default=False)]
Attribution = Annotated[str, Parameter(help="view, or click: only what follows a click counts.", show_default=False)]
Window = Annotated[float, Parameter(help="Days, instead of each goal's own window.", show_default=False)]
Baseline = Annotated[str, Parameter(help="control, first, or the id or name of an experience.", show_default=False)]
Csv = Annotated[bool, Parameter(name="--csv", help="Print CSV.", show_default=False)]
Url = Annotated[
    str,
    Parameter(help="Address of a running server to ask instead of the data of this machine.", show_default=False),
]
Key = Annotated[
    str,
    Parameter(env_var=f"{PREFIX}KEY", help="Secret of a key for --url, with the scope read.", show_default=False),
]


def results(
    campaign: Campaign,
    /,
    *,
    project: OfProject = "",
    by: By = "",
    filters: Filters = (),
    goals: Goals = (),
    attribution: Attribution = "",
    window_days: Window = 0.0,
    baseline: Baseline = "",
    json: Json = False,
    csv: Csv = False,
    url: Url = "",
    key: Key = "",
    lake_url: LakeUrl = "",
    data: Data = DATA,
    database: Database = "",
) -> None:
    """Tell whether a campaign helped: people, conversions, lift over control, and the verdict or why there is none.

    Whatever is chosen besides the campaign makes the answer exploratory: estimates, no verdict.
    """
    told: dict[str, Any] = {
        "by": by,
        "filter": list(filters),
        "goal": list(goals),
        "attribution": attribution,
        "window_days": window_days,
        "baseline": baseline,
    }
    asked = {name: value for name, value in told.items() if value}
    report = _remote(url, key, project, campaign, asked) if url else None
    if report is None:
        where = place(data, database)
        where.must_exist()
        report = _local(where, lake_url, project, campaign, asked)
    _show(report, json=json, csv=csv)


def _remote(url: str, key: str, project: str, campaign: str, asked: dict[str, Any]) -> Report:
    from tailorbird.cli.remote import Remote
    from tailorbird.engine.results.report import Report

    if not project:
        raise Usage("--url needs a --project.")
    verb = f"campaigns/{quote(campaign, safe='')}/results"
    return msgspec.json.decode(Remote(url, key).project("GET", project, verb, **asked), type=Report)


def _local(where: Place, lake_url: str, project: str, campaign: str, asked: dict[str, Any]) -> Report:
    view = _view(asked)

    async def work(runtime: Any) -> Report:
        from tailorbird.cli.server import LAKE, SCRATCH
        from tailorbird.engine.lakes import open_lake
        from tailorbird.engine.results.campaign import results as computed

        scratch = str(where.folder / SCRATCH)
        runtime.lake = open_lake(
            where.url or str(where.file), lake_url or str(where.folder / LAKE), memory_mb=MEMORY_MB, scratch=scratch
        )
        try:
            with progress("Counting", shown=sys.stderr.isatty()) as advance:
                return await computed(runtime, project or _only(runtime), campaign, view, advance)
        finally:
            await runtime.lake.close()

    return with_engine(where, work)


def _view(asked: dict[str, Any]) -> View:
    from tailorbird.engine.results.view import View, dimension, filter_of

    told = dict(asked)
    by = told.pop("by", None)
    only = told.pop("filter", ())
    goals = told.pop("goal", ())
    if told.get("attribution") not in (None, "view", "click"):
        raise Usage("--attribution takes view or click.")
    return View(
        by=dimension(by, "--by") if by else None,
        only=tuple(filter_of(one, "--filter") for one in only),
        goals=tuple(goals),
        **told,
    )


def _only(runtime: Any) -> str:
    keys = sorted(runtime.project_ids)
    if len(keys) != 1:
        raise Usage("Which --project? There are " + (", ".join(keys) or "none") + ".")
    return str(keys[0])


# -- showing -----------------------------------------------------------------------------------------------------------
def _show(report: Report, *, json: bool, csv: bool) -> None:
    if json:
        print(msgspec.json.encode(report).decode())
        return
    if csv:
        from tailorbird.engine.results.tables import csv_of

        print(csv_of(report), end="")
        return
    from rich.console import Console

    console = Console()
    console.print(
        f"[bold]{_plain(report.name)}[/bold] ({report.key}), {report.status}; {report.people:,} people"
        + (f", {shown(report.first_exposure_at)} to {shown(report.last_exposure_at or 0)}" if report.people else ""),  # type: ignore[arg-type]
        soft_wrap=True,
    )
    _goals(console, report, report.goals, "")
    for group in report.groups:
        _goals(console, report, group.goals, f"{group.value or 'unknown'} ({group.people:,} people): ")
    for note in report.notes:
        console.print(f"· {_plain(note)}", soft_wrap=True)


def _goals(console: Any, report: Report, goals: tuple[GoalReport, ...], prefix: str) -> None:
    for goal in goals:
        title = f"{prefix}{goal.name}, {goal.role} goal" + (f", in {goal.currency}" if goal.currency else "")
        if goal.problem is not None:
            console.print(f"{_plain(title)}: {_plain(goal.problem)}", soft_wrap=True)
            continue
        console.print()
        console.print(_table(report, goal, title))
        for line in _verdicts(report, goal):
            console.print(f"  {line}", soft_wrap=True)
        if goal.need is not None:
            left = "" if goal.need.days_left is None else f", about {goal.need.days_left:,.0f} days more"
            console.print(
                f"  To find a lift of {goal.need.lift:.0%}: {goal.need.people:,} people{left}.", soft_wrap=True
            )


def _table(report: Report, goal: GoalReport, title: str) -> Any:
    """One line per arm. Names fold where it gets narrow, figures never do."""
    from rich.table import Table

    names = {(arm.rule, arm.arm): arm for arm in report.arms}
    several = len({line.rule for line in goal.arms}) > 1
    table = Table(title=_plain(title), title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in ("rule", "experience") if several else ("experience",):
        table.add_column(head, overflow="fold", min_width=10)
    for head in ("people", "reached", "value", "lift", "95 %", "beats", "best"):
        table.add_column(head, justify="right", no_wrap=True)
    for line in goal.arms:
        arm = names.get((line.rule, line.arm))
        name = (arm.rule_name or arm.rule, arm.name or arm.arm) if arm else (line.rule, line.arm)
        shown_name = name if several else name[1:]
        table.add_row(*(_plain(part) for part in shown_name), *_figures(goal, line), *_lift(line.lift, line))
    if goal.campaign is not None and len(goal.arms) > 2:
        first = ("all", "all experiences") if several else ("all experiences",)
        table.add_row(*first, f"{goal.campaign.people:,}", "", "", *_lift(goal.campaign, None))
    return table


def _verdicts(report: Report, goal: GoalReport) -> list[str]:
    """What is decided and what is not yet, of the goals that are judged."""
    if goal.role not in ("primary", "guardrail"):
        return []
    names = {(arm.rule, arm.arm): arm.name or arm.arm for arm in report.arms}
    judged = [(names.get((line.rule, line.arm), line.arm), line.lift) for line in goal.arms if line.lift is not None]
    if goal.campaign is not None and len(goal.arms) > 2:
        judged.append(("All experiences", goal.campaign))
    return [f"{_plain(name)}: {_verdict(lift)}" for name, lift in judged]


def _verdict(lift: Lift) -> str:
    if lift.verdict.outcome is not None:
        return f"decided, {lift.verdict.outcome}"
    reasons = ", ".join(lift.verdict.reasons).lower().replace("_", " ")
    return f"not yet decided: {reasons}" if reasons else "not yet decided"


def _figures(goal: GoalReport, line: GoalArm) -> tuple[str, str, str]:
    reached = line.reached
    value = (
        "-"
        if reached.value is None
        else f"{reached.value:.2%}"
        if goal.kind == "proportion"
        else f"{reached.value:,.2f}"
    )
    return f"{reached.people:,}", f"{reached.conversions:,}", value


def _lift(lift: Lift | None, line: GoalArm | None) -> tuple[str, str, str, str]:
    best = f"{line.best.chance_to_be_best:.1%}" if line is not None and line.best is not None else ""
    if lift is None:
        return "", "", "", best
    return (
        "-" if lift.lift is None else f"{lift.lift:+.1%}",
        "-" if lift.interval is None else f"{lift.interval.low:+.0%} … {lift.interval.high:+.0%}",
        "-" if lift.chance_to_beat is None else f"{lift.chance_to_beat:.1%}",
        best,
    )


def _plain(text: str) -> str:
    """Text of other people, with nothing in it that the terminal obeys."""
    from rich.markup import escape

    return escape("".join(letter if letter.isprintable() else "?" for letter in text))


COMMANDS = (
    Command(
        "results",
        results,
        "tailorbird results home-hero\n"
        "tailorbird results home-hero --by device --json\n"
        "tailorbird results home-hero --project shop --url https://tailorbird.example --csv > results.csv",
    ),
)
