"""One file, from its first row to its last: read, made into bodies, sent in batches; each batch is noted as done."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from tailorbird.cli.errors import Usage
from tailorbird.cli.importing import state as states
from tailorbird.cli.importing.bodies import Bodies
from tailorbird.cli.importing.cells import Type, type_of_column
from tailorbird.cli.importing.doors import CALL_BYTES, Door, Outcome
from tailorbird.cli.importing.mapping import Kind, Target, check
from tailorbird.cli.importing.rejects import Flaw, Rejects
from tailorbird.cli.importing.rows import START, Position, Reader, Row, fingerprint, format_of, open_reader
from tailorbird.cli.importing.state import State
from tailorbird.cli.progress import Advance, progress
from tailorbird.domain.errors import Invalid

#: rows whose cells tell the types of CSV columns
_SAMPLE = 1_000

_encode = msgspec.json.Encoder().encode


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How files are imported."""

    kind: Kind
    told: dict[str, Target]
    constants: dict[str, str]
    zone: str
    batch: int
    format: str
    delimiter: str
    encoding: str
    restart: bool
    #: file of rejected rows, or a folder for such; absent: beside each file
    rejects: Path | None
    #: nothing but the answer is printed
    silent: bool

    def purpose(self, door: Door) -> str:
        """What makes it this import and no other."""
        parts = (self.kind, door.name, self.told, self.constants, self.zone, self.format, self.delimiter, self.encoding)
        return _encode(parts).decode()

    def rejects_of(self, file: Path, kind: str) -> Path:
        """Where the rejected rows of a file go."""
        stem = file.name.removesuffix(".gz").rpartition(".")[0] or file.name
        name = f"{stem}.rejected.{'csv' if kind == 'csv' else 'jsonl'}"
        if self.rejects is None:
            path = file.with_name(name)
        else:
            path = self.rejects / name if self.rejects.is_dir() else self.rejects
        if path.resolve() == file.resolve():
            raise Usage(f"{file} cannot be its own file of rejected rows: choose another one by --rejects.")
        return path


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a file, over all runs that it took."""

    file: str
    rows: int
    accepted: int
    duplicates: int
    rejected: int
    seconds: float
    columns: dict[str, str] = {}
    rejects: str | None = None
    #: an earlier run had begun it / had finished it
    resumed: bool = False
    already: bool = False


async def import_file(file: Path, plan: Plan, door: Door) -> Summary:
    """Import a file, or what is left of it."""
    began = time.monotonic()
    kind = format_of(file, plan.format)
    rejects = plan.rejects_of(file, kind)
    noted = rejects.with_name(f"{rejects.name}.state")
    with closing(open_reader(file, kind, delimiter=plan.delimiter, encoding=plan.encoding)) as reader:
        state = _begun(file, noted, plan, door)
        resumed = state.position != START
        bodies = _bodies(reader, plan, state)
        columns = {name: _shown(bodies.target(name)) for name in reader.columns}
        already = state.done
        if not already:
            check_columns(plan, reader, bodies)
            _say(plan, file, columns, state, resumed)
            work = _Work(plan, door, reader, bodies, state, noted)
            work.rejects = Rejects(rejects, reader.columns if reader.untyped else (), state.rejects_bytes)
            with progress(file.name, shown=not plan.silent) as advance:
                await work.run(advance)
    return Summary(
        file=str(file),
        rows=state.rows,
        accepted=state.accepted,
        duplicates=state.duplicates,
        rejected=state.rejected,
        seconds=round(time.monotonic() - began, 3),
        columns=columns,
        rejects=str(rejects) if state.rejected else None,
        resumed=resumed and not already,
        already=already,
    )


def _begun(file: Path, noted: Path, plan: Plan, door: Door) -> State:
    """The import to go on with, or a new one."""
    purpose, source = plan.purpose(door), fingerprint(file)
    held = None if plan.restart else states.read(noted)
    if held is not None and held.source == source:
        if held.purpose == purpose:
            return held
        if not held.done:
            raise Usage(
                f"{file} was begun in another way: other options, or to another place. Say the same again to go on,"
                " or --restart to begin anew."
            )
    return State(purpose=purpose, source=source, run=secrets.token_hex(6))


def check_columns(plan: Plan, reader: Reader, bodies: Bodies) -> None:
    """``Usage`` where the columns cannot be what every row needs. Of JSON Lines each row is judged by itself."""
    if not reader.columns:
        return
    missing = [
        name for name in plan.told if name not in reader.columns and name.partition(".")[0] not in reader.columns
    ]
    if missing:
        raise Usage(
            f"--map names columns that are not there: {', '.join(missing)}. There are: {', '.join(reader.columns)}."
        )
    targets = {name: bodies.target(name) for name in (*reader.columns, *plan.told)}
    check(plan.kind, targets, plan.constants)


def _bodies(reader: Reader, plan: Plan, state: State) -> Bodies:
    if reader.untyped and not state.types:
        state.types = _types(reader)
    return Bodies(
        plan.kind,
        plan.told,
        plan.constants,
        zone=ZoneInfo(plan.zone),
        types=state.types,
        untyped=reader.untyped,
        made_id=lambda line: f"import-{state.run}-{line:012}",
    )


def _types(reader: Reader) -> dict[str, Type]:
    cells: dict[str, list[str]] = {name: [] for name in reader.columns}
    for number, row in enumerate(reader.rows(START)):
        if number == _SAMPLE:
            break
        for name, cell in (row.values or {}).items():
            cells[name].append(cell)
    return {name: type_of_column(found) for name, found in cells.items()}


def _shown(target: Target) -> str:
    return f"{target.field}:{target.type}" if target.type else target.field


def _say(plan: Plan, file: Path, columns: Mapping[str, str], state: State, resumed: bool) -> None:
    """What people may want to stop it for."""
    if plan.silent:
        return
    if columns:
        told = ", ".join(f"{name} -> {field or 'left out'}" for name, field in columns.items())
        print(f"{file.name}: {told}", file=sys.stderr)
    if columns and plan.kind == "events" and "time" not in (*columns.values(), *plan.constants):
        print(f"{file.name}: no column leads to time, so these events count as happening now.", file=sys.stderr)
    if resumed:
        print(f"{file.name}: going on behind line {state.position.line:,}.", file=sys.stderr)


class _Work:
    """What is collected until the next batch is full."""

    rejects: Rejects

    def __init__(self, plan: Plan, door: Door, reader: Reader, bodies: Bodies, state: State, noted: Path) -> None:
        self._plan = plan
        self._send = door.items if plan.kind == "items" else door.events
        self._reader = reader
        self._bodies = bodies
        self._state = state
        self._noted = noted
        self._rows: list[Row] = []
        self._batch: list[bytes] = []
        self._flaws: list[Flaw] = []
        self._size = 0

    async def run(self, advance: Advance) -> None:
        """Until the last row is done."""
        states.write(self._noted, self._state)
        position = self._state.position
        for row, body, flaw in self._made(position):
            if self._is_full(body):
                await self._flush(position)
                advance(*self._reader.done())
            if flaw is None:
                self._rows.append(row)
                self._batch.append(body)
                self._size += len(body)
            else:
                self._flaws.append(flaw)
            position = row.after
        self._state.done = True
        await self._flush(position)
        advance(1, 1)

    def _made(self, position: Position) -> Iterator[tuple[Row, bytes, Flaw | None]]:
        for row in self._reader.rows(position):
            if row.values is None:
                yield row, b"", Flaw(row, "", row.error)
                continue
            try:
                yield row, _encode(self._bodies.body(row.values, row.line)), None
            except Invalid as error:
                yield row, b"", Flaw(row, error.problems[0].field if error.problems else "", error.detail)
            except (TypeError, ValueError, OverflowError, RecursionError) as error:
                yield row, b"", Flaw(row, "", f"it cannot be written as JSON: {error}")

    def _is_full(self, body: bytes) -> bool:
        count = len(self._batch) + len(self._flaws)
        return count >= self._plan.batch or (count > 0 and self._size + len(body) > CALL_BYTES)

    async def _flush(self, position: Position) -> None:
        """Send what was collected, then note that it is done."""
        state = self._state
        outcome = await self._send(self._batch) if self._batch else Outcome(0)
        flaws = self._flaws + [Flaw(self._rows[one.index], one.field, one.error) for one in outcome.refused]
        flaws.sort(key=lambda flaw: flaw.row.line)
        state.rejects_bytes = self.rejects.add(flaws)
        state.rows += len(self._batch) + len(self._flaws)
        state.accepted += outcome.accepted
        state.duplicates += outcome.duplicates
        state.rejected += len(flaws)
        state.position = position
        states.write(self._noted, state)
        self._rows, self._batch, self._flaws, self._size = [], [], [], 0
