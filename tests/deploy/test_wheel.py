"""The wheel is the whole product: built from what the repository holds, installed where there is no Node, it serves the
console."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tailorbird.web.console import Console
from tests.cli.commands import serving

ROOT = Path(__file__).parents[2]
BUILT = Path("src", "tailorbird", "web", "console")


def run(*words: str | Path, cwd: Path, **more: str) -> str:
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env={**os.environ, **more}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made from the files of the repository alone, and the console as it was built last: building it takes longer than
    all of this."""
    if not Console().built:
        pytest.skip("The console is not built: make console")
    if not (ROOT / ".git").exists():
        pytest.skip("This is no clone, so nobody says which files are the repository's.")
    clean = tmp_path_factory.mktemp("clean")
    for name in run("git", "ls-files", "-z", cwd=ROOT).split("\0"):
        if name and not name.startswith("tests/") and (ROOT / name).is_file():
            (clean / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clean / name)
    assert not (clean / BUILT).exists(), "what is built is no file of the repository"
    shutil.copytree(ROOT / BUILT, clean / BUILT, copy_function=shutil.copyfile)  # newer than its sources
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", cwd=clean, PATH="")
    (made,) = (clean / "dist").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`tailorbird` of a fresh environment, which finds what it stands on where the tests do."""
    fresh = tmp_path_factory.mktemp("fresh")
    venv.create(fresh, with_pip=False, symlinks=True)
    python = fresh / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel, cwd=fresh)
    (packages,) = fresh.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    place = run(python, "-c", "import tailorbird; print(tailorbird.__file__)", cwd=fresh)
    assert Path(place.strip()).is_relative_to(packages)
    return fresh / "bin" / "tailorbird"


def test_the_wheel_holds_the_console_as_it_was_built(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        held = {name for name in packed.namelist() if name.startswith("tailorbird/web/console/")}
        page = packed.read("tailorbird/web/console/index.html")
    built = {path.relative_to(ROOT / BUILT) for path in (ROOT / BUILT).rglob("*") if path.is_file()}
    assert held == {f"tailorbird/web/console/{path.as_posix()}" for path in built}
    assert page == (ROOT / BUILT / "index.html").read_bytes()


def test_what_is_installed_serves_the_console_without_node(command: Path, tmp_path: Path) -> None:
    assert shutil.which("node", path=str(command.parent)) is None
    with serving("--data", str(tmp_path), command=str(command), PATH=str(command.parent)) as server:
        where = urlsplit(server.address)

        def got(path: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
            connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            body = answer.read()
            connection.close()
            return answer.status, told, body

        status, headers, page = got("/")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        nonce = re.search(r"'nonce-([^']+)'", headers["content-security-policy"])
        assert nonce is not None
        assert nonce[1].encode() in page
        assert b"__NONCE__" not in page
        assert got("/p/any/campaigns")[0] == 200
        names = re.findall(rb'(?:src|href)="(/assets/[^"]+)"', page)
        assert any(name.endswith(b".js") for name in names)
        for name in names:
            status, headers, body = got(name.decode(), **{"accept-encoding": "gzip"})
            assert (status, headers.get("content-encoding"), body[:2]) == (200, "gzip", b"\x1f\x8b")
        assert got("/v1/setup")[0] == 200
