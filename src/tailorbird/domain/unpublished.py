"""What somebody is writing and has not published: one draft per definition, kept as one types, without versions."""

from __future__ import annotations

import msgspec

from tailorbird.domain.definitions import Kind


class Unpublished(msgspec.Struct, frozen=True, kw_only=True):
    """A draft. It may be incomplete and wrong: nothing is served from it."""

    project: str
    kind: Kind
    #: of the definition
    id: str
    #: a JSON object, as it was sent
    body: msgspec.Raw
    #: the version of the definition that it was begun from
    base: int
    #: grows with every write, from 1
    revision: int
    author: str
    #: UTC ms
    at: int
