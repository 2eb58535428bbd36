"""Catalogue items of one campaign: what was shown and clicked as part of it."""

from __future__ import annotations

from typing import Any

from tests.results.conftest import BASE, Shop, rule
from tests.web.conftest import NOON


def event(who: str, name: str, at: int, *, token: str | None = None, **properties: Any) -> dict[str, Any]:
    told = {"visitor": {"id": who}, "name": name, "time": NOON + at, "properties": properties}
    return {"id": f"{who}-{name}-{at}", **told} | ({"token": token} if token else {})


async def test_items_of_a_campaign_were_shown_with_its_token_or_by_naming_it(shop: Shop) -> None:
    made = await shop.campaign(control=0)
    await shop.campaign("other", control=0, rules=[rule("All", "B")])
    experience = made["body"]["rules"][0]["experiences"][0]["id"]
    asked = {"visitor": {"id": "ada"}, "campaigns": ["hero", "other"]}
    tokens = {one["campaign"]: one["token"] for one in (await shop.decide(asked)).json()["decisions"]}
    mug: dict[str, Any] = {"items": ["mug"]}
    await shop.bring(
        [],
        [
            event("ada", "impression", 1, token=tokens["hero"], **mug),
            event("ada", "click", 2, token=tokens["hero"], **mug),
            event("ada", "impression", 3, token=tokens["other"], **mug, campaign="hero"),
            event("bob", "impression", 4, **mug, campaign="hero"),
            event("eve", "impression", 5, **mug, experience=experience),
            event("joe", "impression", 6, **mug),
            event("eve", "order", 7, items=[{"item": "mug", "price": 3}]),
            event("joe", "order", 8, items=[{"item": "mug", "price": 3}]),
        ],
    )

    async def counted(**view: Any) -> tuple[int, int, int]:
        answer = await shop.ask("GET", f"{BASE}/results/items", params=view)
        (one,) = answer.json()["items"]
        return one["shown"], one["clicked"], one["bought"]

    assert await counted() == (5, 1, 2)
    # a token says more than a name beside it; who bought was shown it as part of the campaign
    assert await counted(campaign="hero") == (3, 1, 1)
    assert await counted(campaign="other") == (1, 0, 0)
    assert await shop.refused("results/items", campaign="nope") == (400, "campaign")
