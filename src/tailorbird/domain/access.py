"""Projects, API keys and signing keys: who may do what, as stored."""

from __future__ import annotations

from typing import Literal

import msgspec

Scope = Literal["decide", "record", "read", "manage"]
SCOPES: tuple[Scope, ...] = ("decide", "record", "read", "manage")


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant: the unit of isolation."""

    id: str
    #: unique, used in URLs
    key: str
    name: str
    created_at: int
    #: grows with every change of definitions, lists, keys or settings; processes poll it
    version: int = 0
    #: grows with every change of catalogue items
    items_version: int = 0


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as kept: never the secret, only its SHA-256."""

    id: str
    project: str
    #: who uses it; one client may hold two live secret keys at a time
    client: str
    #: SHA-256 of the secret
    digest: bytes
    scopes: tuple[Scope, ...]
    kind: Literal["secret", "publishable"] = "secret"
    created_at: int = 0
    #: UTC ms, 0 = never
    expires_at: int = 0
    #: UTC ms, for the record: a key that has such a time is revoked, whatever the clock says
    revoked_at: int = 0
    #: kept to the minute
    last_used_at: int = 0
    #: requests per second and burst, 0 = the server's default
    rate: float = 0.0
    burst: int = 0


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """Signs decision tokens. The newest signs; all that are not retired verify."""

    id: str
    project: str
    secret: bytes
    created_at: int
    #: UTC ms, 0 = in use
    retired_at: int = 0
