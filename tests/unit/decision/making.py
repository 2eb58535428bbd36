"""Campaigns, plans and subjects for tests: the smallest that work, changed where a test says so."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from tailorbird.decision import Plan, compile_plan, settle_ranges
from tailorbird.domain.campaign import Campaign, Content, Experience, Rule
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.targeting import EMPTY_LIBRARY, EVERYONE, Condition, Subject

UTC = ZoneInfo("UTC")
#: Monday, 2026-03-02T12:00:00Z
NOW = 1_772_452_800_000


def experience(number: int = 1, **changes: Any) -> Experience:
    return Experience(
        **{"id": f"Exp1{number}", "name": f"E{number}", "content": Content(body={"n": number}), **changes}
    )


def rule(*experiences: Experience, **changes: Any) -> Rule:
    return Rule(**{"id": "Ru1e1", "experiences": experiences or (experience(),), **changes})


def campaign(*rules: Rule, **changes: Any) -> Campaign:
    basis: dict[str, Any] = {
        "id": "Camp1",
        "key": "hero",
        "name": "Hero",
        "status": "running",
        "salt": "k3Fp9wQz",
        "control": 0.0,
        "audience": "everyone",
        "rules": rules or (rule(),),
    }
    return Campaign(**{**basis, **changes})


def plan(*rules: Rule, **changes: Any) -> Plan:
    return compiled(campaign(*rules, **changes))


def compiled(made: Campaign, version: int = 1) -> Plan:
    return compile_plan(settle_ranges(made, None), library=EMPTY_LIBRARY, zone=UTC, version=version)


def subject(
    visitor_id: str | None = "u-1", profile: Profile | None = None, *, anonymous_id: str | None = None, **told: Any
) -> Subject:
    context = Context(visitor=Visitor(id=visitor_id, anonymous_id=anonymous_id), **{"now": NOW, **told})
    return Subject(context, profile)


def broken(error: Exception) -> Condition:
    def fail(subject: Subject) -> NoReturn:
        raise error

    return replace(EVERYONE, match=fail)


def fields(problems: Iterable[Any]) -> list[str]:
    return [problem.field for problem in problems]
