"""The options that several commands share, each with its environment variable, and how times are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from cyclopts import Parameter

from tailorbird.cli.errors import Usage

PREFIX = "TAILORBIRD_"
#: where data goes when nobody says otherwise
DATA = Path("tailorbird-data")

Data = Annotated[
    Path, Parameter(env_var=f"{PREFIX}DATA", help="Folder in which everything is kept; made where it is missing.")
]
Database = Annotated[
    str,
    Parameter(
        env_var=f"{PREFIX}DATABASE",
        help="Address of the database instead of a file in --data: postgresql://user:password@host/name or"
        " sqlite:////srv/tailorbird.db.",
        show_default=False,
    ),
]
Json = Annotated[bool, Parameter(name="--json", help="Print JSON for scripts.", show_default=False)]
Project = Annotated[str, Parameter(help="Key or id of the project.")]
KeyId = Annotated[str, Parameter(help="Id of the key, as `tailorbird key list` shows it.")]

_SPAN = re.compile(r"^(\d{1,6})\s*([smhd])$")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Command(NamedTuple):
    """A command with the examples that end its help."""

    name: str
    run: Callable[..., Any]
    examples: str


def seconds(text: str, option: str) -> int:
    """A span such as ``90d``, ``12h``, ``30m`` or ``0s`` in seconds."""
    match = _SPAN.match(text.strip())
    if match is None:
        raise Usage(f"{option} takes a span such as 90d, 12h, 30m or 45s, not {text!r}.")
    return int(match[1]) * _SECONDS[match[2]]


def moment(text: str, option: str, now: int) -> int:
    """UTC milliseconds of a span from ``now`` or of an ISO 8601 time, which without an offset is UTC. It lies ahead."""
    if _SPAN.match(text.strip()):
        at = now + seconds(text, option) * 1000
    else:
        try:
            told = datetime.fromisoformat(text)
        except ValueError:
            raise Usage(f"{option} takes a time such as 2031-01-31 or a span such as 90d, not {text!r}.") from None
        at = int((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp() * 1000)
    if at <= now:
        raise Usage(f"{option} must lie ahead: {text} does not.")
    return at


def shown(ms: int) -> str:
    """UTC milliseconds as people read them, ``-`` for never."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC") if ms else "-"
