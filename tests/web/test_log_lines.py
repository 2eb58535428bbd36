"""Log lines that nobody can take: they are lost, and nothing else is."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tailorbird.web import observe
from tailorbird.web.observe import Forgiving
from tailorbird.web.options import Options
from tests.web.conftest import Site

ASK = {"visitor": {"id": "anna@example.org"}}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk here that is always full")
class TestFullDisk:
    @pytest.fixture
    def options(self) -> Iterator[Options]:
        with open("/dev/full", "w", buffering=1) as full:
            observe.configure("info", full)
            yield Options()
            structlog.reset_defaults()
            os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())

    async def test_requests_are_answered_all_the_same(self, site: Site) -> None:
        for _ in range(500):  # more than any buffer holds
            assert (await site.decide(ASK)).status_code == 200
        structlog.get_logger().warning("and whoever logs goes on")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_reader_that_has_gone_is_no_fault() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as pipe:
        lines = Forgiving(pipe)
        os.close(reader)
        print("one", file=lines, flush=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), writer)


def test_a_closed_stream_is_no_fault_and_an_open_one_gets_everything() -> None:
    stream = io.StringIO()
    lines = Forgiving(stream)
    print("one", file=lines, flush=True)
    assert stream.getvalue() == "one\n"
    stream.close()
    print("two", file=lines, flush=True)
    structlog.PrintLogger(lines).info("three")  # type: ignore[arg-type]
