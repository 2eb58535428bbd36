"""Where the data is: a folder, or the address of a database. Says what this release does not have yet, before anything
is touched."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from tailorbird.cli.errors import Usage

#: the database file inside a data folder
FILE = "tailorbird.db"
_SQLITE = "sqlite:///"
_POSTGRES = ("postgres", "postgresql")


class Place(msgspec.Struct, frozen=True):
    """The folder that a server works in, and the database file."""

    folder: Path
    file: Path

    @property
    def exists(self) -> bool:
        """Whether there is a database already."""
        return self.file.exists() and self.file.stat().st_size > 0

    def must_exist(self) -> None:
        """``Usage`` where there is none, so that a typing mistake does not begin an empty database."""
        if not self.exists:
            raise Usage(
                f"There is no Tailorbird data in {self.folder}."
                ' Name the folder with --data, or begin one: tailorbird project create "My shop".'
            )


def place(data: Path, database: str = "") -> Place:
    """Where ``--data`` and ``--database`` lead."""
    if not database:
        return Place(data, data / FILE)
    scheme = urlsplit(database).scheme.partition("+")[0]
    if scheme in _POSTGRES:
        raise Usage(
            "PostgreSQL is not supported by this release: its store comes with the next one."
            " Without --database everything is kept in one SQLite file in the folder that --data names."
        )
    if not database.startswith(_SQLITE):
        raise Usage(
            f"--database takes an address such as sqlite:////var/lib/tailorbird/tailorbird.db, not {database!r}."
        )
    path = unquote(database.removeprefix(_SQLITE))
    if not path or "?" in path:
        raise Usage(f"--database names no file: {database!r}. Write sqlite:///relative.db or sqlite:////absolute.db.")
    file = Path(path)
    return Place(file.parent, file)
