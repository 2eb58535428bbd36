"""What one event of Salesforce's Event API becomes: events of ours, attributes, the cart, and catalogue items.

The action is one event; so is each item that the item action is about, each order, each line of an order, and each
statistic. The cart is kept as the attribute ``cart``, since an order without lines is an order of what is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from tailorbird.domain.definitions import Item
from tailorbird.domain.errors import Invalid
from tailorbird.domain.facts import ATTRIBUTES
from tailorbird.domain.visitor import Visitor
from tailorbird.engine.calls import EventInput
from tailorbird.web.facades import salesforce_request as request
from tailorbird.web.facades.salesforce_request import Event, LineItem, Order, Source
from tailorbird.web.facades.told import identity

PURCHASE, LINE = "Purchase", "Line Item"
#: what item actions do to a line of the cart
ADD, UPDATE, REMOVE = "Add To Cart", "Update Line Item", "Remove From Cart"
CART = "cart"
MAX_LINES = 100
#: members of catalogue objects that are ids
_IDS = ("_id", "id")

#: type of item → lines of the cart
Lines = dict[str, list[dict[str, Any]]]
#: an event's name, its properties, its own id where it has one, the token that it answers
Fact = tuple[str, dict[str, Any], str | None, str | None]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event with all that is known around it."""

    event: Event
    visitor: Visitor
    #: id of the whole event, which those of its parts begin with
    id: str
    #: what is said of the visitor is believed
    believed: bool
    #: the cart as it was
    cart: Lines
    #: of each statistic
    tokens: tuple[str | None, ...] = ()


def inputs(told: Told) -> list[EventInput | Invalid]:
    """Everything to record, the first with the attributes."""
    event, source = told.event, told.event.source or Source()
    found: list[EventInput | Invalid] = []
    attributes = facts_of(told) if told.believed else {}
    time = time_of(event)
    facts = [*_facts(told)]
    if attributes and (not facts or facts[0][2] is not None):  # an order's own id says nothing of what is newer
        facts.insert(0, (ATTRIBUTES, {}, None, None))
    for index, (name, properties, own_id, token) in enumerate(facts):
        found.append(
            EventInput(
                name=name,
                visitor=told.visitor,
                id=own_id or (f"{told.id}-{index}" if index else told.id),
                time=time,
                properties=properties,
                attributes=attributes if index == 0 else {},
                token=token,
                channel=(source.channel or "").strip()[:100],
            )
        )
    return [*found, *_odd_stats(event)]


def time_of(event: Event) -> int | None:
    """When it happened, in UTC milliseconds; None where that is not told, or is no time at all."""
    time = event.source.time if event.source is not None else None
    return int(time) if time is not None and abs(time) < 1e15 else None


def facts_of(told: Told) -> dict[str, Any]:
    """What is said of the visitor: attributes, identities, the account, the cart."""
    event = told.event
    facts: dict[str, Any] = {}
    if event.user is not None:
        facts |= event.user.attributes or {}
        if event.user.identities:
            facts["identities"] = event.user.identities
    if event.account is not None:
        account = {"id": _text(event.account.id), "domain": event.account.domain, **(event.account.attributes or {})}
        facts["account"] = {name: value for name, value in account.items() if value is not None}
    cart = cart_after(told)
    if cart is not None:
        facts[CART] = cart or None
    return facts


# -- events ------------------------------------------------------------------------------------------------------------


def _facts(told: Told) -> Iterator[Fact]:
    event = told.event
    of_items = [*_orders(told)] if event.order else [*_items(event)]
    name = request.action(event)
    if name is None and event.item_action and not of_items:
        name = event.item_action
    if name is not None and not any(fact[0] == name for fact in of_items):
        yield name, _properties(event), None, None
    yield from of_items
    for stat, token in zip(event.campaign_stats or (), told.tokens, strict=True):
        known = request.STATS.get(stat.stat.strip().lower())
        if known is not None:
            yield known, _stat(stat), None, token


def _properties(event: Event) -> dict[str, Any]:
    source, flags = event.source or Source(), event.flags
    facts = {
        "itemAction": event.item_action,
        "application": source.application,
        "pageType": source.page_type,
        "url": source.url,
        "referrer": source.url_referrer,
        "pageView": (flags is not None and flags.page_view) or None,
        "nonInteractive": (flags is not None and flags.non_interactive) or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _items(event: Event) -> Iterator[Fact]:
    """One event per line or object that the item action is about."""
    name = event.item_action
    if not name:
        return
    lines = (event.cart.single_line or {}) if event.cart is not None else {}
    for kind, line in lines.items():
        yield name, {"type": kind, **_line(line)}, None, None
    if lines:
        return
    for kind, thing in objects(event):
        yield name, {"type": kind, "item": object_id(thing)}, None, None


def _orders(told: Told) -> Iterator[Fact]:
    """One event per order, and one per line of it."""
    event = told.event
    name = event.item_action or PURCHASE
    for kind, order in (event.order or {}).items():
        lines = _lines(order, kind, told.cart)
        order_id = identity(order.order_id, f"order.{kind}.orderId", 150)
        value = order.total_value
        if value is None:
            value = sum((line.get("price") or 0) * line.get("quantity", 1) for line in lines) or None
        told_of = {
            "type": kind,
            "orderId": order_id,
            "value": value,
            "currency": order.currency,
            "items": lines or None,
        }
        properties = {member: held for member, held in told_of.items() if held is not None}
        own_id = None if order_id is None else f"{name[:40]}:{kind[:40]}:{order_id}"
        yield name, properties, own_id, None
        for place, line in enumerate(lines):
            shared = {"type": kind, "orderId": order_id} if order_id is not None else {"type": kind}
            yield LINE, {**shared, **line}, None if own_id is None else f"{own_id}:{place}", None


def _lines(order: Order, kind: str, cart: Lines) -> list[dict[str, Any]]:
    return cart.get(kind, []) if order.line_items is None else [_line(line) for line in order.line_items]


def _line(line: LineItem) -> dict[str, Any]:
    item = _text(line.id)
    if item is None:
        raise Invalid.field("_id", "the id of an item", line.id)
    told = {"item": item, "price": line.price, "quantity": line.quantity, "sku": line.sku}
    return {name: value for name, value in told.items() if value is not None}


def _stat(stat: request.Stat) -> dict[str, Any]:
    report = stat.report
    told = {"experience": report.experience, "control": report.control, "items": stat.catalog or None}
    return {name: value for name, value in told.items() if value is not None}


def _odd_stats(event: Event) -> Iterator[Invalid]:
    for index, stat in enumerate(event.campaign_stats or ()):
        if stat.stat.strip().lower() not in request.STATS:
            expected = "Impression, Click, Clickthrough or Dismissal"
            yield Invalid.field(f"campaignStats[{index}].stat", expected, stat.stat[:100])


# -- the cart ----------------------------------------------------------------------------------------------------------


def cart_of(attributes: dict[str, Any]) -> Lines:
    """The cart as it is kept; whatever else stands there is no cart."""
    cart = attributes.get(CART)
    kept = cart.items() if isinstance(cart, dict) else ()
    return {kind: [line for line in lines if isinstance(line, dict)] for kind, lines in kept if isinstance(lines, list)}


def touches_cart(event: Event) -> bool:
    """Whether the cart must be known to understand the event."""
    return bool(event.order) or (event.cart is not None and bool(event.cart.single_line))


def cart_after(told: Told) -> Lines | None:
    """The cart after the event; None where the event leaves it as it was."""
    event = told.event
    if event.order:
        return {kind: lines for kind, lines in told.cart.items() if kind not in event.order}
    if event.cart is None or not (event.cart.single_line or event.cart.complete):
        return None
    if event.cart.complete is not None:
        return {
            kind: [_line(line) for line in lines][:MAX_LINES] for kind, lines in event.cart.complete.items() if lines
        }
    cart = dict(told.cart)
    for kind, line in (event.cart.single_line or {}).items():
        cart[kind] = _changed(cart.get(kind, []), _line(line), event.item_action)
    return {kind: lines for kind, lines in cart.items() if lines}


def _changed(lines: Iterable[dict[str, Any]], line: dict[str, Any], action: str | None) -> list[dict[str, Any]]:
    same = [held for held in lines if (held.get("item"), held.get("sku")) == (line["item"], line.get("sku"))]
    rest = [held for held in lines if held not in same]
    if action == REMOVE:
        return rest
    if action == ADD and same:
        line = {**same[0], **line, "quantity": _quantity(same[0]) + _quantity(line)}
    return [*rest, line][-MAX_LINES:]


def _quantity(line: dict[str, Any]) -> float:
    told = line.get("quantity", 1)
    return told if isinstance(told, int | float) else 1


# -- the catalogue -----------------------------------------------------------------------------------------------------


def objects(event: Event) -> Iterator[tuple[str, dict[str, Any]]]:
    """(type, object) of every catalogue object that has an id."""
    for kind, told in (event.catalog or {}).items():
        for thing in (told,) if isinstance(told, dict) else told:
            if object_id(thing):
                yield kind, thing


def object_id(thing: dict[str, Any]) -> str:
    """The id of a catalogue object; empty where it has none."""
    found = thing.get("_id", thing.get("id"))
    return _text(found) or "" if isinstance(found, str | int) and not isinstance(found, bool) else ""


def items(event: Event) -> Iterator[Item]:
    """What the event tells of catalogue objects; of those that are only named, nothing."""
    for kind, thing in objects(event):
        told = {name: _plain(name, value) for name, value in thing.items() if name not in _IDS}
        if told:
            yield Item(id=object_id(thing), type=kind, attributes=told)


def _plain(name: str, value: Any) -> Any:
    """Categories are kept as their ids, everything else as it is."""
    if name == "categories" and isinstance(value, list):
        return [object_id(one) if isinstance(one, dict) else one for one in value]
    return value


def _text(value: str | int | None) -> str | None:
    return identity(value, "_id") if value is not None else None
