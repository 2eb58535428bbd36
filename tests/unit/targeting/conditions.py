"""Short ways to ask a condition, for the tests of this folder."""

from typing import Any

from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.targeting import EMPTY_LIBRARY, Library, Subject, compile_condition

#: Wednesday, 2026-06-10, 12:00 UTC
NOW = 1_781_092_800_000


def subject(attributes: dict[str, Any] | None = None, profile: Profile | None = None, **context: Any) -> Subject:
    told = {"visitor": Visitor(id="ada"), "now": NOW, **context}
    return Subject(Context(attributes=attributes or {}, **told), profile)


def matches(
    tree: Any, attributes: dict[str, Any] | None = None, *, library: Library = EMPTY_LIBRARY, **context: Any
) -> bool:
    return compile_condition(tree, library).match(subject(attributes, **context))
