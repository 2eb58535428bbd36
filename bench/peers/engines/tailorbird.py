"""Our own engine, by the rules of all others: a context per visitor, then one choice per campaign."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from bench.peers.engines.turns import take_turns, told
from tailorbird.decision import Choice, choose, compile_plan
from tailorbird.domain.campaign import Campaign
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.targeting import EMPTY_LIBRARY, Subject
from tailorbird.targeting.subject import UTC

NOW = 1_767_225_600_000


def discount(found: Choice) -> int | None:
    """What the payload of a choice says; None where nothing is shown."""
    if found.experience is None or found.experience.content is None or found.experience.content.static is None:
        return None
    shown: int = json.loads(found.experience.content.static)["discount"]
    return shown


def main() -> None:
    given = told()
    plans = [compile_plan(msgspec.convert(one, Campaign), library=EMPTY_LIBRARY, zone=UTC) for one in given["flags"]]

    def decide(visitor: str, attributes: dict[str, Any]) -> list[Choice]:
        subject = Subject(Context(visitor=Visitor(id=visitor), now=NOW, attributes=attributes))
        return [choose(plan, subject) for plan in plans]

    take_turns(given, decide, discount)


if __name__ == "__main__":
    main()
