"""Standing answers in the lake's folder, so that another process begins where this one was. They are made of facts and
never count as facts: whatever is not good any more is left aside and swept away."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from tailorbird import __version__
from tailorbird.domain.exports import Lineage, Numbers
from tailorbird.lake.links import Merged
from tailorbird.lake.manifest import State
from tailorbird.lake.place import Overtaken, Place
from tailorbird.lake.queries import ask

FOLDER = "answers"
#: goes up with every change of what the figures mean
FORM = 1
#: steps of the lake after which an answer that nobody asked for again is removed
OLD = 100_000


class View(msgspec.Struct, kw_only=True):
    """One question of a campaign, and its figures in parts."""

    #: without its ``now`` and ``recent_since``
    query: ask.Campaign
    #: the hour since when people are counted by hours
    since: int
    floors: dict[str, dict[str, float]]
    parts: dict[str, list[dict[str, Any]]]


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """The standing answers of one campaign, as of some numbers of a lake."""

    form: int = FORM
    release: str = __version__
    lake: str
    lineage: Lineage
    #: the manifest up to which nothing was taken from the files
    version: int
    numbers: Numbers
    #: the last merge of people that was known
    links: int
    #: and who was whom by then
    merged: bytes
    project: str
    campaign: str
    views: tuple[View, ...]

    def good(self, state: State, project: str) -> bool:
        """Whether all facts that it is made of are still those of the lake."""
        known = (self.form, self.release, self.lake, self.lineage, self.project)
        return (
            known == (FORM, __version__, state.lake, state.lineage, project)
            and state.taken.get(project, 0) <= self.version <= state.version
            and self.numbers == self.numbers.lesser(state.numbers)
        )


def save(place: Place, saved: Saved) -> None:
    """Write it, and remove what it takes the place of."""
    folder, key = _folder(saved.project), _key(saved.campaign)
    name = f"{key}-{saved.version:012}-{len(saved.views):03}{_END}"
    before = [one for one in place.names(folder) if one.startswith(key) and one < name]
    try:
        place.create(f"{folder}/{name}", _encode(saved))
    except Overtaken:
        return  # another process knows as much; what this one was asked besides comes with the next
    place.remove(f"{folder}/{one}" for one in before)


def load(place: Place, state: State, project: str, campaign: str) -> tuple[Saved, Merged] | None:
    """The newest one that is good, and who was whom by then."""
    import pyarrow as pa

    folder, key = _folder(project), _key(campaign)
    for name in reversed([name for name in place.names(folder) if name.startswith(key)]):
        try:
            saved = _decode(place.read(f"{folder}/{name}"))
            merged = Merged.unpacked(saved.merged)
        except (FileNotFoundError, msgspec.DecodeError, pa.ArrowException):
            continue
        if saved.good(state, project) and saved.campaign == campaign:
            return msgspec.structs.replace(saved, merged=b""), merged
    return None


def outdated(place: Place, state: State) -> list[str]:
    """The files whose facts were taken from the lake meanwhile, or that nobody needs any more."""
    found = []
    for one in place.walk(FOLDER):
        project = one.name.split("/")[1].removeprefix("project=")
        version = one.name.rpartition("/")[2].split("-")[1]
        least = max(state.taken.get(project, 0), state.version - OLD)
        if not version.isdecimal() or not least <= int(version) <= state.version:
            found.append(one.name)
    return found


_END = ".msgpack"


def _folder(project: str) -> str:
    return f"{FOLDER}/project={project}"


def _key(campaign: str) -> str:
    return hashlib.sha256(campaign.encode()).hexdigest()[:16]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Saved).decode
