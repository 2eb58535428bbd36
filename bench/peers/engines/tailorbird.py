"""Our own engine, by the rules of all others: a context per visitor, then an arm per campaign.

``quick`` takes the way that a decide call takes, which is short for campaigns of a simple kind such as these; ``full``
passes every gate, as a call does that is to be explained.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from bench.peers.engines.turns import Decide, take_turns, told
from tailorbird.decision import Plan, choose, compile_plan
from tailorbird.domain.campaign import Campaign
from tailorbird.domain.facts import Arm
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.targeting import EMPTY_LIBRARY, Subject
from tailorbird.targeting.subject import UTC

NOW = 1_767_225_600_000


def _quick(plans: list[Plan]) -> Decide:
    ways = [plan.quick for plan in plans if plan.quick is not None]

    def decide(visitor: str, attributes: dict[str, Any]) -> list[Arm | None]:
        subject = Subject(Context(visitor=Visitor(id=visitor), now=NOW, attributes=attributes))
        drawn_on = visitor.encode()
        return [way(subject, drawn_on) for way in ways]

    return decide


def _full(plans: list[Plan]) -> Decide:
    def decide(visitor: str, attributes: dict[str, Any]) -> list[Arm | None]:
        subject = Subject(Context(visitor=Visitor(id=visitor), now=NOW, attributes=attributes))
        return [choose(plan, subject).arm for plan in plans]

    return decide


def main() -> None:
    """``python -m bench.peers.engines.tailorbird quick|full``."""
    given = told()
    plans = [compile_plan(msgspec.convert(one, Campaign), library=EMPTY_LIBRARY, zone=UTC) for one in given["flags"]]
    bodies = {
        experience.id: experience.content.static
        for plan in plans
        for rule in plan.rules
        for experience in rule.experiences
        if experience.content is not None and experience.content.static is not None
    }

    def discount(arm: Arm | None) -> int | None:
        shown: int | None = json.loads(bodies[arm.arm])["discount"] if arm is not None else None
        return shown

    take_turns(given, (_quick if sys.argv[1] == "quick" else _full)(plans), discount)


if __name__ == "__main__":
    main()
