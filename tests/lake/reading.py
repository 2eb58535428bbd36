"""What a lake holds, read file by file without the code under test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from pyarrow import parquet


def manifests(folder: Path) -> list[dict[str, Any]]:
    return [msgspec.json.decode(path.read_bytes()) for path in sorted((folder / "manifests").glob("*.json"))]


def counted(folder: Path) -> list[str]:
    """The files that count, by what the manifests say."""
    held: dict[str, Any] = {}
    for manifest in manifests(folder):
        if manifest.get("whole"):
            held = {}
        for path in manifest.get("removed", ()):
            held.pop(path, None)
        held.update((file["path"], file) for file in manifest.get("added", ()))
    return sorted(held)


def rows(folder: Path, table: str, paths: list[str] | None = None) -> list[dict[str, Any]]:
    """All rows of the files that count, by number, each with its project and day."""
    found: list[dict[str, Any]] = []
    for path in counted(folder) if paths is None else paths:
        kind, project, day = path.split("/")[1:4]
        if kind == table:
            more = {"project": project.removeprefix("project="), "_day": day.removeprefix("day=")}
            with parquet.ParquetFile(folder / path) as file:
                found += [row | more for row in file.read().to_pylist()]
    return sorted(found, key=lambda row: row["seq"])


def everything(folder: Path) -> list[str]:
    """Every Parquet file in the folder, whether it counts or not."""
    return sorted(str(path.relative_to(folder)) for path in folder.glob("facts/**/*.parquet"))
