"""A shell that runs the commands of a guide one block after the other, as a reader would."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.architecture.sources import ROOT

BIN = Path(sys.executable).parent
_MARK = "-- end of block --"
_STAND_IN = f"""#!/bin/sh
exec {shlex.quote(sys.executable)} {shlex.quote(str(ROOT / "tests" / "guides" / "curl.py"))} "$@"
"""


class Shell:
    """One ``sh`` in a folder of its own; the first command that fails ends it."""

    def __init__(self, folder: Path, process: "subprocess.Popen[str]", errors: Path) -> None:
        self.folder = folder
        self._process = process
        self._errors = errors

    def run(self, commands: str) -> str:
        """What the commands print."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{commands}\necho; echo '{_MARK}'\n")
        stdin.flush()
        lines: list[str] = []
        for line in stdout:
            if line.rstrip("\n") == _MARK:
                return "".join(lines)
            lines.append(line)
        raise AssertionError(f"failed: {commands}\n{''.join(lines)}\n{self._errors.read_text(encoding='utf-8')}")


def environment(folder: Path) -> dict[str, str]:
    """The commands of this environment first on the path, nothing of the reader's own settings, and a curl."""
    path = f"{BIN}:/usr/local/bin:/usr/bin:/bin"
    if shutil.which("curl", path=path) is None:
        stand_in = folder / "bin" / "curl"
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text(_STAND_IN, encoding="utf-8")
        stand_in.chmod(0o755)
        path = f"{stand_in.parent}:{path}"
    return {"PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), "TAILORBIRD_PORT": "0"}


@contextmanager
def shell(folder: Path) -> Iterator[Shell]:
    """A shell until the block ends."""
    errors = folder / "errors.txt"
    with errors.open("w") as sink:
        process = subprocess.Popen(
            ["/bin/sh", "-eu"],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
            encoding="utf-8",
        )
        try:
            yield Shell(folder, process, errors)
        finally:
            process.kill()
            process.communicate()


@contextmanager
def server(folder: Path, command: str) -> Iterator[str]:
    """What a guide's command starts, until the block ends; yields where it answers, which is any free port."""
    process = subprocess.Popen(
        shlex.split(command),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        yield _address(process, command)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _address(process: "subprocess.Popen[str]", command: str) -> str:
    assert process.stderr is not None
    told = []
    for line in process.stderr:
        if " answers on " in line:
            return line.partition(" answers on ")[2].split()[0]
        told.append(line)
    raise AssertionError(f"{command} ended: {''.join(told)}")
