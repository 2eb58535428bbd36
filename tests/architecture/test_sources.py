"""What every source file keeps to: small rooms, small functions, a docstring, and no trace of one machine."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGE, ROOT, modules, room_of, tracked_texts

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
REFUSED_NAMES = frozenset({"util", "utils", "helper", "helpers", "manager", "managers", "service", "services"})
PURE_ROOMS = frozenset({"domain", "targeting", "templates", "decision", "profiles", "stats"})
AMBIENT = frozenset(
    {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid.uuid4"}
)
AMBIENT_MODULES = frozenset({"random", "secrets"})
INDEX_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("proxy", "golang", "org"),
        ("static", "crates", "io"),
    )
)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def ambient_uses(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if name.name in AMBIENT_MODULES)
            case ast.ImportFrom(module=str(module)) if module in AMBIENT_MODULES:
                yield module
            case ast.Attribute() if ".".join((dotted := ast.unparse(node)).split(".")[-2:]) in AMBIENT:
                yield dotted


def imported_packages(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module


@pytest.fixture(scope="module")
def sources() -> dict[Path, str]:
    found = modules()
    assert found, "no source file found: the checks below would prove nothing"
    return found


def test_files_stay_small(sources: dict[Path, str]) -> None:
    long = {str(path): text.count("\n") for path, text in sources.items() if text.count("\n") > MAX_FILE_LINES}
    assert not long, f"over {MAX_FILE_LINES} lines; split the room"


def test_functions_stay_small(sources: dict[Path, str]) -> None:
    long = [
        f"{path}:{function.lineno} {function.name} ({length} lines)"
        for path, text in sources.items()
        for function in functions(ast.parse(text))
        if (length := (function.end_lineno or function.lineno) - function.lineno + 1) > MAX_FUNCTION_LINES
    ]
    assert not long, f"over {MAX_FUNCTION_LINES} lines"


def test_every_module_tells_its_story(sources: dict[Path, str]) -> None:
    mute = [str(path) for path, text in sources.items() if not ast.get_docstring(ast.parse(text))]
    assert not mute, "no module docstring"


def test_no_room_is_named_for_being_useful(sources: dict[Path, str]) -> None:
    vague = [str(path) for path in sources if REFUSED_NAMES & {part.lower().strip("_") for part in _words(path)}]
    assert not vague, "name the room for what it holds"


def _words(path: Path) -> list[str]:
    return [word for part in path.with_suffix("").parts for word in part.split("_")]


def test_pure_rooms_take_time_and_chance_from_outside(sources: dict[Path, str]) -> None:
    ambient = [
        f"{path}: {use}"
        for path, text in sources.items()
        if room_of(path) in PURE_ROOMS
        for use in ambient_uses(ast.parse(text))
    ]
    assert not ambient, "take `now`, draws and ids as arguments"


def test_domain_stands_on_msgspec_alone(sources: dict[Path, str]) -> None:
    allowed = sys.stdlib_module_names | {"msgspec"}
    foreign = [
        f"{path}: {package}"
        for path, text in sources.items()
        if room_of(path) == "domain"
        for package in imported_packages(ast.parse(text))
        if package.partition(".")[0] not in allowed and not f"{package}.".startswith(f"{PACKAGE.name}.domain.")
    ]
    assert not foreign


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import time\ntime.time()", ["time.time"]),
        ("import datetime\ndatetime.datetime.now()", ["datetime.datetime.now"]),
        ("from datetime import datetime\ndatetime.now()", ["datetime.now"]),
        ("from random import choice", ["random"]),
        ("import secrets", ["secrets"]),
        ("from datetime import datetime\ndatetime.fromtimestamp(0)", []),
    ],
)
def test_the_search_for_ambient_time_finds_it(source: str, expected: list[str]) -> None:
    assert list(ambient_uses(ast.parse(source))) == expected


@pytest.fixture(scope="module")
def texts() -> dict[Path, str]:
    found = tracked_texts()
    assert ROOT / "pyproject.toml" in found, "the repository's files were not found"
    return found


def test_no_file_names_a_package_index(texts: dict[Path, str]) -> None:
    named = [
        f"{path.relative_to(ROOT)}: {host}" for path, text in texts.items() for host in INDEX_HOSTS if host in text
    ]
    assert not named, "which index serves the packages is the reader's own setting"


def test_no_file_names_a_place_on_one_machine(texts: dict[Path, str]) -> None:
    places = [f"{place}/" for place in (ROOT, Path.home()) if len(place.parts) > 1]
    named = [f"{path.relative_to(ROOT)}: {place}" for path, text in texts.items() for place in places if place in text]
    assert not named, "paths are relative, or asked of the system"


def test_every_locked_package_has_a_hash() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        entries = lock.read_text(encoding="utf-8").replace("\\\n", "").splitlines()
        assert entries
        unhashed = [entry for entry in entries if "--hash=sha256:" not in entry]
        assert not unhashed, lock.name
