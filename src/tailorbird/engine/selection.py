"""Definitions as somebody looks for them: page by page, by name, status, group and owner."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from tailorbird.domain.campaign import Campaign, Status
from tailorbird.domain.definitions import Definition, Kind
from tailorbird.engine import publish
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import UNREADABLE


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which definitions of a kind a reader wants; empty = any."""

    #: in the name or the key, whatever its case
    search: str = ""
    #: one of these
    statuses: tuple[Status, ...] = ()
    group: str = ""
    #: who created it
    owner: str = ""
    #: the other way round than they were created
    newest_first: bool = False


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """A definition, and where it comes from."""

    definition: Definition
    #: who wrote its first version, and when
    by: str
    at: int


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """What a project's campaigns can be chosen by."""

    #: how many there are of each status
    statuses: dict[str, int]
    groups: tuple[str, ...]
    #: who created them
    owners: tuple[str, ...]
    exclusion_sets: tuple[str, ...]


async def selection(
    runtime: Runtime, project: str, kind: Kind, wanted: Wanted, after: str = "", limit: int = 1000
) -> list[Created]:
    """A page of them in the order of creation, after the one with the id ``after``."""
    found = await publish.listing(runtime, project, kind)
    creators = await runtime.store.creators(runtime.project(project).project.id, kind)
    if wanted.newest_first:
        found.reverse()
    start = next((index + 1 for index, one in enumerate(found) if one.id == after), 0) if after else 0
    page: list[Created] = []
    for one in found[start:]:
        by, at = creators.get(one.id, (one.author, one.at))
        if len(page) < limit and wanted.owner in ("", by) and _fits(one, wanted):
            page.append(Created(definition=one, by=by, at=at))
    return page


async def facets(runtime: Runtime, project: str) -> Facets:
    """What there is to choose campaigns by."""
    snapshot = runtime.project(project)
    campaigns: dict[str, Campaign] = snapshot.bodies["campaign"]
    creators = await runtime.store.creators(snapshot.project.id, "campaign")
    return Facets(
        statuses=dict(Counter(one.status for one in campaigns.values())),
        groups=tuple(sorted({group for one in campaigns.values() for group in one.groups})),
        owners=tuple(sorted({creators[one][0] for one in snapshot.definitions["campaign"] if one in creators})),
        exclusion_sets=tuple(sorted({one.exclusion_set for one in campaigns.values() if one.exclusion_set})),
    )


def _fits(one: Definition, wanted: Wanted) -> bool:
    if not (wanted.search or wanted.statuses or wanted.group):
        return True
    try:
        body: dict[str, Any] = msgspec.json.decode(one.body)
    except UNREADABLE:
        body = {}
    if wanted.search and wanted.search.casefold() not in f"{body.get('name', '')} {one.key}".casefold():
        return False
    if wanted.statuses and body.get("status", "draft") not in wanted.statuses:
        return False
    return not wanted.group or wanted.group in body.get("groups", ())
