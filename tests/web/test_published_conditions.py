"""The published condition cases, each as the audience of a campaign of its own, asked through the public decide API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.web.conftest import Site

SPEC = Path(__file__).parents[2] / "spec" / "conditions"


async def publish(shop: Site, number: int, condition: Any) -> str | None:
    """Publish and start a campaign whose audience is the condition; the path of the problem when it is refused."""
    base = f"/v1/projects/{shop.project.key}/campaigns"  # type: ignore[union-attr]
    rules = [{"audience": condition, "experiences": [{"name": "A", "content": {"body": number}}]}]
    body = {"name": f"Case {number}", "control": 0, "goals": [{"goal": "orders", "role": "primary"}], "rules": rules}
    made = await shop.ask("POST", base, json=body)
    if made.status_code == 400:
        field: str = made.json()["errors"][0]["field"]
        return field
    assert made.status_code == 201, made.text
    started = await shop.ask("POST", f"{base}/case-{number}/start")
    assert started.status_code == 200, started.text
    return None


async def verdict(shop: Site, number: int, attributes: dict[str, Any]) -> bool:
    asked = {
        "visitor": {"anonymous_id": "nobody"},
        "campaigns": [f"case-{number}"],
        "context": {"attributes": attributes},
        "expose": "report",
    }
    answer = await shop.decide(asked)
    assert answer.status_code == 200, answer.text
    (decision,) = answer.json()["decisions"]
    assert decision["reason"] in ("TARGETING_MATCH", "DEFAULT"), decision
    return decision["payload"] == number


async def test_all_published_condition_cases_but_the_intended_differences_hold_through_the_decide_api(
    shop: Site,
) -> None:
    cases = json.loads((SPEC / "evaluation.json").read_text())
    intended = json.loads((SPEC / "differences.json").read_text())
    passed, refused, differ = 0, {}, set()
    for number, (name, condition, attributes, expected, *rest) in enumerate(cases):
        for group, members in (rest[0] if rest else {}).items():
            await upload(shop, group, members)
        problem = await publish(shop, number, condition)
        if problem is not None:
            refused[name] = problem
        elif await verdict(shop, number, attributes) is expected:
            passed += 1
        else:
            differ.add(name)
    assert len(cases) == 248
    assert {name: path.removeprefix("rules[0].audience.") for name, path in refused.items()} == intended["refused"]
    assert differ == set(intended["different"])
    assert passed + len(refused) >= 245


async def upload(shop: Site, group: str, members: list[Any]) -> None:
    base = f"/v1/projects/{shop.project.key}/audiences"  # type: ignore[union-attr]
    made = await shop.ask("POST", base, json={"name": group, "key": group, "type": "list"})
    assert made.status_code in (201, 409), made.text
    put = await shop.ask("PUT", f"{base}/{group}/members", json=members)
    assert put.status_code == 200, put.text
