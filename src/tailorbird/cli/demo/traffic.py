"""Two campaigns with traffic, so that there are results to look at: one that has ended, and one that runs.

Who came and when is real: the page after each customer's first order within the campaign's days is their visit. Which
arm they are in is what the server draws. What they did with what they were shown is **simulated**, by fixed rates and a
hash of the customer, and says so in every name and in the property ``simulated`` of every such event. The customers'
own later orders are real, and no campaign changed them: their lift is what chance alone makes of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tailorbird.cli.demo import definitions, retail
from tailorbird.cli.demo.client import Client
from tailorbird.cli.demo.load import Advance

_BASE = f"/v1/projects/{definitions.PROJECT_KEY}"
_BATCH = 500
SIMULATED = "Responses are simulated"


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign, when it was seen, and how people respond to its arms."""

    campaign: dict[str, Any]
    goal: dict[str, Any]
    #: days before now
    first_day: int
    last_day: int
    #: arm → share of its people who do what the goal asks for
    rates: dict[str, float]
    ended: bool


def _goal(key: str, name: str, event: str) -> dict[str, Any]:
    return {"key": key, "name": f"{name} (simulated)", "event": event, "description": f"{SIMULATED}."}


def _campaign(key: str, name: str, goal: str, arms: dict[str, str], control: int) -> dict[str, Any]:
    return {
        "key": key,
        "name": f"{name} (responses simulated)",
        "kind": "experiment",
        "control": control,
        "goals": [{"goal": goal, "role": "primary"}, {"goal": "revenue", "role": "secondary"}],
        "rules": [
            {
                "name": "Everybody",
                "audience": "everyone",
                "experiences": [{"name": arm, "content": {"body": {"text": text}}} for arm, text in arms.items()],
            }
        ],
    }


ENDED = Traffic(
    goal=_goal("newsletter-signup", "Newsletter sign-up", "newsletter-signup"),
    campaign=_campaign(
        "newsletter-form",
        "Newsletter form",
        "newsletter-signup",
        {"Short form": "Your address, and no more.", "Long form": "Tell us what you like, and get only that."},
        20,
    ),
    first_day=220,
    last_day=60,
    rates={"control": 0.10, "Short form": 0.20, "Long form": 0.11},
    ended=True,
)
RUNNING = Traffic(
    goal=_goal("gift-note-added", "Gift note added", "gift-note-added"),
    campaign=_campaign(
        "gift-note", "Gift note", "gift-note-added", {"Offered": "Add a note to your gift, written by hand."}, 50
    ),
    first_day=30,
    last_day=0,
    rates={"control": 0.12, "Offered": 0.15},
    ended=False,
)
ALL = (ENDED, RUNNING)


def replay(client: Client, shop: retail.Shop, days: int, now: datetime, advance: Advance) -> int:
    """Publish both and bring their traffic; returns how many people came. What is there already stays."""
    held = {one["key"] for one in client.get(f"{_BASE}/campaigns")["items"]}
    people = 0
    for traffic in ALL:
        if traffic.campaign["key"] not in held:
            people += _replay(client, traffic, _visits(shop, days, now, traffic), advance)
    return people


def expected(shop: retail.Shop, days: int, now: datetime) -> int:
    """How many people come in all."""
    return sum(len(_visits(shop, days, now, traffic)) for traffic in ALL)


def _replay(client: Client, traffic: Traffic, visits: dict[str, datetime], advance: Advance) -> int:
    goals = {one["key"] for one in client.get(f"{_BASE}/goals")["items"]}
    if traffic.goal["key"] not in goals:
        client.post(f"{_BASE}/goals", traffic.goal)
    key = traffic.campaign["key"]
    client.post(f"{_BASE}/campaigns", traffic.campaign)
    client.post(f"{_BASE}/campaigns/{key}/start")
    names = [*visits]
    for start in range(0, len(names), _BATCH):
        part = names[start : start + _BATCH]
        arms = {customer: _arm(client, key, customer) for customer in part}
        exposures = [_exposure(key, customer, arms[customer], visits[customer]) for customer in part]
        client.post("/v1/exposures:import", {"exposures": exposures})
        events = [event for c in part for event in _responses(traffic, c, arms[c], visits[c])]
        for first in range(0, len(events), _BATCH):
            client.post("/v1/events", {"events": events[first : first + _BATCH]})
        advance(len(part))
    if traffic.ended:
        client.post(f"{_BASE}/campaigns/{key}/archive")
    return len(names)


def _visits(shop: retail.Shop, days: int, now: datetime, traffic: Traffic) -> dict[str, datetime]:
    """Customer → the minute after their first order within the campaign's days."""
    begin, end = now - timedelta(days=traffic.first_day), now - timedelta(days=traffic.last_day, hours=3)
    found: dict[str, datetime] = {}
    for order in shop.orders:
        at = retail.shifted(order.at, days)
        if begin <= at < end:
            found.setdefault(order.customer, at + timedelta(minutes=1))
    return found


def _arm(client: Client, key: str, customer: str) -> str:
    """What the server draws for them, without counting it: they came long ago."""
    body = {"visitor": {"id": customer}, "campaigns": [key], "expose": "report"}
    (decision,) = client.post("/v1/decide", body)["decisions"]
    return str(decision["experience"] or "control")


def _exposure(key: str, customer: str, arm: str, at: datetime) -> dict[str, Any]:
    facts = {"device": "mobile" if _share(customer, "device") < 0.4 else "desktop", "simulated": True}
    return {
        "visitor": {"id": customer},
        "campaign": key,
        "experience": arm,
        "time": at.isoformat(),
        "facts": facts,
    }


def _responses(traffic: Traffic, customer: str, arm: str, at: datetime) -> Iterator[dict[str, Any]]:
    """What they were shown, whether they clicked, and whether they did what the goal asks for."""
    key = traffic.campaign["key"]

    def event(name: str, minutes: float) -> dict[str, Any]:
        return {
            "id": f"{key}-{name}-{customer}",
            "name": name,
            "time": (at + timedelta(minutes=minutes)).isoformat(),
            "visitor": {"id": customer},
            "properties": {"campaign": key, "simulated": True},
        }

    does = _share(customer, key) < traffic.rates[arm]
    if arm != "control":
        yield event("impression", 0)
        if does or _share(customer, f"{key} click") < 0.08:
            yield event("click", 1)
    if does:
        yield event(traffic.goal["event"], 2 + 120 * _share(customer, f"{key} when"))


def _share(customer: str, purpose: str) -> float:
    """A number from 0 to 1 that is always the same for one customer and purpose."""
    digest = hashlib.sha256(f"{purpose}:{customer}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
