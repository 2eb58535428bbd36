"""What an operation says of itself: who may call it, what it takes and gives. The OpenAPI document is made from it."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import msgspec

from tailorbird.domain.access import Scope
from tailorbird.domain.accounts import Role


class Stand(Enum):
    """Stands in an operation of all kinds of definitions for what differs from kind to kind."""

    #: the struct that it is written as
    BODY = "body"
    #: the form in which it is read
    VIEW = "view"
    #: a list of those
    VIEWS = "views"
    #: a page of those
    PAGE = "page"
    #: its example to create
    NEW = "new"
    #: its example to write over another
    CHANGED = "changed"


#: the operation's answer has no body
NOTHING = None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one operation that its handler's signature does not tell."""

    #: what a key needs; None = keys cannot call it
    scope: Scope | None
    #: what a session needs in the project; None = what follows from the scope
    role: Role | None = None
    #: of an operation of all kinds of definitions: the role that it takes for campaigns
    campaigns: Role | None = None
    #: who may call it where no scope is named: everybody, whoever is signed in, or owners of the installation
    who: Literal["everybody", "account", "owner"] = "everybody"
    #: whether somebody signed in may call it too: all but what backends ask all the time
    sessions: bool = True
    #: whether it belongs to one project, which sessions name in the query where the path does not
    of_project: bool = True
    #: struct of the request's body
    body: Any = NOTHING
    #: media types that the body may come as
    takes: tuple[str, ...] = ("application/json",)
    #: struct of the answer's body
    answer: Any = NOTHING
    gives: str = "application/json"
    status: int = 200
    #: statuses of its own errors, beside those that every operation of its form has
    errors: tuple[int, ...] = ()
    #: statuses other than ``status`` that come with the same body
    also: tuple[int, ...] = ()
    #: whether the answer may be 204: there is nothing to read
    maybe: bool = False
    #: whether ``If-Match`` names the version that a write was made from
    if_match: Literal["required", "optional"] | None = None
    #: whether the answer carries the version as ``ETag``
    etag: bool = False
    #: whether the answer tells where the new thing is
    location: bool = False
    #: body limit: the usual one, or the one for uploads
    upload: bool = False
    #: an example body
    example: Any = msgspec.UNSET
    #: further examples of the body, by name
    examples: dict[str, Any] = {}
    #: examples of path and query parameters that differ from the usual ones
    parameters: dict[str, Any] = {}

    @property
    def needed(self) -> Role:
        """The role that a session needs."""
        return self.role or ("viewer" if self.scope in (None, "read", "decide") else "editor")

    @property
    def is_public(self) -> bool:
        """Whether it asks for nobody."""
        return self.scope is None and self.who == "everybody"

    @property
    def in_project(self) -> bool:
        """Whether a session needs a role in a project for it."""
        return self.of_project and (self.scope is not None or self.role is not None)


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of definition as its routes see it."""

    kind: Literal["campaign", "audience", "template", "goal", "settings"]
    #: in addresses
    plural: str
    #: the struct it is written as
    body: Any
    #: key of the example
    key: str
    #: example to create, under a key of its own
    new: Any
    #: example to write over ``key``
    changed: Any
