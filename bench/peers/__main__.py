"""``python -m bench.peers [--quick] [--only NAME ...]``: compare in one run and write ``bench/PEERS.md``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench import machine, report
from bench.peers import in_process, over_http, page
from bench.progress import say

RESULTS = Path(__file__).parents[1] / "PEERS.md"
SERVERS, LIBRARIES = ("postgres", *over_http.PEERS), tuple(in_process.LIBRARIES)


def measure(quick: bool, only: Sequence[str]) -> page.Results:
    """Servers, then libraries. What ``only`` does not name is left out; Tailorbird never is."""
    facts = machine.facts()
    servers, libraries = ([name for name in known if not only or name in only] for known in (SERVERS, LIBRARIES))
    return page.Results(
        date=datetime.now(UTC).date().isoformat(),
        machine=facts,
        evaluated=in_process.main(in_process.QUICK if quick else None, libraries) if libraries else [],
        served=uvloop.run(over_http.main(over_http.QUICK if quick else None, servers)) if servers else [],
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes; print instead of writing")
    parser.add_argument(
        "--only", nargs="+", default=[], choices=(*SERVERS, *LIBRARIES), metavar="NAME", help="some of the peers; print"
    )
    told = parser.parse_args(arguments)
    results = measure(told.quick, told.only)
    text = page.page(results)
    if told.quick or told.only:
        sys.stdout.write(text)
        say("done")
        return
    RESULTS.write_text(text)
    sys.stdout.write(report.table(("what", "goal", "measured", "met"), page.goals(results)) + "\n")
    say(f"written to bench/{RESULTS.name}")


if __name__ == "__main__":
    main()
