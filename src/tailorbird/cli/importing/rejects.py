"""The rows that were not taken: as they stand in their file, with their line, the field and what is wrong with it. The
file can be corrected and imported as it is."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from tailorbird.cli.importing.mapping import REJECTED
from tailorbird.cli.importing.rows import Row

_LABELS = tuple(f"{REJECTED}.{name}" for name in ("line", "field", "error"))


class Flaw(NamedTuple):
    """A row, and why it was not taken."""

    row: Row
    field: str
    error: str


class Rejects:
    """A file that is made with its first row: CSV with the source's columns, or JSON Lines without ``columns``.

    ``kept`` is how much of an earlier run's file is true; the rest is cut off.
    """

    def __init__(self, path: Path, columns: Sequence[str], kept: int) -> None:
        self._path = path
        self._columns = columns
        self._size = kept
        if kept:
            os.truncate(path, kept)
        else:
            path.unlink(missing_ok=True)

    def add(self, flaws: Sequence[Flaw]) -> int:
        """Write rows; the length of the file when they are on the disk."""
        if flaws:
            text = self._csv(flaws) if self._columns else "".join(map(_json, flaws))
            with self._path.open("ab") as file:
                file.write(text.encode("utf-8", "backslashreplace"))
                file.flush()
                os.fsync(file.fileno())
                self._size = file.tell()
        return self._size

    def _csv(self, flaws: Iterable[Flaw]) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        if not self._size:
            writer.writerow((*_LABELS, *self._columns))
        for row, field, error in flaws:
            writer.writerow((row.line, field, error, *row.shown))
        return out.getvalue()


def _json(flaw: Flaw) -> str:
    told = {"line": flaw.row.line, "field": flaw.field, "error": flaw.error}
    shown = flaw.row.shown if isinstance(flaw.row.shown, dict) else {"text": flaw.row.shown}
    return json.dumps({REJECTED: told, **shown}, ensure_ascii=False, default=_text) + "\n"


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
