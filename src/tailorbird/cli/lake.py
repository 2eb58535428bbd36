"""``tailorbird lake``: how the facts for analysis are, and how they are begun anew."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from tailorbird.cli.alone import alone
from tailorbird.cli.errors import Usage
from tailorbird.cli.options import DATA, PREFIX, Command, Data, Database, Json, shown
from tailorbird.cli.place import Place, place
from tailorbird.cli.tool import print_json, print_table, quiet

if TYPE_CHECKING:
    from tailorbird.domain.exports import Facts
    from tailorbird.lake.place import Place as Folder

LakeUrl = Annotated[
    str,
    Parameter(
        env_var=f"{PREFIX}LAKE_URL",
        help="Folder of the lake, or an address such as s3://bucket/lake; the one in --data when absent.",
        show_default=False,
    ),
]
Force = Annotated[bool, Parameter(help="Remove the lake that is there.", show_default=False)]


def status(*, lake_url: LakeUrl = "", data: Data = DATA, database: Database = "", json: Json = False) -> None:
    """Tell how far the lake is, and what is in it."""
    from tailorbird.lake.keeper import status as told

    where, folder, facts = _opened(lake_url, data, database)
    try:
        now = told(folder, facts)
    finally:
        facts.close()
    lag = max(0.0, time.time() - now.waiting_since / 1000) if now.waiting_since else 0.0
    if json:
        held = {table: {"files": one.files, "rows": one.rows, "bytes": one.bytes} for table, one in now.held.items()}
        exported = {table: now.numbers.of(table) for table in ("events", "exposures", "sightings")}
        print_json(
            {
                "lake": now.lake or None,
                "version": now.version,
                "changed_at": now.at,
                "exported": exported,
                "lag_seconds": round(lag, 3),
                "held": held,
            }
        )
    elif not now.lake:
        print(f"There is no lake yet. A server on {where.folder} begins it.")
    else:
        print(f"Lake {now.lake}, version {now.version:,}, changed {shown(now.at)}.")
        print(f"The oldest event that is not in it waits for {lag:,.0f} s." if lag else "Every event is in it.")
        rows = [
            (table, f"{now.numbers.of(table):,}", f"{one.rows:,}", f"{one.files:,}", f"{one.bytes:,}")  # type: ignore[arg-type]
            for table, one in now.held.items()
        ]
        print_table(("FACTS", "EXPORTED TO", "ROWS", "FILES", "BYTES"), rows)


def compact(*, lake_url: LakeUrl = "", data: Data = DATA, database: Database = "") -> None:
    """Export what is new, and merge whatever is in several files of one day."""
    _, folder, facts = _opened(lake_url, data, database)
    try:
        turn = _turns(folder, facts, compact=True)
    finally:
        facts.close()
    print(f"Done: version {turn.version:,}.")


def rebuild(*, lake_url: LakeUrl = "", force: Force = False, data: Data = DATA, database: Database = "") -> None:
    """Begin a new lake from what is in the database. No server may run meanwhile.

    Facts that have left the database (retention_days) are in the old lake only.
    """
    from tailorbird.domain.exports import Exported
    from tailorbird.lake.keeper import discard

    where, folder, facts = _opened(lake_url, data, database)
    try:
        with alone(where, "Stop it first."):
            if folder.names("manifests"):
                if not force:
                    raise Usage("There is a lake already. Say --force to remove it and begin anew.")
                discard(folder)
            facts.note_exported(Exported(lake=""))
            turn = _turns(folder, facts, compact=True)
    finally:
        facts.close()
    numbers = turn.numbers
    print(f"Done: events up to {numbers.events:,}, exposures up to {numbers.exposures:,}.")


def _turns(folder: Folder, facts: Facts, *, compact: bool) -> Any:
    """Turns until there is nothing left to do."""
    from tailorbird.lake.keeper import Keeper
    from tailorbird.lake.wire import Rules

    keeper = Keeper(folder, facts)
    while (turn := keeper.turn(Rules(compact=compact))).more:
        pass
    return turn


def _opened(lake_url: str, data: Any, database: str) -> tuple[Place, Folder, Facts]:
    from tailorbird.cli.server import LAKE
    from tailorbird.engine.lakeprocess import facts
    from tailorbird.lake.place import Place as Folder

    quiet()
    where = place(data, database)
    where.must_exist()
    return where, Folder(lake_url or str(where.folder / LAKE)), facts(where.url or str(where.file))()


COMMANDS = (
    Command("status", status, "tailorbird lake status\ntailorbird lake status --data /var/lib/tailorbird --json"),
    Command("compact", compact, "tailorbird lake compact"),
    Command("rebuild", rebuild, "tailorbird lake rebuild --force\ntailorbird lake rebuild --lake-url s3://bucket/lake"),
)
