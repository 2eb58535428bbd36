"""Rows that are lines: CSV and JSON Lines, plain or compressed with gzip.

A row that cannot be read spoils no other one: after a quote that is never closed, reading goes on at the next line.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec

from tailorbird.cli.errors import Failed
from tailorbird.cli.importing.rows import ROW_BYTES, Position, Row
from tailorbird.domain.errors import Invalid
from tailorbird.domain.shape import check_nesting

_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"
_DELIMITERS = ",;\t|"
_LONG = f"a row of at most {ROW_BYTES:,} bytes"
#: what stands for a byte that is no text
_UNREADABLE = re.compile(r"[\udc80-\udcff]")
_SHOWN = 1_000


class Lines:
    """The lines of a file, each with its number and where it ends; some can be put back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._raw = path.open("rb")
        head = self._raw.read(3)
        self._raw.seek(0)
        if head[:2] in _UTF16:
            self._raw.close()
            raise Failed(f"{path} is UTF-16. Convert it: iconv -f UTF-16 -t UTF-8.")
        packed = head[:2] == _GZIP
        self._text = cast(io.BufferedIOBase, gzip.GzipFile(fileobj=self._raw) if packed else self._raw)
        self._back: deque[tuple[bytes, int]] = deque()
        self._read = 0
        #: behind the line that was taken last
        self.offset = 0
        self.number = 0

    def seek(self, position: Position) -> None:
        """Go on behind a position."""
        self._back.clear()
        self._read = self.offset = position.offset
        self.number = position.line
        with self._sound():
            self._text.seek(position.offset)

    def take(self) -> bytes | None:
        """The next line; None at the end. Of one that is too long its beginning: it is longer than ``ROW_BYTES``."""
        if self._back:
            line, self.offset = self._back.popleft()
        else:
            with self._sound():
                line = self._text.readline(ROW_BYTES + 1)
                self._read += len(line) + self._skip_rest(line)
            if not line:
                return None
            if self.offset == 0:
                line = line.removeprefix(_BOM)
            self.offset = self._read
        self.number += 1
        return line

    def put_back(self, lines: list[tuple[bytes, int]], offset: int) -> None:
        """Take these again, in this order; ``offset`` is where the first of them begins."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)
        self.offset = offset

    def done(self) -> tuple[int, int]:
        """Bytes of the file read, and all."""
        return self._raw.tell(), self.size

    def close(self) -> None:
        """Let go of the file."""
        self._text.close()
        self._raw.close()

    def _skip_rest(self, line: bytes) -> int:
        skipped = 0
        while len(line) > ROW_BYTES and not line.endswith(b"\n"):
            line = self._text.readline(ROW_BYTES + 1)
            skipped += len(line)
        return skipped

    def _sound(self) -> _Sound:
        return _Sound(self)


class _Sound:
    """What is wrong with a compressed file, in words."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (EOFError, zlib.error, gzip.BadGzipFile)):
            raise Failed(
                f"{self._lines.path} is damaged or cut short behind line {self._lines.number:,}."
                " What came before that was read."
            ) from error


class CsvReader:
    """Comma-separated values with a header; the delimiter is told, or seen in the header."""

    untyped = True

    def __init__(self, path: Path, delimiter: str, encoding: str) -> None:
        csv.field_size_limit(ROW_BYTES)
        self._lines = Lines(path)
        self._encoding = encoding
        self._delimiter = delimiter
        try:
            header = self._header()
        except BaseException:
            self._lines.close()
            raise
        self.columns = tuple(name.strip() for name in header)
        self._body = Position(self._lines.offset, self._lines.number)

    def _header(self) -> list[str]:
        first = self._lines.take() or b""
        self._lines.seek(Position())
        if not self._delimiter:
            self._delimiter = max(_DELIMITERS, key=lambda mark: first.count(mark.encode()))
        cells, error, _ = self._record()
        name = self._lines.path
        if error or not cells:
            raise Failed(f"{name}: its first line is no header: {error or 'it is empty'}.")
        if any(_UNREADABLE.search(cell) for cell in cells):
            raise Failed(f"{name}: its header is no {self._encoding} text. Say in which --encoding it is, e.g. cp1252.")
        twice = sorted({cell for cell in cells if cells.count(cell) > 1})
        if twice:
            raise Failed(f"{name}: these columns stand in its header twice: {', '.join(twice)}.")
        return cells

    def rows(self, begin: Position) -> Iterator[Row]:
        """The records behind ``begin``; empty lines are none."""
        lines = self._lines
        lines.seek(begin if begin.line else self._body)
        while True:
            line = lines.number + 1
            cells, error, ended = self._record()
            if ended:
                return
            after = Position(lines.offset, lines.number)
            if error:
                yield Row(line, None, error, [_readable(cell) for cell in cells], after)
            elif cells:
                yield self._row(line, cells, after)

    def _row(self, line: int, cells: list[str], after: Position) -> Row:
        if any(_UNREADABLE.search(cell) for cell in cells):
            error = f"expected {self._encoding} text; is it in another --encoding?"
        elif len(cells) != len(self.columns):
            error = f"expected {len(self.columns)} cells, got {len(cells)}"
        else:
            return Row(line, dict(zip(self.columns, cells, strict=True)), "", cells, after)
        return Row(line, None, error, [_readable(cell) for cell in cells], after)

    def _record(self) -> tuple[list[str], str, bool]:
        """Its cells, what is wrong with it, and whether there was none. A flawed one is its first line alone."""
        taken: list[tuple[bytes, int]] = []

        def feed() -> Iterator[str]:
            size = 0
            while (line := self._lines.take()) is not None:
                taken.append((line, self._lines.offset))
                size += len(line)
                if size > ROW_BYTES:
                    raise csv.Error(f"expected {_LONG}, got more")
                yield line.decode(self._encoding, "surrogateescape")

        try:
            cells = next(csv.reader(feed(), delimiter=self._delimiter, strict=True))
        except StopIteration:
            return [], "", True
        except csv.Error as error:
            if not taken:
                raise
            self._lines.put_back(taken[1:], taken[0][1])
            text = taken[0][0][:_SHOWN].decode(self._encoding, "surrogateescape").rstrip("\r\n")
            return [text], _reason(str(error)), False
        return cells, "", False

    def done(self) -> tuple[int, int]:
        """Bytes."""
        return self._lines.done()

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()


class JsonReader:
    """JSON Lines: one object on each line."""

    untyped = False
    columns: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self._lines = Lines(path)
        first = self._lines.take() or b""
        if first.lstrip()[:1] == b"[":
            self._lines.close()
            raise Failed(f"{path} is one list. JSON Lines have one object on each line: jq -c '.[]' makes them.")

    def rows(self, begin: Position) -> Iterator[Row]:
        """The lines behind ``begin``; empty ones are none."""
        lines = self._lines
        lines.seek(begin)
        while (line := lines.take()) is not None:
            text = line.strip()
            if text:
                values, error = _object(text)
                shown = values if values is not None else _readable(text[:_SHOWN].decode("utf-8", "surrogateescape"))
                yield Row(lines.number, values, error, shown, Position(lines.offset, lines.number))

    def done(self) -> tuple[int, int]:
        """Bytes."""
        return self._lines.done()

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()


def _object(text: bytes) -> tuple[dict[str, Any] | None, str]:
    if len(text) > ROW_BYTES:
        return None, f"expected {_LONG}, got more"
    try:
        check_nesting(text)
        values = msgspec.json.decode(text)
    except Invalid as error:
        return None, error.detail
    except UnicodeDecodeError:
        return None, "expected UTF-8 text"
    except (msgspec.DecodeError, RecursionError) as error:
        return None, f"expected JSON: {str(error).removeprefix('JSON is malformed: ')}"
    return (values, "") if isinstance(values, dict) else (None, "expected an object")


def _reason(told: str) -> str:
    if told.startswith("unexpected end of data") or "expected after" in told:
        return "a quote stands where none may, or is never closed"
    if told.startswith("field larger than"):
        return f"expected {_LONG}, got more"
    return told


def _readable(text: str) -> str:
    """Text that can be written again, whatever bytes it holds."""
    return _UNREADABLE.sub(lambda match: f"\\x{ord(match[0]) - 0xDC00:02x}", text)
