"""The change stream: news of a publish within two seconds, on connections that last and end in order."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tailorbird.domain.errors import Unavailable
from tailorbird.engine import access
from tailorbird.engine.refresh import refresh, running
from tailorbird.engine.runtime import Runtime
from tailorbird.store import SqliteStore
from tailorbird.web.facades import ofrep_stream
from tailorbird.web.options import Options
from tests.web.conftest import Site
from tests.web.facades.campaigns import start_on
from tests.web.served import Served, serving

CONTEXT = {"context": {"targetingKey": "ada"}}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("stream")
    with serving(folder, Options(access_log=False)) as here:
        yield here


def evaluate(served: Served, query: str = "", **headers: str) -> httpx.Response:
    head = {"authorization": f"Bearer {served.key}", **headers}
    return httpx.post(f"{served.url}/ofrep/v1/evaluate/flags{query}", headers=head, json=CONTEXT)


def address(served: Served) -> str:
    endpoint = evaluate(served).json()["eventStreams"][0]["endpoint"]
    return served.url + str(endpoint["requestUri"])


class Listener:
    """A stream that somebody listens to, and the frames that came so far."""

    def __init__(self, lines: Iterator[str], headers: httpx.Headers) -> None:
        self._lines = lines
        self.headers = headers

    def frame(self) -> dict[str, str]:
        """The next frame, comments under the empty name."""
        told: dict[str, str] = {}
        for line in self._lines:
            if not line:
                return told
            name, _, value = line.partition(": " if not line.startswith(":") else ":")
            told[name] = value.strip()
        raise EOFError


def listen(served: Served, **headers: str) -> Any:
    return httpx.stream("GET", address(served), headers=headers, timeout=20)


def test_a_publish_arrives_within_two_seconds_and_the_answer_has_it(served: Served) -> None:
    before = evaluate(served)
    with listen(served) as answer:
        here = Listener(answer.iter_lines(), answer.headers)
        assert here.headers["content-type"] == "text/event-stream"
        assert here.headers["x-accel-buffering"] == "no"
        assert "no-transform" in here.headers["cache-control"]
        first = here.frame()
        assert first["retry"] == "2000"
        start_on(served.url, served.key, "news", "fresh")
        began = time.monotonic()
        told = here.frame()
        while "data" not in told:
            told = here.frame()
        assert time.monotonic() - began < 2
        data = json.loads(told["data"])
        assert (told["event"], data["type"], data["etag"]) == ("message", "refetchEvaluation", told["id"])
        after = evaluate(served, f"?flagConfigEtag={data['etag']}", **{"if-none-match": before.headers["etag"]})
        assert after.status_code == 200
        assert "news" in [flag["key"] for flag in after.json()["flags"]]


def test_a_client_that_comes_back_is_told_what_it_missed_and_no_more(served: Served) -> None:
    version = evaluate(served).json()["metadata"]["version"]
    with listen(served, **{"last-event-id": str(version - 1)}) as answer:
        here = Listener(answer.iter_lines(), answer.headers)
        assert "retry" in here.frame()
        assert here.frame()["id"] == str(version)
    with listen(served, **{"last-event-id": str(version)}) as answer:
        lines = answer.iter_lines()
        assert "retry" in Listener(lines, answer.headers).frame()
        start_on(served.url, served.key, "later", "fresh")
        assert int(Listener(lines, answer.headers).frame()["id"]) > version


def test_a_server_that_stops_does_not_wait_for_streams(tmp_path: Path) -> None:
    with serving(tmp_path, Options(access_log=False)) as here, listen(here) as answer:
        lines = answer.iter_lines()
        next(lines)
        began = time.monotonic()
        here.ask_to_stop()
        for _ in lines:
            pass
        here.stop()
        assert time.monotonic() - began < 8


# -- many, silent, endless: by the news themselves --------------------------------------------------------------------


@asynccontextmanager
async def listening(site: Site, last_seen: str = "") -> AsyncIterator[tuple[ofrep_stream.News, Any]]:
    assert site.project is not None
    news = ofrep_stream.News(site.runtime)
    parts = news.listen(site.project.id, last_seen)
    assert (await anext(parts)).startswith(b"retry: ")
    yield news, parts


async def test_silence_is_broken_by_comments(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ofrep_stream, "COMMENT_SECONDS", 0.01)
    async with listening(site) as (_, parts):
        assert [await anext(parts) for _ in range(3)] == [b": still here\n\n"] * 3


async def test_streams_end_after_their_time_and_are_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ofrep_stream, "MAX_STREAMS", 1)
    assert site.project is not None
    async with listening(site) as (news, parts):
        with pytest.raises(Unavailable):
            news.listen(site.project.id, "")
        monkeypatch.setattr(ofrep_stream, "LIFE_SECONDS", 0.0)
        news.close()
        with pytest.raises(StopAsyncIteration):
            await anext(parts)
        assert news.streams == 0


async def test_who_leaves_is_counted_no_more_even_before_the_first_word(site: Site) -> None:
    assert site.project is not None
    news = ofrep_stream.News(site.runtime)
    waiting = asyncio.create_task(_all(news.listen(site.project.id, "")))
    await asyncio.sleep(0.01)
    assert news.streams == 1
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert news.streams == 0


async def _all(parts: AsyncIterator[bytes]) -> list[bytes]:
    return [part async for part in parts]


async def test_a_change_just_before_connecting_is_not_missed(site: Site) -> None:
    """Evaluated before a publish, connected after it: nobody would tell of it a second time."""
    assert site.project is not None
    news = ofrep_stream.News(site.runtime)
    version = news.note(site.project.id)
    await site.settings(time_zone="Europe/Berlin")
    assert news.note(site.project.id) > version
    parts = news.listen(site.project.id, "")
    await anext(parts)
    assert b"refetchEvaluation" in await anext(parts)
    news.close()


async def test_a_publish_in_another_process_arrives(tmp_path: Path) -> None:
    """Two runtimes over one store: what one publishes the other's streams tell."""
    store = tmp_path / "two.db"
    writer = Runtime(SqliteStore(store), data_dir=tmp_path, poll_seconds=0.1)
    async with running(writer):
        project = await access.create_project(writer, "Shop")
        site = Site(writer, None)  # type: ignore[arg-type]
        site.project = project
        reader = Runtime(SqliteStore(store), data_dir=tmp_path / "other", poll_seconds=0.1)
        await reader.store.open()
        await refresh(reader)
        polling = asyncio.create_task(_poll(reader))
        news = ofrep_stream.News(reader)
        parts = news.listen(project.id, "")
        await anext(parts)
        began = time.monotonic()
        await site.settings(time_zone="Europe/Berlin")
        assert b"refetchEvaluation" in await anext(parts)
        assert time.monotonic() - began < 2
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await reader.store.close()


async def _poll(runtime: Runtime) -> None:
    while True:
        await refresh(runtime)
        await asyncio.sleep(runtime.poll_seconds)
