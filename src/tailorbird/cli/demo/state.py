"""What the demo remembers between two starts, in a file beside its database that only its owner can read."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from tailorbird.cli.errors import Failed

FILE = "demo.json"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One demo. The days stay as they were at the first start: sent again, an order is the same order."""

    #: the demo's key, which may do everything in its project
    secret: str
    #: by how many days all dates were shifted
    days: int
    #: whether the whole year was recorded
    loaded: bool = False
    #: audience key → the customer who is shown for it
    customers: dict[str, str] = {}
    #: the keys of the shop beside it: its backend's, and the one that stands in its pages
    shop_secret: str = ""
    page_key: str = ""


def read(folder: Path) -> State | None:
    """The demo in ``folder``; None where none was begun."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise Failed(f"{folder / FILE} is damaged ({error}). Remove the folder {folder} and start again.") from error


def write(folder: Path, state: State) -> State:
    """Replace the file in one step, readable by its owner only."""
    fresh = folder / f".{FILE}.new"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(state))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / FILE)
    return state
