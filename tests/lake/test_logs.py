"""What the process beside a server writes down when something goes wrong."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tailorbird.domain.errors import Unavailable
from tailorbird.lake.client import Lake
from tailorbird.lake.queries.ask import Summary
from tailorbird.lake.standing.engine import Engine
from tailorbird.lake.wire import Rules
from tailorbird.store.contract import Store
from tests.store.small_fold import ARM, SHOP, SmallFold, exposure


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
async def test_a_failure_is_one_line_with_its_traceback_and_without_anybodys_facts(
    store: Store, fold: SmallFold, lake: Lake, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await store.commit([exposure("ann")], fold)
    await lake.keep(Rules())
    for file in (tmp_path / "lake").glob("facts/exposures/**/*.parquet"):
        file.write_bytes(b"PAR1 and nothing else PAR1")
    with pytest.raises(Unavailable, match="see the log"):
        await lake.run(SHOP, Summary())
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    (told,) = [line for line in lines if line["event"] == "lake: a request failed"]
    assert (told["level"], told["time"][:2]) == ("error", "20")
    assert "Traceback" in told["exception"]
    assert "locals" not in told["exception"]
    assert ARM.campaign not in json.dumps(lines)


async def test_pieces_that_are_interrupted_say_so() -> None:
    import duckdb

    engine = Engine({"threads": 1}, None)

    def read() -> int:
        return sum(len(batch) for batch in engine.batches("SELECT range FROM range(10_000_000_000)", 1000))

    reading = asyncio.create_task(asyncio.to_thread(read))
    while not reading.done():
        await asyncio.sleep(0.05)
        engine.interrupt()
    with pytest.raises(duckdb.InterruptException):
        await reading
    engine.close()
