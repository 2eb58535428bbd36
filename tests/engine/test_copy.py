"""The copy on disk: what it survives, and that it never makes a revoked key good again."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from tailorbird.domain.access import ApiKey
from tailorbird.engine import access, disk
from tailorbird.engine.refresh import refresh
from tests.engine.conftest import DAY, NOON, Engine
from tests.engine.test_broken_definitions import behind


def key(name: str, *, revoked_at: int = 0) -> ApiKey:
    return ApiKey(
        id=name, project="p", client="c", digest=name.encode() * 32, scopes=("decide",), revoked_at=revoked_at
    )


def copy_of(*keys: ApiKey, at: int = NOON) -> disk.Copy:
    return disk.Copy(confirmed_at=at, keys=keys, projects=())


class Room:
    """How many more files the disk takes, and whether removing one makes room for another."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files = 100
        monkeypatch.setattr("tailorbird.engine.disk._replace", self._replace)

    def _replace(self, directory: Path, content: bytes) -> None:
        if self.files == 0 and (directory / disk.FILE).exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        if self.files < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        (directory / disk.FILE).write_bytes(content)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(monkeypatch)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert disk.write(tmp_path, copy_of(key("a"), key("b", revoked_at=5)))
    read = disk.read(tmp_path)
    assert read == copy_of(key("a"), key("b", revoked_at=5))
    assert (tmp_path / disk.FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [disk.FILE]


def test_no_bit_of_it_may_change(tmp_path: Path) -> None:
    disk.write(tmp_path, copy_of(key("a", revoked_at=NOON)))
    path = tmp_path / disk.FILE
    good = path.read_bytes()
    for at in range(0, len(good), 7):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        assert disk.read(tmp_path) is None, at
    path.write_bytes(good)
    assert disk.read(tmp_path) is not None


def test_a_full_disk_leaves_the_copy_that_is_there(tmp_path: Path, room: Room) -> None:
    disk.write(tmp_path, copy_of(key("a")))
    room.files = 0
    assert not disk.write(tmp_path, copy_of(key("a"), key("b")))
    assert disk.read(tmp_path) == copy_of(key("a"))


def test_a_full_disk_does_not_keep_a_revoked_key_alive(tmp_path: Path, room: Room) -> None:
    disk.write(tmp_path, copy_of(key("a"), key("b")))
    room.files = 0
    assert disk.write(tmp_path, copy_of(key("a"), key("b", revoked_at=NOON))), "the old copy made room"
    read = disk.read(tmp_path)
    assert read is not None
    assert [one.revoked_at for one in read.keys] == [0, NOON]
    room.files = -1
    assert not disk.write(tmp_path, copy_of(key("a", revoked_at=NOON))), "not even then"
    assert disk.read(tmp_path) is None


async def test_a_copy_that_could_not_be_written_is_never_confirmed_and_written_later(
    engine: Engine, tmp_path: Path, room: Room
) -> None:
    await engine.campaign("Old")
    path = tmp_path / disk.FILE
    old = path.read_bytes()
    os.utime(path, (NOON / 1000 - 5, NOON / 1000 - 5))
    room.files = 0
    await engine.campaign("New")
    for minutes in range(1, 4):
        engine.now = NOON + minutes * 60_001
        await refresh(engine.runtime)
    assert (path.read_bytes(), path.stat().st_mtime) == (old, NOON / 1000 - 5)
    room.files = 100
    engine.runtime.copy_after = time.monotonic()
    await refresh(engine.runtime)
    read = disk.read(tmp_path)
    assert read is not None
    assert b'"New"' in b"".join(bytes(d.body) for part in read.projects for d in part.source.definitions)
    assert read.confirmed_at == engine.now


async def test_a_clock_that_went_back_goes_on_confirming(engine: Engine, tmp_path: Path) -> None:
    await engine.campaign()
    engine.now = NOON + 120_000
    await refresh(engine.runtime)
    engine.now = NOON - DAY // 24
    await refresh(engine.runtime)
    assert (tmp_path / disk.FILE).stat().st_mtime == engine.now / 1000


async def test_a_key_that_was_revoked_while_the_disk_was_full_is_in_no_copy(
    engine: Engine, tmp_path: Path, room: Room
) -> None:
    made, _ = await access.create_key(engine.runtime, engine.project.id, client="web", scopes=("decide",))
    assert [one.id for one in (disk.read(tmp_path) or copy_of()).keys if not one.revoked_at] == [made.id]
    room.files = 0
    await access.revoke_key(engine.runtime, engine.project.id, made.id)
    assert [one.id for one in (disk.read(tmp_path) or copy_of()).keys if not one.revoked_at] == []


@pytest.mark.parametrize("body", [b'{"name":"Bro', b"", b'"\xff\xfe"', b'}, "keys": []'])
async def test_a_definition_that_is_no_json_spoils_no_copy(engine: Engine, tmp_path: Path, body: bytes) -> None:
    await engine.campaign()
    await behind(engine, "campaign", "broken", body)
    await behind(engine, "of tomorrow", "later", b"{}")
    read = disk.read(tmp_path)
    assert read is not None
    assert {d.key for part in read.projects for d in part.source.definitions} == {"order", "hero", "broken"}
