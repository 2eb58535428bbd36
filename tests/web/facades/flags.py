"""What is asked for at the OpenFeature door."""

from __future__ import annotations

from typing import Any

from tests.web.conftest import Site
from tests.web.facades import campaigns

BULK, TRACK, STREAM = "/ofrep/v1/evaluate/flags", "/ofrep/v1/track", "/ofrep/v1/stream"
SHOP = "https://shop.example"


async def orders(site: Site) -> None:
    await site.ask("POST", f"{campaigns.home(site)}/goals", json={"name": "Orders", "key": "orders", "event": "order"})


async def flags(site: Site, context: Any, **headers: str) -> Any:
    return await site.ask("POST", BULK, json={"context": context}, headers=headers)
