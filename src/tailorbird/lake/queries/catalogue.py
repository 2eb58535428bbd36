"""Catalogue items: shown, clicked, bought after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tailorbird.domain.facts import CLICK, IMPRESSION
from tailorbird.lake.queries import ask
from tailorbird.lake.queries.people import resolved
from tailorbird.lake.queries.touches import of_campaign
from tailorbird.lake.queries.values import LARGEST
from tailorbird.targeting.columns import Properties, Value


def catalogue(tables: Any, query: ask.Catalogue) -> Iterator[tuple[str, Any]]:
    """``items``: ``item, shown, clicked, bought, revenue``, those with the largest revenue first.

    An impression or click names items in ``item`` (one id) or ``items`` (ids, objects with ``item`` or ``id``, or an
    object of lists of ids). A purchase counts for an item in the window after the same person was shown or clicked it;
    its revenue is price times quantity where the purchase's lines tell them.
    """
    import ibis

    touched = tables.keep(_touched(tables, query))
    counts = touched.group_by("item").aggregate(
        shown=(touched.name == IMPRESSION).sum(), clicked=(touched.name == CLICK).sum()
    )
    bought = _bought(tables, query, touched)
    sold = bought.rename(sold="item")
    joined = counts.left_join(sold, counts.item == sold.sold)
    found = joined.select(
        "item",
        "shown",
        "clicked",
        bought=joined.bought.fill_null(0),
        revenue=joined.revenue.fill_null(0.0),
    )
    yield "items", found.order_by([ibis.desc("revenue"), ibis.desc("shown"), "item"]).limit(query.limit)


def _events(tables: Any, query: ask.Catalogue) -> Any:
    rows = tables.events
    if query.since is not None:
        rows = rows.filter(rows.time >= query.since)
    return rows if query.until is None else rows.filter(rows.time < query.until)


def _touched(tables: Any, query: ask.Catalogue) -> Any:
    rows = _events(tables, query)
    rows = rows.filter(rows.name.isin((IMPRESSION, CLICK)))
    if query.people is not None:
        rows = of_campaign(rows, query.people)
    lines = _lines(rows, "items", ["person", "time", "name"])
    return resolved(lines.select("person", "time", "name", "item"), tables.links)


def _lines(rows: Any, path: str, kept: list[str]) -> Any:
    """One row per item that an event names: ``item, amount`` beside what is kept."""
    import ibis

    def told(line: Any) -> dict[str, Any]:
        value = Value(line)
        price, quantity = Value(line["price"]).number, Value(line["quantity"]).number
        amount = price * ibis.coalesce(quantity, ibis.literal(1.0))
        return {
            "item": ibis.coalesce(value.text, Value(line["item"]).text, Value(line["id"]).text),
            "amount": ibis.ifelse(amount.abs() <= LARGEST, amount, ibis.null("float64")),
        }

    properties = Properties(rows.properties)
    single = rows.select(*kept, item=properties.value("item").text, amount=ibis.null("float64"))
    held = properties.value(path)
    listed = rows.select(*kept, line=held.lines.unnest())
    typed = rows.select(*kept, part=held.parts.values().unnest())
    nested = typed.select(*kept, line=Value(typed.part).lines.unnest())
    parts = [single, *(part.select(*kept, **told(part.line)) for part in (listed, nested))]
    whole = ibis.union(*parts, distinct=False)
    return whole.filter(whole.item.notnull())


def _bought(tables: Any, query: ask.Catalogue, touched: Any) -> Any:
    rows = _events(tables, query)
    rows = rows.filter(rows.name == query.purchase)
    lines = _lines(rows, query.items, ["seq", "person", "time"])
    lines = resolved(lines, tables.links)
    seen = touched.select(viewer="who", viewed="item", at="time")
    after = lines.semi_join(
        seen,
        [
            lines.who == seen.viewer,
            lines.item == seen.viewed,
            lines.time >= seen["at"],
            lines.time < seen["at"] + query.window_ms,
        ],
    )
    return after.group_by("item").aggregate(bought=after.count(), revenue=after.amount.sum())
