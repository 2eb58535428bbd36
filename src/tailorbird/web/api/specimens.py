"""The examples of the documentation. The tests send each of them, so they work as they stand."""

from __future__ import annotations

from typing import Any

from tailorbird.domain.campaign import Campaign
from tailorbird.domain.definitions import Audience, Goal, Template
from tailorbird.web.api.operation import Resource

_BANNER: dict[str, Any] = {
    "headline": "Welcome back, {{ attribute.first_name | default: 'friend' }}",
    "image": "/hero.webp",
}


def _campaign(name: str, key: str, weights: tuple[float, float] = (1, 1)) -> dict[str, Any]:
    texts = ("Free delivery on your next order", "10 % off your next order")
    return {
        "name": name,
        "key": key,
        "kind": "experiment",
        "groups": ["home"],
        "control": 10,
        "goals": [{"goal": "orders", "role": "primary"}],
        "rules": [
            {
                "name": "Gold customers",
                "audience": {"plan": "gold"},
                "experiences": [
                    {"name": name, "weight": weight, "content": {"body": {"headline": text}}}
                    for name, weight, text in zip(("Delivery", "Discount"), weights, texts, strict=True)
                ],
            }
        ],
    }


CAMPAIGN = Resource(
    kind="campaign",
    plural="campaigns",
    body=Campaign,
    key="home-hero",
    new=_campaign("Spring offer", "spring-offer"),
    changed=_campaign("Home hero", "home-hero", (3, 1)),
)
AUDIENCE = Resource(
    kind="audience",
    plural="audiences",
    body=Audience,
    key="gold",
    new={
        "name": "Lapsed",
        "key": "lapsed",
        "condition": {"$event": {"name": "order", "within": {"days": 90}, "count": 0}},
    },
    changed={"name": "Gold", "key": "gold", "condition": {"plan": {"$in": ["gold", "platinum"]}}},
)
TEMPLATE = Resource(
    kind="template",
    plural="templates",
    body=Template,
    key="banner",
    new={"name": "Teaser", "key": "teaser", "content": {"body": _BANNER}},
    changed={
        "name": "Banner",
        "key": "banner",
        "content": {"body": {"headline": "Welcome back"}, "on_missing": "empty"},
    },
)
GOAL = Resource(
    kind="goal",
    plural="goals",
    body=Goal,
    key="orders",
    new={
        "name": "Revenue",
        "key": "revenue",
        "event": "order",
        "aggregate": "sum",
        "property": "total",
        "currency": "GBP",
    },
    changed={"name": "Orders", "key": "orders", "event": "order", "where": {"total": {"$gt": 0}}},
)

ALL = (CAMPAIGN, AUDIENCE, TEMPLATE, GOAL)

#: what the examples take for granted, in the order in which it is created
GIVEN: tuple[tuple[Resource, dict[str, Any]], ...] = (
    (GOAL, {"name": "Orders", "key": "orders", "event": "order"}),
    (GOAL, {"name": "To delete", "key": "to-delete", "event": "visit"}),
    (AUDIENCE, {"name": "Gold", "key": "gold", "condition": {"plan": "gold"}}),
    (AUDIENCE, {"name": "To delete", "key": "to-delete", "condition": {"plan": "silver"}}),
    (AUDIENCE, {"name": "Newsletter", "key": "newsletter", "type": "list"}),
    (TEMPLATE, {"name": "Banner", "key": "banner", "content": {"body": _BANNER}}),
    (TEMPLATE, {"name": "To delete", "key": "to-delete", "content": {"body": "Hello"}}),
    (CAMPAIGN, _campaign("Home hero", "home-hero")),
    (CAMPAIGN, _campaign("Checkout upsell", "checkout-upsell")),
    (CAMPAIGN, _campaign("To delete", "to-delete")),
    (CAMPAIGN, _campaign("Resting", "resting")),
)
#: campaigns of ``GIVEN`` that run
RUNNING = ("home-hero",)

DECIDE: dict[str, Any] = {
    "visitor": {"id": "anna@example.org", "anonymous_id": "device-1"},
    "campaigns": ["home-hero"],
    "context": {
        "attributes": {"plan": "gold", "first_name": "Anna"},
        "session_id": "session-1",
        "url": "https://shop.example/?utm_source=mail",
        "ip": "192.0.2.7",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
        "locale": "en-GB",
    },
    "explain": True,
}
EVENTS: dict[str, Any] = {
    "events": [
        {
            "id": "order-1001",
            "name": "order",
            "visitor": {"id": "anna@example.org"},
            "session_id": "session-1",
            "properties": {"total": 42.5, "currency": "GBP"},
            "attributes": {"first_name": "Anna"},
        }
    ]
}
