"""What was shown, clicked and dismissed."""

from __future__ import annotations

from typing import Any

from tailorbird.domain.facts import CLICK, DISMISSAL, IMPRESSION
from tailorbird.lake.queries import ask
from tailorbird.lake.queries.people import CONTROL, resolved
from tailorbird.lake.queries.values import scalar_text

TOUCHES = (IMPRESSION, CLICK, DISMISSAL)


def touches(tables: Any, people: ask.People) -> Any:
    """The campaign's impressions, clicks and dismissals: ``who, time, name, rule, arm, properties``.

    With the arm of the token that came with them. Those without a token belong to the campaign where their properties
    name it (``campaign``), or an experience of it (``experience``); their arm is null: it is the person's own.
    """
    events = tables.events
    rows = of_campaign(events.filter(events.name.isin(TOUCHES)), people)
    rows = rows.select("person", "time", "name", "rule", "arm", "properties")
    return resolved(rows, tables.links)


def of_campaign(rows: Any, people: ask.People) -> Any:
    """The events that belong to the campaign: by their token, or, without one, because their properties name it or an
    experience of it."""
    named = scalar_text(rows.properties, "campaign").isin((people.campaign, *people.names))
    if people.rules:
        named = named | scalar_text(rows.properties, "experience").isin(tuple(people.rules))
    mine = (rows.campaign == people.campaign).fill_null(False)
    return rows.filter(mine | (rows.campaign.isnull() & named.fill_null(False)))


def of_people(rows: Any, people: Any) -> Any:
    """Those of people in the selection, from their exposure on, each with its arm."""
    import ibis

    entered = people.select(visitor="who", at="at", own_rule="rule", own_arm="arm")
    joined = rows.join(entered, rows.who == entered.visitor)
    joined = joined.filter(joined.time >= joined.at - SLACK_MS)
    return joined.select(
        "who",
        "time",
        "name",
        "properties",
        rule=ibis.coalesce(joined.rule, joined.own_rule),
        arm=ibis.coalesce(joined.arm, joined.own_arm),
    )


#: a token is dated to the minute, and an exposure that it re-creates with it
SLACK_MS = 60_000


def clicks(rows: Any) -> Any:
    """Clicks, but for those that a control visitor can only have made by mistake: ``who, time, properties``."""
    return rows.filter((rows.name == CLICK) & (rows.arm != CONTROL).fill_null(True)).select("who", "time", "properties")


def counted(rows: Any, groups: Any | None) -> Any:
    """By rule and arm (and group): how many impressions, clicks and dismissals, and how many people clicked."""
    keys = ["rule", "arm"]
    if groups is not None:
        rows = rows.join(groups, "who")
        keys.append("group")
    clicked = rows.name == CLICK
    return rows.group_by(keys).aggregate(
        impressions=(rows.name == IMPRESSION).sum(),
        clicks=clicked.sum(),
        dismissals=(rows.name == DISMISSAL).sum(),
        clickers=rows.who.nunique(where=clicked),
    )
