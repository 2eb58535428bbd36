"""Did it help? Results of campaigns, of projects and of catalogue items; as JSON, as CSV, and with progress."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from litestar import Response, Router, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from tailorbird.engine.results import campaign as campaigns
from tailorbird.engine.results import project as projects
from tailorbird.engine.results import tables
from tailorbird.engine.results.project import ItemResults, ItemsView, Overlap, Summary
from tailorbird.engine.results.report import Report
from tailorbird.engine.results.series import Series, series
from tailorbird.engine.results.view import DIMENSIONS, View, dimension, filter_of
from tailorbird.web import problems, wire
from tailorbird.web.api.call import Caller, Calling, answer
from tailorbird.web.api.operation import Operation
from tailorbird.web.http import Disconnected

_PROJECT = "/v1/projects/{project:str}/results"
_CAMPAIGN = "/v1/projects/{project:str}/campaigns/{ref:str}/results"
CSV, EVENTS = "text/csv", "text/event-stream"
#: between two signs of life, so that proxies keep the connection
QUIET_SECONDS = 10.0

T = TypeVar("T")
Progress = Callable[[int, int], None]

_When = "ISO 8601 (without an offset: UTC) or epoch milliseconds"
Names = Annotated[list[str] | None, QueryParameter(description="only these goals, by key or id; may be repeated")]
Attribution = Annotated[
    Literal["view", "click"] | None, QueryParameter(description="`click`: only what follows a click counts")
]
Window = Annotated[float | None, QueryParameter(description="days, instead of each goal's own window")]
Since = Annotated[str | None, QueryParameter(description=f"people first exposed since then; {_When}", max_length=40)]
Until = Annotated[str | None, QueryParameter(description=f"and before then, with their events; {_When}", max_length=40)]
Dimension = Annotated[str | None, QueryParameter(description=f"break down by one of {DIMENSIONS}", max_length=200)]
Filters = Annotated[
    list[str] | None,
    QueryParameter(description="only people of these values, e.g. `device=mobile,tablet`; may be repeated"),
]
Baseline = Annotated[
    str | None,
    QueryParameter(description="`control`, `first`, or the id or name of an experience", max_length=200),
]
Mature = Annotated[bool, QueryParameter(description="only people whose window is over")]
Crossed = Annotated[bool, QueryParameter(description="leave out who met more than one arm; this biases")]
Capped = Annotated[bool, QueryParameter(description="cut large totals off")]
Cuped = Annotated[
    bool, QueryParameter(description="use each person's value of the two weeks before the exposure; not of ratios")
]
Engine = Annotated[
    Literal["bayesian", "delta"], QueryParameter(description="`delta`: the relative delta method, for comparison")
]
Step = Annotated[Literal["day", "hour"], QueryParameter(description="how long a period is, in the project's time zone")]
Keys = Annotated[list[str] | None, QueryParameter(description="only these, by key or id; may be repeated")]
Key = Annotated[str | None, QueryParameter(description="of one campaign, by key or id", max_length=200)]
Purchase = Annotated[str, QueryParameter(description="the event of a purchase", max_length=200)]
Property = Annotated[str, QueryParameter(description="the property of it in which the items stand", max_length=200)]
Days = Annotated[float, QueryParameter(description="days after a view or click in which a purchase counts")]
Limit = Annotated[int, QueryParameter(description="how many at most", ge=1, le=10_000)]


def moment(text: str | None, field: str) -> int | None:
    """UTC milliseconds of a query parameter."""
    if text is None:
        return None
    bare = text.removeprefix("-")
    return wire.moment(int(text) if bare.isascii() and bare.isdigit() else text, field)[0]


class ResultEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One server-sent event."""

    event: Literal["progress", "result", "problem"]
    #: JSON: ``done`` and ``of`` steps, the report, or the problem
    data: str


# -- how an answer is given --------------------------------------------------------------------------------------------
#: starts a computation that tells its progress
Work = Callable[[Progress | None], Coroutine[Any, Any, Any]]
Respond = Callable[[Caller, Work], Awaitable[Response[Any]]]


async def _json(caller: Caller, work: Work) -> Response[Any]:
    return answer(await _until_gone(caller, work(None)))


async def _csv(caller: Caller, work: Work) -> Response[Any]:
    report = await _until_gone(caller, work(None))
    text = await asyncio.to_thread(tables.csv_of, report)
    headers = {"content-disposition": 'attachment; filename="results.csv"'}
    return Response(text.encode(), media_type=f"{CSV}; charset=utf-8", headers=headers)


async def _events(caller: Caller, work: Work) -> Response[Any]:
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return Stream(_told(work), media_type=EVENTS, headers=headers)


async def _until_gone(caller: Caller, work: Coroutine[Any, Any, T]) -> T:
    """What is computed, unless the caller hangs up: then the computation is stopped."""
    computing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(caller))
    try:
        await asyncio.wait((computing, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not computing.done():
            raise Disconnected
        return computing.result()
    finally:
        for task in (computing, leaving):
            task.cancel()
        await asyncio.gather(computing, leaving, return_exceptions=True)


async def _left(caller: Caller) -> None:
    while (await caller.request.receive())["type"] != "http.disconnect":
        pass


async def _told(work: Work) -> AsyncIterator[bytes]:
    """Progress, and at the end the report or the problem, as server-sent events. Closing it stops the computation."""
    steps: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue()
    computing = asyncio.ensure_future(work(lambda done, whole: steps.put_nowait((done, whole))))
    computing.add_done_callback(lambda _: steps.put_nowait(None))
    try:
        yield _event("progress", {"done": 0, "of": 0})
        while not computing.done() or not steps.empty():
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    step = await steps.get()
            except TimeoutError:
                yield b": still computing\n\n"
                continue
            if step is not None:
                yield _event("progress", {"done": step[0], "of": step[1]})
        try:
            yield _event("result", computing.result())
        except Exception as error:  # noqa: BLE001 - the border: whatever happened, the caller is told of a problem
            yield _event("problem", msgspec.Raw(problems.render(error)[2]))
    finally:
        computing.cancel()
        await asyncio.gather(computing, return_exceptions=True)


def _event(name: str, value: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(value))


# -- one campaign ------------------------------------------------------------------------------------------------------
def _view(told: dict[str, Any]) -> View:
    """The view that query parameters tell, each under its name."""
    by = told["by"]
    return View(
        goals=tuple(told["goal"] or ()),
        since=moment(told["since"], "since"),
        until=moment(told["until"], "until"),
        by=dimension(by, "by") if by is not None else None,
        only=tuple(filter_of(one, f"filter[{at}]") for at, one in enumerate(told["filter"] or ())),
        **{name: told[name] for name in _AS_TOLD},
    )


_AS_TOLD = (*("attribution", "window_days", "baseline", "mature", "exclude_crossed", "capped", "cuped", "engine"),)


def _results(path: str, respond: Respond, story: str, **told: Any) -> HTTPRouteHandler:
    """A route to the results of one campaign, in one form."""

    async def handle(
        caller: Calling,
        ref: FromPath[str],
        goal: Names = None,
        attribution: Attribution = None,
        window_days: Window = None,
        since: Since = None,
        until: Until = None,
        by: Dimension = None,
        filter: Filters = None,
        baseline: Baseline = None,
        mature: Mature = False,
        exclude_crossed: Crossed = False,
        capped: Capped = True,
        cuped: Cuped = False,
        engine: Engine = "bayesian",
    ) -> Response[Any]:
        view = _view(locals())
        return await respond(
            caller, lambda progress: campaigns.results(caller.runtime, caller.project, ref, view, progress)
        )

    handle.__doc__ = story
    return get(f"{_CAMPAIGN}{path}", **told)(handle)


def _series(path: str, respond: Respond, story: str, **told: Any) -> HTTPRouteHandler:
    """A route to the results of one campaign over time, in one form."""

    async def handle(
        caller: Calling,
        ref: FromPath[str],
        goal: Names = None,
        attribution: Attribution = None,
        window_days: Window = None,
        since: Since = None,
        until: Until = None,
        filter: Filters = None,
        exclude_crossed: Crossed = False,
        step: Step = "day",
    ) -> Response[Any]:
        view = _view({**_PLAIN, **locals()})
        return await respond(caller, lambda progress: series(caller.runtime, caller.project, ref, view, step, progress))

    handle.__doc__ = story
    return get(f"{_CAMPAIGN}/series{path}", **told)(handle)


_PLAIN: dict[str, Any] = {
    "by": None,
    "baseline": None,
    "mature": False,
    "capped": True,
    "cuped": False,
    "engine": "bayesian",
}


def _opt(report: Any, gives: str = "application/json") -> dict[str, Any]:
    return {"operation": Operation(scope="read", answer=report, gives=gives)}


_STORY = """What was fixed at the start, of the whole campaign: the only view with a verdict. Whatever is chosen makes
it exploratory, and `exploratory` says what. People count in the arm of their first exposure; an experience is compared
with control of its own rule, and the campaign by rule and epoch. `notes` says what a reader should know. Hanging up
stops the computation."""


# -- a project ---------------------------------------------------------------------------------------------------------
def _summary(path: str, respond: Respond, story: str, **told: Any) -> HTTPRouteHandler:
    async def handle(caller: Calling, campaign: Keys = None, since: Since = None, until: Until = None) -> Response[Any]:
        start, end, only = moment(since, "since"), moment(until, "until"), tuple(campaign or ())
        return await respond(
            caller,
            lambda progress: projects.summary(
                caller.runtime, caller.project, only, since=start, until=end, progress=progress
            ),
        )

    handle.__doc__ = story
    return get(f"{_PROJECT}{path}", **told)(handle)


def _items(path: str, respond: Respond, story: str, **told: Any) -> HTTPRouteHandler:
    async def handle(
        caller: Calling,
        campaign: Key = None,
        purchase: Purchase = "order",
        property: Property = "items",
        window_days: Days = 7.0,
        since: Since = None,
        until: Until = None,
        limit: Limit = 1000,
    ) -> Response[Any]:
        view = ItemsView(
            campaign=campaign,
            purchase=purchase,
            property=property,
            window_days=window_days,
            since=moment(since, "since"),
            until=moment(until, "until"),
            limit=limit,
        )
        return await respond(caller, lambda progress: projects.items(caller.runtime, caller.project, view, progress))

    handle.__doc__ = story
    return get(f"{_PROJECT}/items{path}", **told)(handle)


@get(
    f"{_PROJECT}/overlap",
    operation_id="readOverlap",
    summary="People that campaigns have in common",
    opt=_opt(Overlap),
)
async def overlap(caller: Calling, campaign: Keys = None) -> Response[Any]:
    """For each pair of campaigns, how many people were exposed to both."""
    return await _json(
        caller, lambda progress: projects.overlap(caller.runtime, caller.project, tuple(campaign or ()), progress)
    )


results = Router(
    "/",
    route_handlers=[
        _results("", _json, _STORY, operation_id="readResults", summary="Did it help?", opt=_opt(Report)),
        _results(
            "/csv",
            _csv,
            "The same as a table: one line per arm and goal, and per group where it is broken down.",
            operation_id="exportResults",
            summary="The results of a campaign as CSV",
            opt=_opt(str, CSV),
        ),
        _results(
            "/events",
            _events,
            "The same with progress: server-sent events `progress` (`done`, `of`), and at the end `result` with the "
            "report or `problem`. Hanging up stops the computation.",
            operation_id="watchResults",
            summary="The results of a campaign with progress",
            opt=_opt(ResultEvent, EVENTS),
        ),
        _series(
            "",
            _json,
            "By day or hour of the project's time zone, period by period and added up, for the primary goal or the "
            "first one named.",
            operation_id="readSeries",
            summary="A campaign over time",
            opt=_opt(Series),
        ),
        _series(
            "/csv",
            _csv,
            "The same as a table: one line per arm and period.",
            operation_id="exportSeries",
            summary="A campaign over time as CSV",
            opt=_opt(str, CSV),
        ),
        _summary(
            "",
            _json,
            "Every campaign, or those that are named, with its people, what was shown and clicked, and the lift of its "
            "primary goal.",
            operation_id="readSummary",
            summary="All campaigns side by side",
            opt=_opt(Summary),
        ),
        _summary(
            "/csv",
            _csv,
            "The same as a table: one line per campaign.",
            operation_id="exportSummary",
            summary="All campaigns side by side as CSV",
            opt=_opt(str, CSV),
        ),
        _items(
            "",
            _json,
            "Of each item: how often shown and clicked, and what was bought of it after. Impressions and clicks name "
            "items in their properties `item` or `items`.",
            operation_id="readItemResults",
            summary="Catalogue items: shown, clicked, bought",
            opt=_opt(ItemResults),
        ),
        _items(
            "/csv",
            _csv,
            "The same as a table: one line per item.",
            operation_id="exportItemResults",
            summary="Catalogue items as CSV",
            opt=_opt(str, CSV),
        ),
        overlap,
    ],
    tags=["Results"],
)
