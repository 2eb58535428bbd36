"""``tailorbird import``: people, events and items from files of any size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tailorbird.cli.errors import Usage
from tailorbird.cli.options import DATA, PREFIX, Command, Data, Database, Json

if TYPE_CHECKING:
    from tailorbird.cli.importing.mapping import Kind

#: some rows were not taken
REJECTED = 4
#: rows that a call takes
MOST = 1_000

Files = Annotated[Path, Parameter(help="CSV, JSON Lines or Parquet; the first two may be compressed with gzip.")]


@dataclass(frozen=True, kw_only=True)
class How:
    """The options of every import."""

    project: Annotated[str, Parameter(help="Key or id of the project.")]
    url: Annotated[
        str,
        Parameter(help="Address of a running server to import through, instead of --data.", show_default=False),
    ] = ""
    key: Annotated[
        str,
        Parameter(
            env_var=f"{PREFIX}KEY",
            help="Secret of a key for --url: with the scope record, for items manage.",
            show_default=False,
        ),
    ] = ""
    data: Data = DATA
    database: Database = ""
    map: Annotated[
        tuple[str, ...],
        Parameter(
            help="column=field or column=field:type, for each column whose name does not say it. No field leaves it"
            " out. A type is text, number, boolean or json.",
            show_default=False,
        ),
    ] = ()
    set: Annotated[
        tuple[str, ...], Parameter(help="field=text, the same in every row that does not tell it.", show_default=False)
    ] = ()
    format: Annotated[
        str, Parameter(help="csv, jsonl or parquet, where the name does not say it.", show_default=False)
    ] = ""
    delimiter: Annotated[
        str, Parameter(help="Between the cells of CSV. Seen in the header when absent.", show_default=False)
    ] = ""
    encoding: Annotated[str, Parameter(help="Of CSV, e.g. cp1252.")] = "utf-8"
    time_zone: Annotated[str, Parameter(help="Of times without an offset, e.g. Europe/Vienna.")] = "UTC"
    rejects: Annotated[
        Path | None,
        Parameter(
            help="File for the rows that are not taken, or a folder for such files. Beside each file when absent; the"
            " state of the import stands beside it.",
            show_default=False,
        ),
    ] = None
    batch: Annotated[int, Parameter(help="Rows in one call, at most 1,000.")] = MOST
    restart: Annotated[
        bool, Parameter(help="Begin anew, though an earlier run was not finished, or was.", show_default=False)
    ] = False
    json: Json = False


Options = Annotated[How, Parameter(name="*")]


def people(*files: Files, how: Options) -> int:
    """Set attributes of people, a row each; who was never seen begins with them.

    Columns `id` and `anonymous_id` say who; `time` says since when it is so, else it is so now. Every other column
    becomes an attribute of its name.
    """
    return _import("people", files, how)


def events(*files: Files, how: Options) -> int:
    """Record events, a row each. A row that was recorded before is counted once.

    Columns `visitor_id` and `anonymous_id` say who, `name` what and `time` when; `id` is the event's own id. Every
    other column becomes a property of its name.
    """
    return _import("events", files, how)


def items(*files: Files, how: Options) -> int:
    """Insert or replace catalogue items, a row each.

    Columns `id` and `type` are the item's; every other column becomes an attribute of its name.
    """
    return _import("items", files, how)


def _import(kind: Kind, files: tuple[Path, ...], how: How) -> int:
    from tailorbird.cli.importing.into import everything

    if not files:
        raise Usage(f"Name the files to import: tailorbird import {kind} FILE.")
    return REJECTED if everything(kind, files, how) else 0


_PEOPLE = """tailorbird import people customers.csv --project my-shop
tailorbird import people customers.csv --project my-shop --map customer_no=id --map zip=attributes.zip:text
tailorbird import people customers.parquet --project my-shop --url https://tailorbird.example --key $KEY"""
_EVENTS = """tailorbird import events orders.csv.gz --project my-shop --set name=order --time-zone Europe/Vienna
tailorbird import events 2030-*.jsonl --project my-shop --rejects rejected/ --json"""
_ITEMS = "tailorbird import items products.jsonl --project my-shop --set type=Product"

COMMANDS = (
    Command("people", people, _PEOPLE),
    Command("events", events, _EVENTS),
    Command("items", items, _ITEMS),
)
