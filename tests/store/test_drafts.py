"""Unpublished drafts, on both backends."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tailorbird.domain.errors import Conflict
from tailorbird.domain.unpublished import Unpublished
from tailorbird.store.contract import Store
from tests.store.small_fold import BLOG, SHOP


def draft(text: str = "{}", **more: Any) -> Unpublished:
    told: dict[str, Any] = {"project": SHOP, "kind": "campaign", "id": "c1", "base": 3, "revision": 0, **more}
    return Unpublished(body=msgspec.Raw(text.encode()), author="ada", at=7, **told)


async def test_a_draft_is_kept_byte_for_byte_and_counts_its_revisions(store: Store) -> None:
    assert await store.drafts.read(SHOP, "campaign", "c1") is None
    text = '{"b": 1.0,  "a": [1, "ü\\u0000"]}'
    first = await store.drafts.write(draft(text), 0)
    assert first == draft(text, revision=1)
    assert (await store.drafts.write(draft("{}"), 1)).revision == 2
    kept = await store.drafts.write(draft(text), None)
    assert await store.drafts.read(SHOP, "campaign", "c1") == kept == draft(text, revision=3)


async def test_a_draft_belongs_to_its_project_kind_and_definition(store: Store) -> None:
    await store.drafts.write(draft(), 0)
    others: list[tuple[Any, Any, Any]] = [
        (BLOG, "campaign", "c1"),
        (SHOP, "audience", "c1"),
        (SHOP, "campaign", "c2"),
    ]
    for project, kind, name in others:
        assert await store.drafts.read(project, kind, name) is None
        await store.drafts.write(draft(project=project, kind=kind, id=name), 0)
    assert [one.id for one in await store.drafts.all(SHOP, "campaign")] == ["c1", "c2"]
    assert await store.drafts.remove(SHOP, "campaign", "c1", 1)
    assert [one.id for one in await store.drafts.all(SHOP, "campaign")] == ["c2"]
    assert [one.id for one in await store.drafts.all(BLOG, "campaign")] == ["c1"]


async def test_what_somebody_else_wrote_is_told_and_not_overwritten(store: Store) -> None:
    theirs = await store.drafts.write(draft('{"name": "theirs"}'), 0)
    for expected in (0, 2):
        with pytest.raises(Conflict) as lost:
            await store.drafts.write(draft('{"name": "ours"}'), expected)
        assert lost.value.extra == {"expected": expected, "current": theirs}
        if expected:
            with pytest.raises(Conflict):
                await store.drafts.remove(SHOP, "campaign", "c1", expected)
    assert await store.drafts.read(SHOP, "campaign", "c1") == theirs
    assert await store.drafts.remove(SHOP, "campaign", "c1", None)
    assert not await store.drafts.remove(SHOP, "campaign", "c1", None)
    with pytest.raises(Conflict):
        await store.drafts.write(draft(), 1)


async def test_of_two_who_begin_at_once_one_does(store: Store) -> None:
    told = await asyncio.gather(*[store.drafts.write(draft(), 0) for _ in range(5)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Conflict"] * 4 + ["Unpublished"]
