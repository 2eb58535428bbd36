"""Lets every outage befall the server, and writes what was measured into docs/reliability.md.

``python -m tests.outages.measure``; about four minutes. The page's table has one row for each test of this folder.
"""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tests.outages.course import FIGURES, Figures, read_figures

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- measured: python -m tests.outages.measure -->", "<!-- end -->"
#: test, without its parameters → what happens, and what the server does
ROWS: dict[str, tuple[str, str]] = {
    "test_postgresql.py::test_refused": ("PostgreSQL refuses connections", "degraded; events `503`"),
    "test_postgresql.py::test_black_holed": (
        "PostgreSQL's packets vanish",
        "degraded; events wait up to 10 s, then `503`; a start takes the copy on disk after 1 s",
    ),
    "test_postgresql.py::test_slow": ("PostgreSQL takes 5 s for each packet", "as when packets vanish"),
    "test_postgresql.py::test_read_only": ("a failover ended on a PostgreSQL that only reads", "events `503`"),
    "test_postgresql.py::test_backends_are_killed": (
        "PostgreSQL ends all connections, 20 times in 3 s",
        "new ones; what was being committed is `503`",
    ),
    "test_postgresql.py::test_full": ("PostgreSQL's disk is full", "events `503`"),
    "test_sqlite.py::test_locked": ("another program holds the SQLite file", "reads go on; events `503` after 2 s"),
    "test_sqlite.py::test_full": ("the disk is full, under database, copy and log", "events `503`; log lines are lost"),
    "test_sqlite.py::test_quota": ("no file may grow", "events `503`; log lines are lost"),
    "test_sqlite.py::test_read_only_at_boot": ("the disk is read-only at the start", "from the copy on disk"),
    "test_sqlite.py::test_read_only_in_mid_load": (
        "the kernel gives the disk up; repaired, started again",
        "events `503`; what was acknowledged is there",
    ),
    "test_sqlite.py::test_corrupt": (
        "the SQLite file reads as garbage",
        "nothing more is acknowledged before the file was examined and is whole",
    ),
    "test_copy.py::test_without_a_good_copy_nobody_is_answered_until_the_database_is_back": (
        "started without the database, the copy damaged or missing",
        "`503` until the database is back",
    ),
    "test_copy.py::test_the_keys_of_a_copy_are_believed_for_a_day": (
        "started without the database, from a copy of 23 or 25 hours",
        "degraded; over 24 hours `401`",
    ),
    "test_copy.py::test_a_key_stays_revoked_when_the_copy_is_all_there_is": (
        "a key is revoked, the server killed at once and started without the database",
        "the key stays revoked",
    ),
    "test_copy.py::test_a_key_that_is_revoked_while_this_server_cannot_reach_the_database": (
        "a replica revokes a key while another has no database",
        "refused as soon as the database is heard of",
    ),
    "test_copy.py::test_a_full_disk_under_the_copy_keeps_no_revoked_key_alive": (
        "a key is revoked while the copy cannot be written",
        "the old copy goes; the key stays revoked",
    ),
    "test_clock.py::test_a_clock_that_jumps": (
        "the server's clock jumps by an hour, under load and between starts",
        "nothing; revoked keys stay revoked",
    ),
    "test_clock.py::test_events_of_callers_whose_clock_is_wrong": (
        "callers' clocks are an hour off",
        "the past is kept, the future becomes now",
    ),
    "test_kill.py::test_kill_9": (
        "`kill -9`, 50 times, half of them between commit and reply",
        "callers repeat; nothing is lost, counted or shown twice",
    ),
    "test_definitions.py::test_what_is_broken_is_off_alone": (
        "16 broken definitions appear in the database",
        "each is off alone, with a warning",
    ),
    "test_clients.py::test_clients": ("clients send or hold what they should not", "bounded; nobody else notices"),
}
HEAD = (
    "| Outage | What the server does | Variant | Decide calls, of them degraded | median · 99 % · longest, ms"
    " | Events acknowledged · put off · lost · doubled | Up after, s | Well again after, s |\n"
    "|---|---|---|--:|--:|--:|--:|--:|"
)


def rows(found: Iterable[Figures]) -> list[str]:
    """The lines of the table, in the order of ``ROWS``."""
    by_test: dict[str, list[Figures]] = {test: [] for test in ROWS}
    for figures in found:
        by_test[figures.test.partition("[")[0]].append(figures)
    return [_row(test, variant) for test, variants in by_test.items() for variant in variants]


def _row(test: str, of: Figures) -> str:
    outage, does = ROWS[test]
    name = of.test.partition("[")[2].rstrip("]")
    link = f"[{name or 'test'}](../tests/outages/{test.partition('::')[0]})"
    decides = f"{of.decides:,}, {of.degraded:,}" if of.decides else "–"
    times = f"{of.p50_ms:.1f} · {of.p99_ms:.0f} · {of.most_ms:.0f}" if of.decides else "–"
    events = f"{of.acknowledged:,} · {of.put_off} · {of.lost} · {of.twice}" if of.acknowledged else "–"
    cells = (outage, does, link, decides, times, events, _seconds(of.start_s), _seconds(of.recovery_s))
    return f"| {' | '.join(cells)} |"


def _seconds(told: float | None) -> str:
    return "–" if told is None else f"{told:.1f}"


def summary(found: list[Figures]) -> str:
    """What they come to together."""
    decides, faults = sum(f.decides for f in found), sum(f.faults for f in found)
    events, lost, twice = (sum(getattr(f, name) for f in found) for name in ("acknowledged", "lost", "twice"))
    slowest = max(f.most_ms for f in found if not f.restarted)
    return (
        f"{len(found)} outages, {decides:,} decide calls: {100 * (decides - faults) / decides:.2f} % answered"
        f" rightly or rightly degraded, the slowest in {slowest:.0f} ms while the server ran."
        f" {events:,} events acknowledged: {lost} lost, {twice} counted twice."
        f" {sum(f.kills for f in found)} processes and connections were killed."
    )


def machine() -> str:
    """When and on what."""
    cpu = re.search(r"model name\s*:\s*(.+)", _text(Path("/proc/cpuinfo")))
    memory = re.search(r"MemTotal:\s*(\d+)", _text(Path("/proc/meminfo")))
    parts = [
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{os.cpu_count()} cores {cpu[1] if cpu else platform.machine()}, shared with other work",
        f"{int(memory[1]) >> 20} GiB" if memory else "",
        f"{platform.system()} {platform.release().partition('-')[0]}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
    ]
    return "; ".join(part for part in parts if part) + "."


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main() -> int:
    """Run the tests; write the page only when all of them passed."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "tests/outages", "-q", "-n0", *sys.argv[1:]]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, FIGURES: folder}, check=False)
        found = read_figures(Path(folder))
    if done.returncode:
        return done.returncode
    table = "\n".join([f"{summary(found)} Measured {machine()}", "", HEAD, *rows(found)])
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
