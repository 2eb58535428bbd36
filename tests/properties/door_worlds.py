"""Random campaigns and visitors that every door can be asked about in its own words."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AGENTS = {"mobile": f"{PHONE} Mobile/15E148 Safari/604.1", "desktop": DESKTOP}
#: asked for beside the campaigns that exist
NOBODYS = "no-such-campaign"
BROKEN = "broken"
ITEMS: list[dict[str, Any]] = [
    {"id": f"p-{n}", "attributes": {"title": f"Mug {n}", "price": n + 0.5}} for n in range(3)
]
AUDIENCES = [
    {"name": "Gold", "key": "gold", "condition": {"plan": "gold"}},
    {"name": "Letter", "key": "letter", "type": "list"},
]
GOAL = {"name": "Orders", "key": "orders", "event": "order"}


class Person(msgspec.Struct, frozen=True):
    """A visitor, as much of them as every door can tell."""

    number: int
    id: str | None
    anonymous_id: str | None
    #: only anonymous visitors have one, since a server that speaks Salesforce's protocol cannot tell it
    device: str | None
    attributes: dict[str, Any]
    orders: int

    @property
    def visitor(self) -> dict[str, str]:
        told = {"id": self.id, "anonymous_id": self.anonymous_id}
        return {name: value for name, value in told.items() if value is not None}

    @property
    def seen_under(self) -> dict[str, str]:
        """The ids under which this person was known before: of two ids sometimes the one, sometimes the other."""
        first = dict([*self.visitor.items()][self.number % len(self.visitor) :][:1])
        return first if self.attributes or self.orders else {}

    @property
    def address(self) -> str:
        """How our own API finds the person."""
        return self.id or self.anonymous_id or ""


def people(chance: Random, count: int) -> list[Person]:
    return [_person(chance, number) for number in range(count)]


def _person(chance: Random, number: int) -> Person:
    kind = chance.choice(("known", "known", "anonymous", "both"))
    told: dict[str, Any] = {
        "plan": chance.choice(("gold", "silver", "tin", None)),
        "age": chance.choice((17, 34, 61, None)),
        "name": chance.choice(("Ada", "Zoë", None, None)),
    }
    return Person(
        number=number,
        id=None if kind == "anonymous" else f"user-{number}@example.org",
        anonymous_id=None if kind == "known" else f"d{number:015x}",
        device=chance.choice(("mobile", "desktop", None)) if kind == "anonymous" else None,
        attributes={name: value for name, value in told.items() if value is not None},
        orders=chance.choice((0, 0, 1, 3)),
    )


# -- campaigns ---------------------------------------------------------------------------------------------------------


def campaigns(chance: Random, everybody: list[Person]) -> list[tuple[dict[str, Any], str]]:
    """Twenty campaigns, each with the verb that comes after its start; some things happen in each world, the rest is
    drawn."""
    ends = ["pause", "archive", "test", "draft", *[""] * 15]
    made = []
    for number, verb in enumerate(ends):
        body = _campaign(chance, number)
        if verb == "test":
            body["test_users"] = [person.address for person in chance.sample(everybody, len(everybody) // 3)]
        made.append((body, verb))
    chance.shuffle(made)
    whole = {"name": "One", "content": {"body": "shown"}}
    everyone = {"audience": "everyone", "experiences": [whole]}
    return [*made, ({"name": BROKEN, "key": BROKEN, "goals": _GOALS, "rules": [everyone]}, "")]


_GOALS = [{"goal": "orders", "role": "primary"}]


def _campaign(chance: Random, number: int) -> dict[str, Any]:
    web = chance.random() < 0.3
    body = {
        "name": f"Campaign {number}",
        "key": f"c{number:02}",
        "kind": chance.choice(("personalization", "experiment")),
        "channel": "web" if web else "server",
        "groups": chance.choice(([], ["home"], ["home", "cart"])),
        "control": chance.choice((0, 5, 12.5, 50)),
        "audience": chance.choice((None, None, None, {"age": {"$gt": 18}})),
        "schedule": chance.choice((None, None, None, *SCHEDULES)),
        "priority": chance.randint(0, 2),
        "expose": chance.choice((None, None, "decision")),
        "goals": _GOALS,
        "rules": [_rule(chance, f"{number}.{index}", web=web) for index in range(chance.randint(1, 3))],
    }
    if chance.random() < 0.4:  # of one channel, as only one of them is told devices by everybody
        body["exclusion_set"] = "front" if web else "back"
    return body


#: the clock of the test begins at noon on Monday 2026-03-02
SCHEDULES = (
    {"hours": [["12:00", "13:00"]]},
    {"weekdays": [1, 2]},
    {"start": "2026-03-02T13:30:00Z"},
    {"end": "2026-03-02"},
)


def _rule(chance: Random, place: str, *, web: bool) -> dict[str, Any]:
    shares = chance.choice(((1,), (1, 1), (3, 1), (1, 0, 1)))
    return {
        "name": f"Rule {place}",
        "audience": _audience(chance),
        "devices": chance.choice(([], ["mobile"], ["desktop", "tablet"])) if web else [],
        "schedule": chance.choice((None, None, None, None, *SCHEDULES)),
        "cap": chance.choice(("always", "always", "once", "visit")),
        "experiences": [
            {
                "name": f"{place} {'ABC'[index]}",
                "weight": share,
                "paused": index > 0 and chance.random() < 0.2,
                "content": _content(chance, f"{place}.{index}", number=len(place) + index),
            }
            for index, share in enumerate(shares)
        ],
    }


def _audience(chance: Random) -> Any:
    plan = chance.choice(("gold", "silver"))
    return chance.choice(
        (
            *["everyone"] * 5,
            {"plan": plan},
            {"$not": {"plan": {"$in": [plan, "tin"]}}},
            {"$or": [{"age": {"$lt": 30}}, {"$audience": "gold"}]},
            {"$audience": "letter"},
            {"$event": {"name": "order", "within": {"days": 30}, "count": {"$gte": chance.choice((1, 2))}}},
            {"@weekday": "monday", "name": {"$exists": True}},
        )
    )


def _content(chance: Random, mark: str, number: int) -> dict[str, Any]:
    """One of every kind of content; the mark tells experiences apart."""
    text, hello = f"Tea {mark}", f"Hello {{{{ attribute.name }}}}, {mark}"
    rows = [
        {"name": "headline", "value": f"{{{{ attribute.name | default: 'you' }}}} {mark}"},
        {"name": "discount", "type": "number", "value": number},
        {"name": "share", "type": "number", "value": number + 0.5},
    ]
    items = [{"name": "products", "type": "items", "value": "$items"}]
    return chance.choice(
        (
            {"body": text},
            {"body": number},
            {"body": float(number)},
            {"body": chance.random() < 0.5},
            {"body": [text, number, None]},
            {"body": {"title": text, "whole": number, "share": float(number), "on": True, "in": {"a": [1.0, None]}}},
            {"body": {"title": hello}},
            {"body": {"title": hello}},
            {"body": {"mark": mark, "age": "{{ attribute.age }}"}, "on_missing": "empty"},
            {"messages": [{"target": "hero", "rows": rows}]},
            {
                "messages": [
                    {"target": "hero", "rows": rows},
                    {"target": "bar", "rows": [{"name": "t", "value": hello}]},
                ]
            },
            {"messages": [{"target": "hero", "rows": [*rows, *items], "items": ["p-1", "p-2"]}]},
            {"messages": [{"target": "hero", "rows": items, "items": ["p-2", "p-0"], "ids_only": True}]},
        )
    )
