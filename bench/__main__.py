"""``python -m bench [--quick]``: measure everything in one run and write ``RESULTS.md`` beside this file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop

from bench import answers, beside, commit, decide, doors, engine, events, export, growth, machine, report
from bench.progress import say

RESULTS = Path(__file__).with_name("RESULTS.md")


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much of everything is measured."""

    decide: decide.Sizes = decide.Sizes()
    doors: doors.Sizes = doors.Sizes()
    events: events.Sizes = events.Sizes()
    commit: commit.Sizes = commit.Sizes()
    growth: growth.Sizes = growth.Sizes()
    export: export.Sizes = export.Sizes()
    answers: answers.Sizes = answers.Sizes()
    beside: beside.Sizes = beside.Sizes()
    engine: engine.Sizes = engine.Sizes()


QUICK = Sizes(
    decide=decide.QUICK,
    doors=doors.QUICK,
    events=events.QUICK,
    commit=commit.QUICK,
    growth=growth.QUICK,
    export=export.QUICK,
    answers=answers.QUICK,
    beside=beside.QUICK,
    engine=engine.QUICK,
)


async def measure(sizes: Sizes) -> report.Results:
    """Everything, one part after the other."""
    facts = machine.facts()
    return report.Results(
        date=datetime.now(UTC).date().isoformat(),
        machine=facts,
        decide=await decide.main(sizes.decide),
        doors=await doors.main(sizes.doors),
        events=await events.main(sizes.events),
        commit=await commit.main(sizes.commit),
        growth=await growth.main(sizes.growth),
        export=export.main(sizes.export),
        answers=answers.main(sizes.answers),
        beside=await beside.main(sizes.beside),
        engine=await engine.main(sizes.engine),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute; print instead of writing")
    parser.add_argument("--people", type=int, metavar="N", help="the largest number of profiles (1,000,000)")
    told = parser.parse_args(arguments)
    sizes = QUICK if told.quick else Sizes()
    if told.people:
        sizes = msgspec.structs.replace(sizes, growth=growth.up_to(sizes.growth, told.people))
    results = uvloop.run(measure(sizes))
    text = report.page(results)
    if told.quick:
        sys.stdout.write(text)
    else:
        RESULTS.write_text(text)
        sys.stdout.write(report.table(("what", "goal", "measured", "met"), report.goals(results)) + "\n")
    say("done" if told.quick else f"written to bench/{RESULTS.name}")


if __name__ == "__main__":
    main()
