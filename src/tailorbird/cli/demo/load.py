"""Puts the shop into a running server, through the same HTTP calls that everybody's backend makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from tailorbird.cli.demo import definitions, retail
from tailorbird.cli.demo.client import Client
from tailorbird.cli.errors import Failed

T = TypeVar("T")
Advance = Callable[[int], None]

BATCH = 500
_BASE = f"/v1/projects/{definitions.PROJECT_KEY}"
_PAGE = 1_000
#: what a customer who is shown gets; no control group, and nothing that went wrong
_REGULAR = frozenset(("TARGETING_MATCH", "SPLIT", "DEFAULT"))


def load_items(client: Client, shop: retail.Shop, advance: Advance) -> None:
    """The products as catalogue items."""
    for part in _parts(retail.items(shop), _PAGE):
        client.post(f"{_BASE}/items", {"items": part})
        advance(len(part))


def load_orders(client: Client, shop: retail.Shop, days: int, advance: Advance) -> int:
    """The orders as events; returns how many of them were there already. ``Failed`` when one is refused."""
    duplicates = 0
    for part in _parts(retail.events(shop, days), BATCH):
        told = client.post("/v1/events", {"events": part})
        if told["rejected"]:
            first = told["rejected"][0]
            raise Failed(f"Order {part[first['index']]['id']} was refused: {first['field']}: {first['error']}")
        duplicates += told["duplicates"]
        advance(told["accepted"] + told["duplicates"])
    return duplicates


def publish(client: Client) -> None:
    """Everything that the demo publishes. What is there already stays as somebody may have changed it."""
    if client.get(f"{_BASE}/settings")["version"] == 0:
        client.put(f"{_BASE}/settings", definitions.SETTINGS, version=0)
    for plural, bodies in (
        ("audiences", definitions.AUDIENCES),
        ("templates", definitions.TEMPLATES),
        ("goals", definitions.GOALS),
        ("campaigns", definitions.CAMPAIGNS),
    ):
        held = {one["key"] for one in client.get(f"{_BASE}/{plural}")["items"]}
        for body in bodies:
            if body["key"] not in held:
                client.post(f"{_BASE}/{plural}", body)
    for campaign in client.get(f"{_BASE}/campaigns")["items"]:
        if campaign["key"] in definitions.CAMPAIGN_KEYS and campaign["body"].get("status", "draft") == "draft":
            client.post(f"{_BASE}/campaigns/{campaign['key']}/start")


def make_keys(client: Client) -> tuple[str, str]:
    """What the shop's backend and its pages call with: either may do only what it needs."""
    scopes = ["decide", "record"]
    backend = client.post(f"{_BASE}/keys", {"client": "shop", "scopes": scopes})
    page = client.post(f"{_BASE}/keys", {"client": "shop pages", "kind": "publishable", "scopes": scopes})
    return backend["secret"], page["secret"]


def allow_origins(client: Client, origins: list[str]) -> None:
    """Pages of these origins may call, and those of earlier starts no longer. Others that were allowed stay so."""
    held = client.get(f"{_BASE}/settings")
    before = held["body"].get("allowed_origins", [])
    others = [origin for origin in before if urlsplit(origin).hostname not in ("127.0.0.1", "localhost")]
    if before != others + origins:
        client.put(f"{_BASE}/settings", {**held["body"], "allowed_origins": others + origins}, version=held["version"])


def choose_customers(client: Client, shop: retail.Shop, days: int, now: datetime) -> dict[str, str]:
    """One real customer for each audience, who sees its hero and is in no control group; the arms of the split differ.

    Asks without exposing anybody: a decision counts when its token comes back, and these do not.
    """
    chosen: dict[str, str] = {}
    arms: set[str | None] = set()
    for audience, customers in retail.candidates(shop, days, now).items():
        usable = []
        for customer in customers:
            decisions = decide(client, customer, expose="report")
            hero = decisions["home-hero"]["experience"]
            if hero == definitions.HERO_OF[audience] and _REGULAR.issuperset(d["reason"] for d in decisions.values()):
                usable.append((customer, decisions["basket-offer"]["experience"]))
            if any(arm not in arms for _, arm in usable):
                break
        if not usable:
            raise Failed(f"None of the customers in the audience {audience} is shown what it is to be shown.")
        chosen[audience], arm = next((pair for pair in usable if pair[1] not in arms), usable[0])
        arms.add(arm)
    return chosen


def rule_names(client: Client) -> dict[str, list[str]]:
    """Campaign key → the names of its rules, in order."""
    held = client.get(f"{_BASE}/campaigns")["items"]
    return {one["key"]: [rule.get("name", "") for rule in one["body"].get("rules", ())] for one in held}


def decide(client: Client, customer: str, **more: Any) -> dict[str, dict[str, Any]]:
    """Campaign key → decision."""
    body = {"visitor": {"id": customer}, "campaigns": definitions.CAMPAIGN_KEYS, **more}
    return {decision["campaign"]: decision for decision in client.post("/v1/decide", body)["decisions"]}


def count_items(client: Client) -> int:
    """How many items the catalogue has."""
    count, after = 0, ""
    while True:
        page = client.get(f"{_BASE}/items?limit={_PAGE}&after={quote(after)}")
        count += len(page["items"])
        if page["next"] is None:
            return count
        after = page["next"]


def _parts(whole: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(whole)
    while part := list(islice(rest, size)):
        yield part
