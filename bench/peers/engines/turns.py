"""How a measured library takes its turns: it is told how many visitors to decide for, and tells the CPU time it took.

Standard library only: this runs in every library's own environment.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

#: visitors rotate among so many
VISITORS = 1_000
#: so many are looked at before anything is measured
CHECKED = 200

#: all flags for one visitor, as whatever the library answers
Decide = Callable[[str, dict[str, Any]], Iterable[Any]]


def told() -> Any:
    """The line of JSON that comes first: ``flags`` in the library's words, ``keys``, ``attributes``, ``others``."""
    return json.loads(sys.stdin.readline())


def take_turns(given: Any, decide: Decide, discount: Callable[[Any], int | None]) -> None:
    """Answer one line with the arms that some visitors get, then one line per turn with its nanoseconds.

    ``discount`` reads the payload's discount, which tells the arm, out of one flag's answer; None where it shows
    nothing.
    """
    attributes, others = given["attributes"], given["others"]
    arms = [discount(one) for number in range(CHECKED) for one in decide(f"u{number}", attributes)]
    nothing = [discount(one) for one in decide("u1", others)]
    _say(
        {
            "arms": {str(arm): arms.count(arm) for arm in set(arms)},
            "shown_to_others": len(nothing) - nothing.count(None),
        }
    )
    visitors = [f"u{number}" for number in range(VISITORS)]
    at = 0
    for line in sys.stdin:
        turn = [visitors[(at + step) % VISITORS] for step in range(int(line))]
        at += len(turn)
        started = time.process_time_ns()
        for visitor in turn:
            decide(visitor, attributes)
        _say(time.process_time_ns() - started)


def _say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
