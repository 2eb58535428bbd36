"""Keys in the forms of other services, mapped onto ours in this one place.

Whatever the form, what counts is our secret (``tb_…``) somewhere in it. Where a form has a second part (the user of
Basic, the prefix of ``<prefix>.<secret>``), it must name the key or its project: a mistyped one is refused and not
overlooked.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from urllib.parse import parse_qs

import msgspec

from tailorbird.domain.access import ApiKey, Scope
from tailorbird.domain.errors import Forbidden, Unauthorized
from tailorbird.engine import access
from tailorbird.engine.runtime import Runtime
from tailorbird.web import http
from tailorbird.web.http import Headers

_UNKNOWN = "The credentials are unknown, expired or revoked."


class Told(msgspec.Struct, frozen=True):
    """A secret as a request told it, and what came with it."""

    secret: str
    #: the user of Basic or the prefix of a key in two parts; empty where the form has none
    name: str = ""


def basic(headers: Headers) -> Told | None:
    """``Authorization: Basic base64(name:secret)``; ``Unauthorized`` when it is one that cannot be read."""
    scheme, _, told = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        name, colon, secret = b64decode(told.strip(), validate=True).decode().partition(":")
    except (Base64Error, ValueError):
        raise Unauthorized("The Authorization header is not Basic base64(name:secret).") from None
    if not colon:
        raise Unauthorized("The Authorization header is not Basic base64(name:secret).")
    return Told(secret, name)


def bearer(headers: Headers) -> Told | None:
    """``Authorization: Bearer <secret>``."""
    return scheme(headers, b"bearer")


def scheme(headers: Headers, name: bytes) -> Told | None:
    """``Authorization: <name> <secret>``, where the secret may have a prefix: ``<prefix>.<secret>``."""
    told, _, rest = headers.get(b"authorization", b"").partition(b" ")
    return prefixed(rest.strip().decode("latin-1")) if told.lower() == name and rest else None


def header(headers: Headers, name: bytes) -> Told | None:
    """A header that holds nothing but the secret, such as ``X-API-Key`` or a bare ``Authorization``."""
    told = headers.get(name, b"").strip()
    return prefixed(told.decode("latin-1")) if told else None


def query(query_string: bytes, name: str) -> Told | None:
    """``?<name>=<prefix>.<secret>``."""
    if not query_string:
        return None
    try:
        told = parse_qs(query_string.decode("latin-1"), max_num_fields=100).get(name)
    except ValueError:
        return None  # more fields than anybody sends
    return prefixed(told[0]) if told else None


def prefixed(text: str) -> Told:
    """``<prefix>.<secret>``, parted at the first dot; without a dot all of it is the secret."""
    name, dot, secret = text.partition(".")
    return Told(secret, name) if dot else Told(text)


def open_door(runtime: Runtime, told: Told | None) -> ApiKey:
    """The live secret key that was told, with one request taken from its budget.

    ``Unauthorized`` for none, for an unknown one, and where the name beside the secret is not the key's own.
    """
    if told is None:
        raise Unauthorized("Credentials are missing.")
    key = http.caller(runtime, told.secret)
    if told.name and told.name != key.id and not is_project(runtime, key, told.name):
        raise Unauthorized(_UNKNOWN)
    return key


def is_project(runtime: Runtime, key: ApiKey, name: str) -> bool:
    """Whether ``name`` is the id or the key of this API key's own project."""
    return name == key.project or runtime.project_ids.get(name) == key.project


def require_secret(key: ApiKey, scope: Scope) -> None:
    """Doors for servers take no publishable keys; ``Forbidden`` for those and without the scope."""
    if key.kind == "publishable":
        raise Forbidden("A publishable key is for browsers. Use a secret key here.")
    access.require(key, scope)
