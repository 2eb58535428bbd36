"""``tailorbird lake``: the lake of a folder, without a server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from tailorbird.store import SqliteStore
from tests.cli.commands import tailorbird
from tests.lake import reading
from tests.store.small_fold import SmallFold, event, exposure


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two events and an exposure in it."""

    async def write() -> None:
        store = SqliteStore(tmp_path / "tailorbird.db")
        await store.open()
        await store.commit([event("e1"), event("e2"), exposure()], SmallFold())
        await store.close()

    asyncio.run(write())
    return tmp_path


def test_status_before_there_is_a_lake(data: Path) -> None:
    told = tailorbird("lake", "status", "--data", str(data))
    assert (told.code, told.err) == (0, "")
    assert "no lake yet" in told.out


def test_compact_exports_and_status_tells(data: Path) -> None:
    assert tailorbird("lake", "compact", "--data", str(data)).code == 0
    told = tailorbird("lake", "status", "--data", str(data), "--json")
    status = msgspec.json.decode(told.out)
    assert status["exported"] == {"events": 2, "exposures": 1, "sightings": 1}
    assert status["held"]["events"]["rows"] == 2
    assert status["held"]["events"]["bytes"] > 0
    assert status["lag_seconds"] == 0
    assert "Every event is in it" in tailorbird("lake", "status", "--data", str(data)).out


def test_rebuild_begins_a_new_lake_where_it_is_told_to(data: Path, tmp_path: Path) -> None:
    tailorbird("lake", "compact", "--data", str(data))
    other = tmp_path / "other"
    refused = tailorbird("lake", "compact", "--data", str(data), "--lake-url", str(other))
    assert refused.code == 1
    assert "elsewhere" in refused.err
    done = tailorbird("lake", "rebuild", "--data", str(data), "--lake-url", str(other))
    assert done.code == 0, done.err
    assert [row["id"] for row in reading.rows(other, "events")] == ["e1", "e2"]


def test_a_lake_is_replaced_only_when_that_is_said(data: Path) -> None:
    tailorbird("lake", "compact", "--data", str(data))
    refused = tailorbird("lake", "rebuild", "--data", str(data))
    assert (refused.code, "--force" in refused.err) == (2, True)
    before = reading.manifests(data / "lake")[0]["lake"]
    assert tailorbird("lake", "rebuild", "--data", str(data), "--force").code == 0
    assert reading.manifests(data / "lake")[0]["lake"] != before
    assert len(reading.rows(data / "lake", "events")) == 2


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    assert tailorbird("lake", "status", "--data", str(tmp_path / "nothing")).code == 2
