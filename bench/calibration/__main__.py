"""``python -m bench.calibration [--quick]``: simulate everything and write ``bench/CALIBRATION.md``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench import machine
from bench.calibration import coverage, speed, splits, validity
from bench.calibration.page import Results, page, promises, table
from bench.progress import say

CALIBRATION = Path(__file__).parent.with_name("CALIBRATION.md")
SEED = 20261122
#: of the machine only what numbers depend on: nothing but the versions does, time aside
FACTS = ("CPU", "Kernel", "Python", "Tailorbird")


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much of everything is simulated."""

    validity: validity.Sizes = validity.Sizes()
    speed: speed.Sizes = speed.Sizes()
    coverage: coverage.Sizes = coverage.Sizes()
    splits: splits.Sizes = splits.Sizes()


QUICK = Sizes(
    validity=validity.Sizes(campaigns=250, purchases=50),
    speed=speed.Sizes(campaigns=250),
    coverage=coverage.Sizes(campaigns=100, expected=(10,), contributing=(200,), rates=(0.05, 0.3)),
    splits=splits.Sizes(campaigns=250),
)


def measure(sizes: Sizes) -> Results:
    """Everything, one part after the other; the numbers depend on the seed and the versions only."""
    began, facts = time.process_time(), [fact for fact in machine.facts() if fact[0] in FACTS]
    facts += [("Libraries", ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "msgspec")))]
    shares = []
    for number, case in enumerate(validity.cases(sizes.validity)):
        say(f"no difference: {case.metric}, {case.split}")
        shares += validity.measure(case, sizes.validity, SEED + number)
    durations = []
    for number, one in enumerate(speed.cases()):
        say(f"a true difference: {one.name}, {one.rate:g}")
        durations.append(speed.measure(one, sizes.speed, SEED + 100 + number))
    say("coverage of proportions")
    rates = list(coverage.rates(sizes.coverage))
    say("coverage of capped means and ratios")
    values = list(coverage.values(sizes.coverage, SEED + 200))
    say("sample ratio")
    alarms = list(splits.measure(sizes.splits, SEED + 300))
    return Results(
        date=datetime.now(UTC).date().isoformat(),
        machine=facts,
        seconds=time.process_time() - began,
        shares=shares,
        durations=durations,
        rates=rates,
        values=values,
        alarms=alarms,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.calibration", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few campaigns, under a minute; print instead of writing")
    told = parser.parse_args(arguments)
    os.nice(10)  # ten minutes of one core are in nobody's way
    results = measure(QUICK if told.quick else Sizes())
    if told.quick:
        sys.stdout.write(page(results))
    else:
        CALIBRATION.write_text(page(results), encoding="utf-8")
        sys.stdout.write(table(("what", "promised", "found", "met"), promises(results)) + "\n")
    say("done" if told.quick else f"written to bench/{CALIBRATION.name}")


if __name__ == "__main__":
    main()
