"""The page on outages has a row for every test, and what it says of itself is so."""

from __future__ import annotations

import re

import pytest

from tests.outages import measure
from tests.outages.course import Figures


def test_every_outage_has_its_row(request: pytest.FixtureRequest) -> None:
    here = {
        f"{item.path.name}::{item.name}"
        for item in request.session.items
        if item.path.parent == request.path.parent and item.path != request.path
    }
    text = measure.PAGE.read_text(encoding="utf-8")
    told = dict(re.findall(r"\| \[([^\]]+)\]\(\.\./tests/outages/(\w+\.py)\) \|", text))
    assert told, "run python -m tests.outages.measure"
    for test in here:
        name, _, variant = test.partition("[")
        assert name in measure.ROWS, f"say in tests/outages/measure.py what happens in {name}"
        assert measure.ROWS[name][0] in text
        assert f"[{variant.rstrip(']') or 'test'}](../tests/outages/{name.partition('::')[0]})" in text


def test_nothing_was_lost_when_it_was_measured() -> None:
    text = measure.PAGE.read_text(encoding="utf-8")
    assert re.search(r"events acknowledged: 0 lost, 0 counted twice", text)
    share = re.search(r"decide calls: ([\d.]+) % answered", text)
    assert share is not None
    assert float(share[1]) >= 99.99


def test_rows_say_what_was_measured() -> None:
    figures = Figures(
        test="test_kill.py::test_kill_9[sqlite]", decides=1_200, degraded=3, p50_ms=1.25, p99_ms=80, most_ms=99.6,
        acknowledged=2_000, put_off=4, lost=0, twice=0, start_s=0.44, kills=50,
    )  # fmt: skip
    (row,) = measure.rows([figures])
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2:] == [
        "[sqlite](../tests/outages/test_kill.py)",
        "1,200, 3",
        "1.2 · 80 · 100",
        "2,000 · 4 · 0 · 0",
        "0.4",
        "–",
    ]
