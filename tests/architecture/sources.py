"""The repository's own files, as the architecture tests read them."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "tailorbird"
LARGEST_TEXT = 2_000_000  # bytes; more than that is data, not writing


def modules() -> dict[Path, str]:
    """Every Python source of the package, by its path inside the package."""
    return {path.relative_to(PACKAGE): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


def room_of(path: Path) -> str:
    """The room that a module belongs to: its first folder, or its own name at the top."""
    return path.parts[0].removesuffix(".py")


def tracked_texts() -> dict[Path, str]:
    """Every text file that version control knows (all files outside hidden folders where there is none)."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not any(part.startswith(".") for part in path.parts)]
    texts = {}
    for path in paths:
        if path.is_file() and path.stat().st_size <= LARGEST_TEXT:
            try:
                texts[path] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # a picture or another binary file
    return texts
