"""What the tables of the schema are made of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import REAL, BigInteger, Column, Double, ForeignKey, Integer, LargeBinary, MetaData, Text
from sqlalchemy.types import TypeEngine

metadata = MetaData()

INT = BigInteger().with_variant(Integer(), "sqlite")
TEXT = Text().with_variant(Text(collation="C"), "postgresql")
BYTES = LargeBinary()
FLOAT: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")

#: every table checks the types of its values
STRICT: dict[str, Any] = {"sqlite_strict": True}
#: the primary key is the table: one B-tree instead of two, right for narrow rows
CLUSTERED: dict[str, Any] = {**STRICT, "sqlite_with_rowid": False}
#: sequence numbers are never given twice, even after the newest row was removed
NUMBERED: dict[str, Any] = {**STRICT, "sqlite_autoincrement": True}


def integer(name: str, **options: Any) -> Column[int]:
    """A whole number."""
    return Column(name, INT, nullable=False, **options)


def words(name: str, *, nullable: bool = False, **options: Any) -> Column[str]:
    """A text."""
    return Column(name, TEXT, nullable=nullable, **options)


def blob(name: str, *, nullable: bool = False, **options: Any) -> Column[bytes]:
    """Bytes."""
    return Column(name, BYTES, nullable=nullable, **options)


def sequence(name: str = "seq") -> Column[int]:
    """Sequence numbers, given by the database."""
    return Column(name, INT, primary_key=True, autoincrement=True)


def of_project(**options: Any) -> Column[str]:
    """A definition's project must exist. Facts do not check it: their project was resolved from a key."""
    return Column("project", TEXT, ForeignKey("projects.id"), nullable=False, **options)
