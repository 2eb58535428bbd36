"""Named audiences and uploaded lists, compiled together because audiences may name each other.

A broken audience is off alone: whoever names it fails to compile, the others do not notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import Any

from tailorbird.domain.definitions import Audience
from tailorbird.domain.errors import Invalid, join_path
from tailorbird.domain.needs import Needs
from tailorbird.targeting.condition import Condition, compile_condition
from tailorbird.targeting.idlist import IdList
from tailorbird.targeting.predicate import predicate
from tailorbird.targeting.subject import UTC, Subject
from tailorbird.targeting.tree import Leaf

EMPTY_LIST = IdList()


class Library:
    """What a condition may name: audiences and lists, by key or id."""

    def __init__(
        self,
        audiences: Mapping[str, Condition] | None = None,
        lists: Mapping[str, IdList] | None = None,
        *,
        ids: Mapping[str, str] | None = None,
        broken: Mapping[str, Invalid] | None = None,
    ) -> None:
        self.audiences: Mapping[str, Condition] = audiences if audiences is not None else {}
        self.lists: Mapping[str, IdList] = lists if lists is not None else {}
        #: name → the one name that an audience or list is known by: its id
        self.ids: Mapping[str, str] = ids if ids is not None else {}
        #: by id
        self.broken: Mapping[str, Invalid] = broken if broken is not None else {}

    def audience_named(self, name: Any, path: str) -> tuple[str, Condition]:
        """The audience and its id; raises ``Invalid`` when there is none of that key or id, or when it is broken."""
        identity = self.ids.get(name, name) if isinstance(name, str) else ""
        error = self.broken.get(identity)
        if error is not None:
            cause = error.extra.get("cause", f"{name}, {error.detail}")
            detail = f"{path}: the audience {name} does not work; {cause}"
            raise Invalid(detail, problems=Invalid.field(path, "an audience that works", name).problems, cause=cause)
        found = self.audiences.get(name) if identity else None
        if found is None:
            raise Invalid.field(path, "the key of an audience", name)
        return identity, found

    def list_named(self, name: Any, path: str) -> tuple[str, IdList]:
        """The list and its id; raises ``Invalid`` when there is none of that key or id."""
        found = self.lists.get(name) if isinstance(name, str) else None
        if found is None:
            raise Invalid.field(path, "the key of a list audience", name)
        return self.ids.get(name, name), found


EMPTY_LIBRARY = Library()


def compile_audiences(
    audiences: Iterable[Audience], lists: Mapping[str, IdList], *, zone: tzinfo = UTC
) -> tuple[Library, dict[str, Invalid]]:
    """All audiences that compile, and by id why the others do not (a cycle is told with its whole chain).

    ``lists`` holds the uploaded members by list id (or key); a list audience without any is an empty list.
    """
    named = {name: each for each in audiences for name in (each.key, each.id) if name}
    compiled: dict[str, Condition] = {}
    known = dict(lists)
    broken: dict[str, Invalid] = {}
    library = Library(compiled, known, ids={name: _id(each) for name, each in named.items()}, broken=broken)
    for each in named.values():
        if each.type == "list":
            members = lists.get(each.id) or lists.get(each.key) or EMPTY_LIST
            known.update({name: members for name in (each.key, each.id) if name})
    for audience in _named_first(named, broken):
        try:
            condition = _compile(audience, library, zone)
        except Invalid as error:
            broken[_id(audience)] = error
        else:
            compiled.update({name: condition for name in (audience.key, audience.id) if name})
    return library, broken


def _compile(audience: Audience, library: Library, zone: tzinfo) -> Condition:
    if audience.type == "list":
        return list_condition(library.lists[_id(audience)])
    return compile_condition(audience.condition, library, "condition", zone=zone)


def _named_first(named: Mapping[str, Audience], broken: dict[str, Invalid]) -> Iterator[Audience]:
    """Every audience once, after those that it names. One that closes a circle goes to ``broken`` instead."""
    done: set[str] = set()
    for start in named.values():
        open_: dict[str, Iterator[tuple[Audience, str]]] = {}
        chain = [] if _id(start) in done else [start]
        while chain:
            audience = chain[-1]
            identity = _id(audience)
            following = next(open_.setdefault(identity, _names(audience, named)), None)
            if following is None:
                chain.pop()
                done.add(identity)
                if identity not in broken:
                    yield audience
                continue
            other, path = following
            if _id(other) in open_ and _id(other) not in done:
                circle = [_key(each) for each in chain[[_id(each) for each in chain].index(_id(other)) :]]
                expected = "audiences that do not name each other in a circle"
                broken[identity] = Invalid.field(path, expected, " → ".join([*circle, _key(other)]))
            elif _id(other) not in done:
                chain.append(other)


def _names(audience: Audience, named: Mapping[str, Audience]) -> Iterator[tuple[Audience, str]]:
    """The audiences that this one names, each with the path where it does."""
    waiting: list[tuple[Any, str, bool]] = [(audience.condition, "condition", False)]
    while waiting:
        tree, path, naming = waiting.pop()
        if isinstance(tree, dict):
            waiting += [(part, join_path(path, str(key)), naming or key == "$audience") for key, part in tree.items()]
        elif isinstance(tree, list):
            waiting += [(part, f"{path}[{index}]", naming) for index, part in enumerate(tree)]
        elif naming and isinstance(tree, str) and tree in named:
            yield named[tree], path


def _id(audience: Audience) -> str:
    return audience.id or audience.key


def _key(audience: Audience) -> str:
    return audience.key or audience.id


def list_condition(members: IdList) -> Condition:
    """Holds for a visitor one of whose ids, known or anonymous, from the request or the profile, is a member."""
    node = Leaf("", every_id, lambda ids: any(name in members for name in ids), "one of the list's members")
    return Condition(predicate(node), Needs(profile=True), frozenset(), {}, node)


def every_id(subject: Subject) -> list[str]:
    """All ids that the subject's person is known by."""
    visitor, profile = subject.context.visitor, subject.profile
    ids = [name for name in (visitor.id, visitor.anonymous_id) if name]
    return ids if profile is None else [*dict.fromkeys([*ids, *profile.ids, *profile.anonymous_ids])]
