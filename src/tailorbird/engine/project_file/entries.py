"""The entries of a file: decoded one by one, so that all that is wrong is told at once, and matched with what is there.

An entry means the definition of its id, else that of its key. Rules, experiences and messages without an id are those
of the same name; so a file that was written by hand may be applied again and again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from tailorbird.decision.problems import Problems
from tailorbird.domain import ids, shape
from tailorbird.domain.campaign import Campaign, Content, Experience, Message, Rule
from tailorbird.domain.definitions import Definition, Kind
from tailorbird.domain.errors import Invalid, join_path
from tailorbird.engine.lists import encoded_member
from tailorbird.engine.project_file.form import FORMAT, MEMBERS, SECTIONS
from tailorbird.engine.snapshot import DECODERS, Snapshot

ID_EXPECTED = "5 letters and digits, as the server made it, or no id"

_ID = re.compile(r"[A-Za-z0-9]{5}", re.ASCII)

Named = TypeVar("Named", Rule, Experience, Message)


def is_id(text: str) -> bool:
    """Whether a definition, a rule or an experience may be called so."""
    return _ID.fullmatch(text) is not None


class Entry(msgspec.Struct, kw_only=True):
    """One definition of the file on its way into the project."""

    kind: Kind
    key: str
    #: of the file, e.g. ``campaigns.home-hero``
    path: str
    #: as the file has it
    written: Any
    #: a campaign's status, where the file names one
    status: str | None = None
    #: JSON of each member of a list, sorted, where the file brings them
    members: list[str] | None = None
    #: the newest version in the project, deleted or not
    held: Definition | None = None
    #: whether ``held`` is in force
    live: bool = False
    id: str = ""
    #: whether the id is made by this run
    made: bool = False
    #: the body to store
    prepared: Any = None
    notes: tuple[str, ...] = ()

    @property
    def current(self) -> Any:
        """The body of ``held``; None for a new definition."""
        return DECODERS[self.kind].decode(self.held.body) if self.held is not None else None


def read_entries(document: Any, problems: Problems, list_limit: int) -> list[Entry]:
    """Everything that a document defines; what is wrong with its form goes to ``problems``."""
    if not isinstance(document, dict):
        raise Invalid.field("", "a project file: an object with the member tailorbird", document)
    if document.get("tailorbird") != FORMAT:
        problems.add(
            "tailorbird", f"{FORMAT}, the form of project files that this version reads", document.get("tailorbird")
        )
    for name in document:
        if name not in MEMBERS:
            problems.add(str(name), f"one of {', '.join(MEMBERS)}", detail=f"{name} is not known here. Is it misspelt?")
    found: list[Entry] = []
    if document.get("settings") is not None:
        found += _entry("settings", "settings", "settings", document["settings"], problems, list_limit)
    for section, kind in SECTIONS.items():
        told = document.get(section)
        if not isinstance(told, dict | None):
            problems.add(section, "an object of definitions by key", told)
            continue
        for key, body in (told or {}).items():
            if not ids.is_key(key):
                problems.add(f"{section}.{key}", f"a key of {ids.KEY_EXPECTED}", key)
                continue
            found += _entry(kind, key, f"{section}.{key}", body, problems, list_limit)
    return found


def _entry(kind: Kind, key: str, path: str, body: Any, problems: Problems, list_limit: int) -> list[Entry]:
    with problems.under(path):
        if not isinstance(body, dict):
            raise Invalid.field("", "an object", body)
        told = dict(body)
        members = told.pop("members", None) if kind == "audience" else None
        written = shape.read(DECODERS[kind].decode, msgspec.json.encode(told))
        if kind != "settings":
            if written.key not in ("", key):
                raise Invalid.field("key", f"{key}, or no key: the entry's name is its key", written.key)
            if not written.name.strip():
                raise Invalid.field("name", "a name", written.name)
            written = replace(written, key=key)
        entry = Entry(kind=kind, key=key, path=path, written=written, status=told.get("status"))
        if members is not None:
            entry.members = _members(written.type, members, list_limit)
        return [entry]
    return []


def _members(type_: str, told: Any, limit: int) -> list[str]:
    if type_ != "list":
        raise Invalid.field("members", "no members: only audiences of type list have them")
    if not isinstance(told, list):
        raise Invalid.field("members", "a list of members", told)
    if len(told) > limit:
        raise Invalid.field("members", f"at most {limit:,} members", f"{len(told):,}")
    try:
        return sorted({encoded_member(member, index) for index, member in enumerate(told)})
    except Invalid as error:
        raise error.under("members") from None


class Known:
    """What the project has, the deleted included."""

    def __init__(self, snapshot: Snapshot, everything: Sequence[Definition]) -> None:
        self._live = snapshot.definitions
        self._keys = {kind: {d.key: d for d in held.values()} for kind, held in snapshot.definitions.items()}
        self._deleted = {(d.kind, d.id): d for d in everything if d.deleted}
        self._meant: dict[tuple[Kind, str], str] = {}

    def identify(self, entry: Entry, new_id: Callable[[], str]) -> None:
        """Fill in which definition the entry means; ``Invalid`` where that cannot be."""
        if entry.kind == "settings":
            entry.id = "settings"
            entry.held = self._live["settings"].get("settings")
            entry.live = entry.held is not None
            return
        given = entry.written.id
        if given and not is_id(given):
            raise Invalid.field("id", ID_EXPECTED, given)
        same_key = self._keys[entry.kind].get(entry.key)
        entry.held = self._live[entry.kind].get(given) if given else same_key
        entry.live = entry.held is not None
        if not entry.live and given:
            if same_key is not None:
                expected = f"{same_key.id}, which has this key in the project, or no id to mean that one"
                raise Invalid.field("id", expected, given)
            entry.held = self._deleted.get((entry.kind, given))
        entry.id = entry.held.id if entry.held is not None else given or new_id()
        entry.made = entry.held is None and not given
        other = self._meant.setdefault((entry.kind, entry.id), entry.path)
        if other != entry.path:
            raise Invalid.field("id", f"an id of its own: {other} is the same definition", entry.id)


def given_ids(entries: Iterable[Entry]) -> Iterable[str]:
    """Every id that the file names."""
    for entry in entries:
        if entry.kind != "settings":
            yield entry.written.id
        if isinstance(entry.written, Campaign):
            for rule in entry.written.rules:
                yield rule.id
                yield from (experience.id for experience in rule.experiences)


def check_inner_ids(campaign: Campaign, problems: Problems) -> None:
    """The ids that a file gives to rules and experiences look like ids."""
    for i, rule in enumerate(campaign.rules):
        told = [
            (rule.id, f"rules[{i}]"),
            *((e.id, f"rules[{i}].experiences[{j}]") for j, e in enumerate(rule.experiences)),
        ]
        for given, path in told:
            if given and not is_id(given):
                problems.add(join_path(path, "id"), ID_EXPECTED, given)


# -- by name ----------------------------------------------------------------------------------------------------------


def with_known_ids(written: Campaign, held: Campaign) -> Campaign:
    """The campaign with the ids of ``held`` where the file names none."""
    rules = _named_as(written.rules, held.rules, lambda rule: rule.name)
    known = {rule.id: rule for rule in held.rules}
    return replace(written, rules=tuple(_rule(rule, known.get(rule.id)) for rule in rules))


def _rule(written: Rule, held: Rule | None) -> Rule:
    if held is None:
        return written
    experiences = _named_as(written.experiences, held.experiences, lambda experience: experience.name)
    known = {experience.id: experience for experience in held.experiences}
    return replace(written, experiences=tuple(_experience(e, known.get(e.id)) for e in experiences))


def _experience(written: Experience, held: Experience | None) -> Experience:
    if held is None:
        return written
    content = _content(written.content, held.content) if written.content is not None else None
    locales = {name: _content(told, held.locales.get(name)) for name, told in written.locales.items()}
    return replace(written, content=content, locales=locales)


def _content(written: Content, held: Content | None) -> Content:
    if held is None or not written.messages:
        return written
    return replace(written, messages=_named_as(written.messages, held.messages, lambda message: message.target))


def _named_as(written: Sequence[Named], held: Sequence[Named], name: Callable[[Named], str]) -> tuple[Named, ...]:
    """Those without an id get the id of the first of the same name that nobody else has."""
    taken = {each.id for each in written}
    free = [each for each in held if each.id not in taken]
    found: list[Named] = []
    for each in written:
        if not each.id and (same := next((one for one in free if name(one) == name(each)), None)) is not None:
            free.remove(same)
            each = replace(each, id=same.id)
        found.append(each)
    return tuple(found)
