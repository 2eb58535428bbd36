"""A year of a real shop: read from its files, shifted to end today, and put into the words of the API."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tailorbird.cli.errors import Failed

FILES = ("orders.csv.gz", "order_lines.csv.gz", "products.csv.gz")
#: the shop's clock
ZONE = ZoneInfo("Europe/London")
#: products of an order that its event names, those that cost most first
TOP = 3


class Product(msgspec.Struct, frozen=True):
    """One product of the shop."""

    id: str
    name: str
    price: float
    order_lines: int


class Order(msgspec.Struct, frozen=True):
    """One order, in the shop's local time."""

    id: str
    at: datetime
    customer: str
    country: str
    amount: float
    items: int
    #: ids, what cost most first
    products: tuple[str, ...]


class Shop(msgspec.Struct, frozen=True):
    """The whole year. Orders stand in the order of their time."""

    products: tuple[Product, ...]
    orders: tuple[Order, ...]

    @property
    def customers(self) -> dict[str, list[Order]]:
        """Every customer's orders, oldest first."""
        found: dict[str, list[Order]] = {}
        for order in self.orders:
            found.setdefault(order.customer, []).append(order)
        return found

    def days_until(self, today: date) -> int:
        """By how many days everything is shifted so that the last order is ``today``."""
        return (today - self.orders[-1].at.date()).days


def folder() -> Path:
    """Where the files are in a checkout of the repository."""
    return Path(__file__).parents[4] / "examples" / "retail"


def read(source: Path) -> Shop:
    """The shop in ``source``; ``Failed`` where its files are missing or broken."""
    missing = [name for name in FILES if not (source / name).is_file()]
    if missing:
        raise Failed(
            f"The demo's data is not here: {source} lacks {', '.join(missing)}."
            " It is part of the repository: run the demo from a clone (make demo)."
        )
    try:
        lines: dict[str, list[tuple[str, int, float]]] = {}
        for order_id, product, quantity, price in _rows(source / FILES[1]):
            lines.setdefault(order_id, []).append((product, int(quantity), float(price)))
        orders = [
            _order(order_id, at, customer, country, lines[order_id])
            for order_id, at, customer, country in _rows(source / FILES[0])
        ]
        products = tuple(
            Product(i, name, float(price), int(count)) for i, name, price, count in _rows(source / FILES[2])
        )
    except (ValueError, KeyError, EOFError, gzip.BadGzipFile) as error:
        raise Failed(f"The demo's data in {source} cannot be read: {error!r}.") from error
    return Shop(products, tuple(sorted(orders, key=lambda order: (order.at, order.id))))


def _rows(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows


def _order(id: str, at: str, customer: str, country: str, lines: list[tuple[str, int, float]]) -> Order:
    dearest = sorted(lines, key=lambda line: (-line[1] * line[2], line[0]))
    return Order(
        id=id,
        at=datetime.fromisoformat(at),
        customer=customer,
        country=country,
        amount=round(sum(quantity * price for _, quantity, price in lines), 2),
        items=sum(quantity for _, quantity, _ in lines),
        products=tuple(product for product, _, _ in dearest[:TOP]),
    )


def items(shop: Shop) -> list[dict[str, Any]]:
    """The products as catalogue items."""
    return [
        {
            "id": product.id,
            "type": "Product",
            "attributes": {
                "name": product.name,
                "price": product.price,
                "currency": "GBP",
                "orders": product.order_lines,
            },
        }
        for product in shop.products
    ]


def events(shop: Shop, days: int) -> Iterator[dict[str, Any]]:
    """The orders as events, shifted; what they tell of the customer comes with them."""
    seen: set[str] = set()
    for order in shop.orders:
        at = shifted(order.at, days)
        attributes = {"country": order.country}
        if order.customer not in seen:
            seen.add(order.customer)
            attributes["first_order"] = at.date().isoformat()
        yield {
            "id": order.id,
            "name": "order",
            "time": at.isoformat(),
            "visitor": {"id": order.customer},
            "properties": {
                "order_id": order.id,
                "amount": order.amount,
                "currency": "GBP",
                "items": order.items,
                "product": order.products[0],
                "products": list(order.products),
            },
            "attributes": attributes,
            "channel": "shop",
        }


def shifted(at: datetime, days: int) -> datetime:
    """A local time of the shop, that many days later and with its offset."""
    return (at + timedelta(days=days)).replace(tzinfo=ZONE)


def later_than(shop: Shop, days: int, now: datetime) -> int:
    """How many orders of the last day are still to come at ``now``."""
    moment = now.astimezone(UTC)
    return sum(shifted(order.at, days).astimezone(UTC) > moment for order in reversed(shop.orders))


def candidates(shop: Shop, days: int, now: datetime) -> dict[str, list[str]]:
    """For each of the demo's audiences, customers who clearly belong to it: the biggest first."""
    spenders: dict[str, float] = {}
    lapsed: dict[str, float] = {}
    newcomers: dict[str, float] = {}
    for customer, orders in shop.customers.items():
        ages = [(now - shifted(order.at, days)).total_seconds() / 86_400 for order in orders]
        recent = sum(order.amount for order, age in zip(orders, ages, strict=True) if age < 85)
        total = sum(order.amount for order in orders)
        if ages[0] < 25:
            newcomers[customer] = -recent
        elif recent >= 1_500:
            spenders[customer] = -recent
        elif ages[-1] > 190 and len(orders) > 2:
            lapsed[customer] = -total
    newcomers = {customer: amount for customer, amount in newcomers.items() if amount > -900}
    found = {"high-spenders": spenders, "lapsed-buyers": lapsed, "newcomers": newcomers}
    return {name: sorted(members, key=members.__getitem__)[:40] for name, members in found.items()}
