"""The engine alone, in process: nanoseconds per campaign, the best of several repeats."""

from __future__ import annotations

import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bench import seed
from bench.progress import say
from tailorbird.decision import Plan, choose, compile_plan
from tailorbird.decision.bucket import draw
from tailorbird.domain.campaign import Content
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.engine.calls import DecideCall
from tailorbird.engine.decide import decide_json
from tailorbird.engine.refresh import drain, running
from tailorbird.targeting import EMPTY_LIBRARY, Subject
from tailorbird.targeting.subject import UTC
from tailorbird.templates import Values, compile_content, render

NOW = 1_767_225_600_000
DYNAMIC = {
    "title": "Welcome back, {{ attribute.first_name | default: 'friend' }}",
    "basket": "{{ attribute.basket }}",
    "image": "https://shop.example/banner-{{ attribute.country | downcase }}.png",
    "discount": 15,
}
ASKED = (10, 50)


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    repeats: int = 9
    #: calls in each repeat
    calls: int = 20_000
    #: whole decide calls in each repeat
    decides: int = 1_000


QUICK = Sizes(repeats=3, calls=3_000, decides=100)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a decision and what it takes."""

    name: str
    ns: float


def steps(sizes: Sizes) -> list[Step]:
    """The steps of a decision that compute and do nothing else."""
    say("engine alone")
    plan, subject = _plan(), _subject()
    audience = plan.rules[0].audience
    assert audience is not None
    assert audience.match(subject)
    assert choose(plan, subject).arm is not None
    content = compile_content(Content(body=DYNAMIC))
    values = Values(attributes=seed.ATTRIBUTES, now=NOW)
    assert not render(content, values).missing
    return [
        _best("one draw", lambda: draw(plan.salt, "control", "u1"), sizes),
        _best("match of 3 conditions", lambda: audience.match(subject), sizes),
        _best("choice: gates, 3 conditions, control and split", lambda: choose(plan, subject), sizes),
        _best("render of a body with 3 values", lambda: render(content, values), sizes),
    ]


async def whole(sizes: Sizes) -> list[Step]:
    """Whole decide calls without HTTP: profile read, choices, tokens, the answer as JSON; per campaign asked."""
    found = []
    with tempfile.TemporaryDirectory() as directory:
        async with running(seed.runtime_on(Path(directory))) as runtime:
            project = await seed.project(runtime, max(ASKED))
            await seed.people(runtime, project, 0, 1)
            for asked in ASKED:
                call = DecideCall(
                    context=Context(visitor=Visitor(id="u0"), now=runtime.clock(), session_id="s1"),
                    campaigns=tuple(seed.key(n) for n in range(asked)),
                )
                await decide_json(runtime, project, call)
                await drain(runtime)
                times = []
                for _ in range(sizes.repeats):
                    started = time.perf_counter()
                    for _ in range(sizes.decides):
                        await decide_json(runtime, project, call)
                    times.append(time.perf_counter() - started)
                each = min(times) / sizes.decides / asked * 1e9
                found.append(Step(name=f"whole decide call without HTTP, {asked} asked, per campaign", ns=each))
    return found


def _plan() -> Plan:
    return compile_plan(seed.stored_campaign(0), library=EMPTY_LIBRARY, zone=UTC)


def _subject() -> Subject:
    profile = Profile(person=1, bucket_id="u1", ids=("u1",), attributes=seed.ATTRIBUTES, first_seen=NOW)
    return Subject(Context(visitor=Visitor(id="u1"), now=NOW), profile)


def _best(name: str, work: Callable[[], Any], sizes: Sizes) -> Step:
    """The fastest repeat, less what calling a function that does nothing takes."""
    timer, empty = timeit.Timer(work), timeit.Timer(lambda: None)
    fastest = min(_repeats(timer, sizes)) - min(_repeats(empty, sizes))
    return Step(name=name, ns=max(fastest, 0.0) / sizes.calls * 1e9)


def _repeats(timer: timeit.Timer, sizes: Sizes) -> Iterable[float]:
    return timer.repeat(sizes.repeats, sizes.calls)


async def main(sizes: Sizes | None = None) -> list[Step]:
    """All steps."""
    chosen = sizes or Sizes()
    return [*steps(chosen), *await whole(chosen)]


if __name__ == "__main__":
    for step in uvloop.run(main()):
        sys.stdout.write(f"{step.name}: {step.ns:,.0f} ns\n")
