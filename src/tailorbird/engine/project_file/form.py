"""The form of a project file: sections of definitions by key, each as our API has it, references by key."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import msgspec

from tailorbird.domain.campaign import Campaign
from tailorbird.domain.definitions import Audience, Goal, Kind, ProjectSettings, Template

#: of the file's form; a file of a later form is refused
FORMAT = 1
#: member of the file → kind, in the order of the file and of what may name what
SECTIONS: dict[str, Kind] = {"audiences": "audience", "goals": "goal", "templates": "template", "campaigns": "campaign"}
#: every member of a file, in its order
MEMBERS = ("tailorbird", "project", "settings", *SECTIONS)

Member = str | int | float | bool


class AudienceEntry(Audience, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """An audience; a list may bring its members."""

    #: of a list: all of its members; left out, the list stays as it is
    members: list[Member] | None = None


class ProjectFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A whole project, or the part of it that is kept as code."""

    #: the form of this file
    tailorbird: Literal[1]
    #: the project that it was written from; it may be applied to another one
    project: str = ""
    #: left out, the settings stay as they are
    settings: ProjectSettings | None = None
    #: key → audience
    audiences: dict[str, AudienceEntry] = {}
    #: key → goal
    goals: dict[str, Goal] = {}
    #: key → template
    templates: dict[str, Template] = {}
    #: key → campaign. Ids, salts, ranges, epochs and aliases are taken over where the campaign is new; where it is
    #: known, they stay as the server has them
    campaigns: dict[str, Campaign] = {}


class Names(msgspec.Struct, frozen=True):
    """What definitions are called in a file instead of by their ids."""

    #: id → key
    goals: dict[str, str]
    #: id → (key, newest version)
    templates: dict[str, tuple[str, int]]


def bare(value: Any) -> Any:
    """A definition, or a part of it, as plain values without what says no more than the default does."""
    if isinstance(value, msgspec.Struct):
        defaults = _defaults(type(value))
        told = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        return {
            shown: bare(part)
            for name, shown in told
            if (part := getattr(value, name)) != defaults.get(name, _NO_DEFAULT)
        }
    if isinstance(value, list | tuple):
        return [bare(part) for part in value]
    return {name: bare(part) for name, part in value.items()} if isinstance(value, dict) else value


_NO_DEFAULT = object()


@cache
def _defaults(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Field → default. Absent, where one is needed; UNSET, which is left out, is a default, too."""
    fields = msgspec.structs.fields(struct)
    made = {f.name: f.default_factory() for f in fields if f.default_factory is not msgspec.NODEFAULT}
    return made | {f.name: f.default for f in fields if f.default is not msgspec.NODEFAULT}


#: the order in which a reader looks for things; the rest follows as the struct has it
_FIRST = {
    "campaign": ("name", "id", "salt", "aliases", "status"),
    "rule": ("name", "id"),
    "experience": ("name", "id", "weight", "paused", "template"),
}
_LAST = {"campaign": ("rules",), "rule": ("experiences", "ranges", "epoch"), "experience": ("content", "locales")}


def plain(kind: Kind, body: Any, names: Names) -> dict[str, Any]:
    """A definition as it stands under its key in a file."""
    told: dict[str, Any] = bare(body)
    told.pop("key", None)
    if kind == "campaign":
        return _campaign(told, names)
    if kind == "goal":
        _whole(told, "window_days")
    return {"name": told.pop("name"), "id": told.pop("id"), **told} if "name" in told else told


def _campaign(told: dict[str, Any], names: Names) -> dict[str, Any]:
    told = {"status": "draft", "control": 5, **told}
    _whole(told, "control")
    for use in told.get("goals", ()):
        use["goal"] = names.goals.get(use["goal"], use["goal"])
    told["rules"] = [_rule(rule, names) for rule in told.get("rules", ())]
    return _ordered("campaign", told)


def _rule(rule: dict[str, Any], names: Names) -> dict[str, Any]:
    rule["experiences"] = [_experience(e, names) for e in rule.get("experiences", ())]
    return _ordered("rule", rule)


def _experience(experience: dict[str, Any], names: Names) -> dict[str, Any]:
    experience = {"weight": 1, **experience}
    _whole(experience, "weight")
    if "template" in experience:
        experience["template"] = _template(experience["template"], names)
    return _ordered("experience", experience)


def _template(ref: dict[str, Any], names: Names) -> dict[str, Any]:
    """By key, and instead of a version, which is a project's own, whether it is not the newest."""
    if ref["template"] not in names.templates:
        return ref
    key, newest = names.templates[ref["template"]]
    older = ref.get("older", False) or ref.get("version", newest) != newest
    return {"template": key, "older": True} if older else {"template": key}


def _ordered(what: str, told: dict[str, Any]) -> dict[str, Any]:
    first, last = _FIRST[what], _LAST[what]
    order = (*first, *(name for name in told if name not in first and name not in last), *last)
    return {name: told[name] for name in order if name in told}


def _whole(told: dict[str, Any], name: str) -> None:
    """``1`` instead of ``1.0``: a number of ours, which means the same; numbers in content stay as they are."""
    value = told.get(name)
    if isinstance(value, float) and value.is_integer():
        told[name] = int(value)
