"""What counts in a lake: a log of numbered manifests. Each is written once, last, and in one step; it is the commit.

A manifest names the files that it adds and removes, and how far the store is copied with it. Every 32nd names all
files, so that a reader begins there. Of two writers that would write the same number one wins; the other reads on and
begins anew. A file that no manifest names does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tailorbird.domain.errors import Conflict, Unavailable
from tailorbird.domain.exports import FactTable, Lineage, Numbers
from tailorbird.lake.place import Place

FOLDER = "manifests"
#: every so many manifests one names all files
WHOLE = 32


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Parquet file that counts."""

    path: str
    table: FactTable
    project: str
    #: of the facts' time: days since 1970
    day: int
    rows: int
    bytes: int
    #: least and greatest sequence number
    first: int
    last: int
    #: how many merges of small files led to it
    level: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a lake."""

    version: int
    #: UTC ms
    at: int
    #: id of the lake
    lake: str
    #: why: ``begin``, ``export``, ``merge``, ``erase``, ``expire``, ``restore``
    reason: str
    lineage: Lineage
    numbers: Numbers
    #: UTC ms of the last daily compaction
    compacted_at: int = 0
    #: project → the last version that took facts from it which had been there
    taken: dict[str, int] = {}
    #: ``added`` are all files there are, not only the new ones
    whole: bool = False
    added: tuple[File, ...] = ()
    removed: tuple[str, ...] = ()


class State(msgspec.Struct, frozen=True, kw_only=True):
    """A lake as of one manifest."""

    version: int
    at: int
    lake: str
    lineage: Lineage
    numbers: Numbers
    compacted_at: int
    taken: dict[str, int]
    files: dict[str, File]

    def of(self, project: str, table: FactTable) -> list[File]:
        """A project's files of one table."""
        return [file for file in self.files.values() if file.project == project and file.table == table]


class Log:
    """The manifests of a place. Keeps nothing: whoever reads often hands in what it knows."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def load(self, known: State | None = None) -> State | None:
        """The lake as it is now; None where nothing was ever committed. ``known`` spares reading what led to it."""
        versions = [int(name.removesuffix(".json")) for name in self._place.names(FOLDER) if name.endswith(".json")]
        if not versions:
            return None
        if known is not None and known.version == versions[-1]:
            return known
        start = max((one for one in versions if _is_whole(one)), default=0)
        if known is not None and known.version >= start:
            start, state = known.version + 1, known
        else:
            state = None
        if versions[-1] - start + 1 != sum(one >= start for one in versions):
            raise Unavailable("A manifest of the lake is missing.")
        for version in range(start, versions[-1] + 1):
            state = _after(state, self._read(version))
        return state

    def commit(self, state: State | None, manifest: Manifest) -> State:
        """Make a step; ``Overtaken`` when somebody else made one from the same state. Its files must be durable."""
        after = _after(state, manifest)
        if _is_whole(manifest.version):
            manifest = msgspec.structs.replace(manifest, whole=True, added=tuple(after.files.values()), removed=())
        self._place.create(_name(manifest.version), _encode(manifest))
        return after

    def forget(self, version: int) -> None:
        """Remove the manifests that nobody needs who knows the lake as of ``version``, or of somewhat before."""
        keep = (version - version % WHOLE) - WHOLE
        old = [name for name in self._place.names(FOLDER) if int(name.removesuffix(".json")) < keep]
        self._place.remove(f"{FOLDER}/{name}" for name in old)

    def _read(self, version: int) -> Manifest:
        try:
            return _decode(self._place.read(_name(version)))
        except FileNotFoundError:
            raise Unavailable("A manifest of the lake is missing.") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Unavailable(f"Manifest {version} of the lake cannot be read.") from None


def following(
    state: State, at: int, reason: str, *, added: Sequence[File] = (), removed: Iterable[str] = (), **changes: object
) -> Manifest:
    """The manifest that makes a step from ``state``; ``changes`` are of its other fields."""
    manifest = Manifest(
        version=state.version + 1,
        at=at,
        lake=state.lake,
        reason=reason,
        lineage=state.lineage,
        numbers=state.numbers,
        compacted_at=state.compacted_at,
        taken=state.taken,
        added=tuple(added),
        removed=tuple(removed),
    )
    return msgspec.structs.replace(manifest, **changes)


def taking(state: State, paths: Iterable[str]) -> dict[str, int]:
    """``taken`` of the step after ``state`` that takes facts out of these files."""
    return state.taken | {state.files[path].project: state.version + 1 for path in paths}


def _is_whole(version: int) -> bool:
    return version % WHOLE == 0 or version == 1


def _name(version: int) -> str:
    return f"{FOLDER}/{version:012}.json"


def _after(state: State | None, manifest: Manifest) -> State:
    if state is not None and state.lake != manifest.lake:
        raise Conflict("Manifests of two lakes lie in one folder.")
    files = {} if state is None or manifest.whole else dict(state.files)
    for path in manifest.removed:
        files.pop(path, None)
    files.update((file.path, file) for file in manifest.added)
    return State(
        version=manifest.version,
        at=manifest.at,
        lake=manifest.lake,
        lineage=manifest.lineage,
        numbers=manifest.numbers,
        compacted_at=manifest.compacted_at,
        taken=manifest.taken,
        files=files,
    )


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Manifest).decode
