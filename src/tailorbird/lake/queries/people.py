"""People as analysis sees them: ids that turned out to be one person are one; the first exposure decides the arm."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from tailorbird.lake.queries import ask
from tailorbird.lake.queries.values import members_of, scalar_text

CONTROL = "control"


def resolved(table: Any, links: Any) -> Any:
    """The table with ``who``: the person that ``person`` is part of by now."""
    import ibis

    to = links.select(merged="person", target="target")
    joined = table.left_join(to, table.person == to.merged)
    return joined.mutate(who=ibis.coalesce(joined.target, joined.person)).drop("person", "merged", "target")


def first_exposures(tables: Any, campaign: str, *, facts: bool) -> Any:
    """One row per person: ``who, at, version, rule, arm, epoch`` (and ``facts``) of the first exposure.

    Only somebody made of several ids can have several; nobody else is sorted.
    """
    import ibis

    columns = ["person", "seq", "time", "version", "rule", "arm", "epoch", *(["facts"] if facts else [])]
    rows = tables.exposures.filter(tables.exposures.campaign == campaign).select(*columns)
    merged = _merged(tables.links)
    several = rows.join(merged, rows.person == merged.member).drop("person", "member")
    order = ibis.row_number().over(ibis.window(group_by="who", order_by=["time", "seq"]))
    first = several.mutate(place=order).filter(lambda t: t.place == 0).drop("place")
    alone = rows.anti_join(merged, rows.person == merged.member).rename(who="person")
    found = ["who", *columns[1:]]
    return ibis.union(alone.select(found), first.select(found), distinct=False).rename(at="time").drop("seq")


def _merged(links: Any) -> Any:
    """Every id of somebody made of several: ``member, who``. Asked for first, nobody else needs to be resolved."""
    import ibis

    whole = links.select(member="target", who="target").distinct()
    return ibis.union(links.select(member="person", who="target"), whole, distinct=False)


def conflicts(tables: Any, campaign: str) -> Any:
    """People whose ids were exposed to different arms before they were linked: ``people``."""
    rows = tables.exposures.filter(tables.exposures.campaign == campaign).select("person", "arm")
    rows = resolved(rows, tables.links).semi_join(tables.links.select(who="target").distinct(), "who")
    met = rows.group_by("who").aggregate(low=rows.arm.min(), high=rows.arm.max())
    torn = met.filter(met.low != met.high)
    return torn.aggregate(people=torn.count())


def crossed(tables: Any, people: ask.People) -> Any:
    """``who, torn, moved``: met control and an experience, or two experiences of one rule; else, of several rules.

    The smallest and the largest arm tell who met several; only those few are looked at rule by rule.
    """
    seen = resolved(
        tables.sightings.filter(tables.sightings.campaign == people.campaign).select("person", "arm"), tables.links
    )
    met = seen.group_by("who").aggregate(low=seen.arm.min(), high=seen.arm.max())
    several = seen.semi_join(met.filter(met.low != met.high), "who")
    rule = several.arm.cases(*people.rules.items(), else_=several.arm) if people.rules else several.arm
    several = several.mutate(rule=rule, control=several.arm == CONTROL)
    by_rule = several.group_by("who", "rule").aggregate(
        low=several.arm.min(), high=several.arm.max(), control=several.control.any()
    )
    whole = by_rule.group_by("who").aggregate(
        twice=(by_rule.low != by_rule.high).any(),
        control=by_rule.control.any(),
        experience=(~by_rule.control).any(),
    )
    torn = whole.twice | (whole.control & whole.experience)
    return whole.select("who", torn=torn, moved=~torn)


def selected(tables: Any, people: ask.People, by: ask.By | None, touches: Any) -> tuple[Any, Any | None]:
    """The people asked for (``who, at, version, rule, arm, epoch``), and for a breakdown ``who, group``: one row for
    each group that somebody belongs to. ``touches`` are the campaign's clicks, for dimensions that need them."""
    wanted = [only.by for only in people.only] + ([by] if by is not None else [])
    rows = first_exposures(tables, people.campaign, facts=any(one.dimension != "click" for one in wanted))
    if people.since is not None:
        rows = rows.filter(rows.at >= people.since)
    if people.until is not None:
        rows = rows.filter(rows.at < people.until)
    for only in people.only:
        rows = _matching(rows, only, touches)
    if people.exclude_crossed:
        met = crossed(tables, people)
        rows = rows.anti_join(met.filter(met.torn), "who")
    groups = None
    if by is not None:
        rows = tables.keep(rows)
        groups = _groups(rows, by, touches)
    return rows.select("who", "at", "version", "rule", "arm", "epoch"), groups


def _matching(rows: Any, only: ask.Only, touches: Any) -> Any:
    if only.by.dimension == "click":
        clicked = touches.filter(scalar_text(touches.properties, only.by.name).isin(only.values))
        return rows.semi_join(clicked, "who")
    if only.by.dimension == "audience":
        inside = members_of(rows.facts, "audiences")
        return rows.filter(reduce(or_, [inside.contains(f'"{key}"').fill_null(False) for key in only.values]))
    return rows.filter(_fact(rows, only.by).isin(only.values))


def _groups(rows: Any, by: ask.By, touches: Any) -> Any:
    if by.dimension == "click":
        first = touches.group_by("who").aggregate(
            group=scalar_text(touches.properties, by.name).argmin(touches.time),
        )
        everybody, clicker = rows.select("who"), first.rename(clicker="who")
        return everybody.left_join(clicker, everybody.who == clicker.clicker).select("who", "group")
    if by.dimension == "audience":
        import ibis

        listed = rows.select("who", key=members_of(rows.facts, "audiences").unnest())
        inside = listed.select("who", group=listed.key[1 : listed.key.length() - 1])
        outside = rows.select("who").anti_join(inside, "who")
        return ibis.union(inside, outside.mutate(group=ibis.null("string")), distinct=False)
    return rows.select("who", group=_fact(rows, by))


def _fact(rows: Any, by: ask.By) -> Any:
    import ibis

    if by.dimension == "visitor":
        returning = rows.facts.cast("json")["returning"].bool
        return ibis.ifelse(returning.isnull(), ibis.null("string"), ibis.ifelse(returning, "returning", "new"))
    path = f"attributes.{by.name}" if by.dimension == "attribute" else by.dimension
    return scalar_text(rows.facts, path)
