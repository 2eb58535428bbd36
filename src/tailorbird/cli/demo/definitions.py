"""What the demo publishes: a shop's audiences, one saved template, goals, and three campaigns that use them."""

from __future__ import annotations

from typing import Any

PROJECT_KEY, PROJECT_NAME = "demo", "Demo shop"

SETTINGS: dict[str, Any] = {"time_zone": "Europe/London"}

AUDIENCES: tuple[dict[str, Any], ...] = (
    {
        "key": "high-spenders",
        "name": "High spenders of the last 90 days",
        "description": "Orders of at least 1,000 pounds together within 90 days.",
        "condition": {
            "$event": {"name": "order", "within": {"days": 90}, "sum": {"of": "amount", "is": {"$gte": 1000}}}
        },
    },
    {
        "key": "lapsed-buyers",
        "name": "Lapsed buyers",
        "description": "Ordered at least twice, but not within the last 180 days.",
        "condition": {
            "$and": [
                {"$event": {"name": "order", "count": {"$gte": 2}}},
                {"$event": {"name": "order", "within": {"days": 180}, "count": 0}},
            ]
        },
    },
    {
        "key": "newcomers",
        "name": "Newcomers",
        "description": "First seen within the last 30 days, and ordered.",
        "condition": {"@days_since_first_seen": {"$lte": 30}, "$event": {"name": "order"}},
    },
)

TEMPLATES: tuple[dict[str, Any], ...] = (
    {
        "key": "free-delivery",
        "name": "Free delivery banner",
        "content": {
            "body": {
                "headline": "Free delivery to {{ attribute.country | default: 'your door' }}",
                "text": "On your next order, whatever it weighs.",
                "code": "POSTFREE",
            }
        },
    },
)

GOALS: tuple[dict[str, Any], ...] = (
    {"key": "order", "name": "Ordered", "event": "order", "aggregate": "occurrence", "global": True},
    {
        "key": "revenue",
        "name": "Revenue",
        "event": "order",
        "aggregate": "sum",
        "property": "amount",
        "currency": "GBP",
    },
)

_GOALS = [{"goal": "order", "role": "primary"}, {"goal": "revenue", "role": "secondary"}]

#: rules by audience, tried in order
_HERO: dict[str, Any] = {
    "key": "home-hero",
    "name": "Home page hero",
    "groups": ["home"],
    "control": 5,
    "goals": _GOALS,
    "rules": [
        {
            "name": "High spenders",
            "audience": {"$audience": "high-spenders"},
            "experiences": [
                {
                    "name": "Personal buyer",
                    "content": {
                        "body": {
                            "headline": "Thank you for {{ event.order.count }} orders",
                            "text": "Your own buyer answers within the hour: buyers@shop.example",
                            "link": "/account/buyer",
                        }
                    },
                }
            ],
        },
        {
            "name": "Lapsed buyers",
            "audience": {"$audience": "lapsed-buyers"},
            "experiences": [
                {
                    "name": "We missed you",
                    "content": {
                        "body": {
                            "headline": "New since {{ event.order.last_at | date: '%B' }}",
                            "text": "You ordered last on {{ event.order.last_at | date: '%-d %B %Y' }}: see what came.",
                            "link": "/all",
                        }
                    },
                }
            ],
        },
        {
            "name": "Newcomers",
            "audience": {"$audience": "newcomers"},
            "experiences": [
                {
                    "name": "Welcome",
                    "content": {
                        "body": {
                            "headline": "Welcome to the shop",
                            "text": "We pack by hand, ship to {{ attribute.country | default: 'you' }}.",
                            "link": "/welcome",
                        }
                    },
                }
            ],
        },
        {
            "name": "Everybody else",
            "audience": "everyone",
            "experiences": [
                {
                    "name": "Season",
                    "content": {"body": {"headline": "Made for giving", "text": "4,006 small things.", "link": "/all"}},
                }
            ],
        },
    ],
}

#: an A/B split; one arm's content comes from the saved template
_OFFER: dict[str, Any] = {
    "key": "basket-offer",
    "name": "Basket offer",
    "kind": "experiment",
    "groups": ["basket"],
    "control": 5,
    "goals": _GOALS,
    "rules": [
        {
            "name": "All but high spenders",
            "audience": {"$audience": {"$nin": ["high-spenders"]}},
            "experiences": [
                {"name": "Free delivery", "weight": 50, "template": {"template": "free-delivery"}},
                {
                    "name": "Five percent",
                    "weight": 50,
                    "content": {
                        "body": {
                            "headline": "5 % off your next order",
                            "text": "Taken off in the basket, whatever you choose.",
                            "code": "FIVE",
                        }
                    },
                },
            ],
        }
    ],
}

#: content with catalogue items: a fixed one for newcomers, for others the one that they bought last
_AGAIN: dict[str, Any] = {
    "key": "buy-again",
    "name": "Buy again",
    "groups": ["home"],
    "control": 5,
    "goals": _GOALS,
    "rules": [
        {
            "name": "Newcomers",
            "audience": {"$audience": "newcomers"},
            "experiences": [
                {
                    "name": "What others love",
                    "content": {
                        "messages": [
                            {
                                "target": "shelf",
                                "items": ["85123A"],
                                "rows": [
                                    {"name": "title", "value": "What others love"},
                                    {"name": "products", "type": "items", "value": "$items"},
                                ],
                            }
                        ]
                    },
                }
            ],
        },
        {
            "name": "Ordered before",
            "audience": {"$event": {"name": "order"}},
            "experiences": [
                {
                    "name": "Bought last",
                    "content": {
                        "messages": [
                            {
                                "target": "shelf",
                                "rows": [
                                    {
                                        "name": "title",
                                        "value": "Again? {{ catalogue[event.order.last.product].name | capitalize }}",
                                    },
                                    {
                                        "name": "price",
                                        "type": "number",
                                        "value": "{{ catalogue[event.order.last.product].price }}",
                                    },
                                    {"name": "products", "type": "items", "value": "{{ event.order.last.product }}"},
                                ],
                            }
                        ]
                    },
                }
            ],
        },
    ],
}

#: audience → the hero's experience for it
HERO_OF = {"high-spenders": "Personal buyer", "lapsed-buyers": "We missed you", "newcomers": "Welcome"}

CAMPAIGNS: tuple[dict[str, Any], ...] = (_HERO, _OFFER, _AGAIN)
#: in the order in which they are asked for
CAMPAIGN_KEYS = tuple(campaign["key"] for campaign in CAMPAIGNS)
