"""Where the data is: a folder with a SQLite file, or a PostgreSQL database and a folder beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

from tailorbird.cli.errors import Usage

if TYPE_CHECKING:
    from tailorbird.store.contract import Store

#: the database file inside a data folder
FILE = "tailorbird.db"
_SQLITE = "sqlite:///"
_POSTGRES = ("postgres", "postgresql")


class Place(msgspec.Struct, frozen=True):
    """The folder that a server works in, and the database."""

    folder: Path
    #: the SQLite file; where ``url`` is given it is not used
    file: Path
    #: address of a PostgreSQL database; it holds a password and is not to be shown
    url: str = ""

    @property
    def shared(self) -> bool:
        """Whether several processes may serve from it."""
        return bool(self.url)

    @property
    def called(self) -> str:
        """What a sentence calls the database."""
        return "The PostgreSQL database" if self.url else str(self.file)

    @property
    def exists(self) -> bool:
        """Whether there is a database already. Of PostgreSQL the database itself says so when it is opened."""
        return bool(self.url) or (self.file.exists() and self.file.stat().st_size > 0)

    def store(self) -> Store:
        """The store over it, not yet open."""
        if self.url:
            from tailorbird.store.postgres import PostgresStore

            return PostgresStore(self.url)
        from tailorbird.store import SqliteStore

        return SqliteStore(self.file)

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
    if database.partition(":")[0].partition("+")[0] in _POSTGRES:
        return Place(data, data / FILE, _checked(database))
    if not database.startswith(_SQLITE):
        raise Usage(
            "--database takes an address such as postgresql://user:password@host/name or"
            f" sqlite:////var/lib/tailorbird/tailorbird.db, not {database!r}."
        )
    path = unquote(database.removeprefix(_SQLITE))
    if not path or "?" in path:
        raise Usage(f"--database names no file: {database!r}. Write sqlite:///relative.db or sqlite:////absolute.db.")
    file = Path(path)
    return Place(file.parent, file)


def _checked(url: str) -> str:
    """The address, which names a database. What is wrong with it is said without repeating it: it holds a password."""
    example = "Write postgresql://user:password@host:5432/name."
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it says whether it is a number
    except ValueError:
        raise Usage(f"--database is no address of a PostgreSQL database. {example}") from None
    if len(parts.path) < 2:
        raise Usage(f"--database names no database of the PostgreSQL server. {example}")
    return url
