"""Errors on the wire: RFC 9457 problem details. This is the one place where an exception becomes a status.

``KINDS`` lists every problem this server can answer with; docs/errors.md and ``/docs/errors`` are written from it.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException

from tailorbird.domain import errors
from tailorbird.domain.definitions import Definition
from tailorbird.domain.errors import Conflict, Invalid, NotFound, Problem, TailorbirdError
from tailorbird.domain.shape import expectation, invalid
from tailorbird.domain.unpublished import Unpublished

#: a raw ASGI header
Header = tuple[bytes, bytes]

JSON: Header = (b"content-type", b"application/json")
PROBLEM: Header = (b"content-type", b"application/problem+json")
#: on every answer; what is a page says so itself and gets a policy of its own
SECURE: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
NO_STORE: Header = (b"cache-control", b"private, no-store")


class PreconditionRequired(TailorbirdError):
    """An update must say which version it was made from."""

    status = 428
    title = "Version required"


class UnsupportedMediaType(TailorbirdError):
    """The body comes in a form that this endpoint does not read."""

    status = 415
    title = "Unsupported media type"


class MethodNotAllowed(TailorbirdError):
    """The path is right, the method is not."""

    status = 405
    title = "Method not allowed"


class RequestTimeout(TailorbirdError):
    """The body did not arrive in time."""

    status = 408
    title = "The request came too slowly"


class HeadTooLarge(TailorbirdError):
    """The request's line and headers are over their limit."""

    status = 431
    title = "The headers are too large"


class Kind(msgspec.Struct, frozen=True):
    """One kind of problem, for the documents."""

    slug: str
    status: int
    title: str
    meaning: str
    remedy: str


def _kind(slug: str, error: type[TailorbirdError], meaning: str, remedy: str) -> Kind:
    return Kind(slug, error.status, error.title, meaning, remedy)


KINDS: tuple[Kind, ...] = (
    _kind(
        "invalid",
        Invalid,
        "The body, a parameter or a definition is not of the expected form.",
        "`errors` names every field that is wrong, what was expected there and what came. Correct them and send again.",
    ),
    _kind(
        "unauthorized",
        errors.Unauthorized,
        "No key came with the request, or one that is unknown, revoked or expired; or nobody is signed in any more.",
        "Send `Authorization: Bearer <key>`. `tailorbird key create` makes a new key. In the console: sign in.",
    ),
    _kind(
        "forbidden",
        errors.Forbidden,
        "The key is good, but not for this: it lacks the scope, or it is a publishable key. Or who is signed in lacks "
        "the role; or the request did not come from the console's own page.",
        "Use a key with the scope that the operation's documentation names; ask an admin of the project for the role.",
    ),
    _kind(
        "not-found",
        NotFound,
        "There is no such path, or no such thing in the project of this key.",
        "Check the spelling. Things of other projects are never found.",
    ),
    _kind(
        "method-not-allowed",
        MethodNotAllowed,
        "The path exists, but not with this method.",
        "`Allow` lists the methods of this path.",
    ),
    _kind(
        "timeout",
        RequestTimeout,
        "Headers or body did not arrive within the time that the server grants: 10 seconds unless set otherwise.",
        "Send the request without pauses, or the body in smaller parts.",
    ),
    _kind(
        "conflict",
        Conflict,
        "Somebody else wrote the definition meanwhile, or the name is taken.",
        "`expected_version` is the version you named, `current_version` the newest one and `current` its content. "
        "Read, merge and send again with the newest version.",
    ),
    _kind(
        "too-large",
        errors.TooLarge,
        "The body, or a part of it, is over its limit.",
        "Send it in several calls.",
    ),
    _kind(
        "headers-too-large",
        HeadTooLarge,
        "The request's line and headers hold more than 64 KiB together.",
        "Send fewer and shorter headers; what is large belongs into the body.",
    ),
    _kind(
        "unsupported-media-type",
        UnsupportedMediaType,
        "The body is compressed, or not JSON.",
        "Send `Content-Type: application/json` without a `Content-Encoding`.",
    ),
    _kind(
        "version-required",
        PreconditionRequired,
        "An update does not say which version it was made from, so it could overwrite what somebody else wrote.",
        'Send `If-Match: "<version>"` with the version that you read.',
    ),
    _kind(
        "rate-limited",
        errors.RateLimited,
        "The key used up its requests, a limit that each process of the server keeps for itself; or somebody tried to "
        "sign in too often, a limit of all processes together.",
        "Wait for as many seconds as `Retry-After` says.",
    ),
    _kind(
        "internal",
        TailorbirdError,
        "Something went wrong in the server. It is logged there.",
        "Nothing was acknowledged; the same request may be sent again.",
    ),
    _kind(
        "unavailable",
        errors.Unavailable,
        "It could not be made durable now, or no definitions were ever loaded. Nothing was acknowledged.",
        "Send the same request again after `Retry-After` seconds; events with an id are counted once.",
    ),
)
_SLUGS = {kind.status: kind.slug for kind in KINDS}


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong, as RFC 9457 has it."""

    #: names the kind of problem; the documentation describes each
    type: str
    #: the same for every problem of the kind
    title: str
    #: the HTTP status
    status: int
    #: one sentence about this very problem
    detail: str
    #: every field that is wrong
    errors: tuple[Problem, ...] = ()
    #: of a conflict: the version that the caller named
    expected_version: int | None = None
    #: of a conflict: the newest version
    current_version: int | None = None
    #: of a conflict: the newest version's content
    current: Any = msgspec.UNSET


def problem_type(status: int) -> str:
    """The ``type`` of problems with this status: a reference into the served documentation."""
    return f"/docs/errors#{_SLUGS.get(status, 'internal')}"


def understood(error: Exception) -> TailorbirdError | None:
    """The error as one of ours; None when nobody foresaw it, which is a fault of this server."""
    if isinstance(error, TailorbirdError):
        return error
    if isinstance(error, msgspec.DecodeError | UnicodeDecodeError | RecursionError):
        return invalid(error, b"")
    if isinstance(error, HTTPException):
        return _of_litestar(error)
    return None


def _of_litestar(error: HTTPException) -> TailorbirdError | None:
    if isinstance(error, ValidationException):
        return _parameters(error)
    if isinstance(error, NotFoundException):
        return NotFound("There is nothing at this path.")
    if isinstance(error, MethodNotAllowedException):
        return MethodNotAllowed("This path does not take this method.")
    return Invalid(str(error.detail)) if error.status_code < 500 else None


def _parameters(error: ValidationException) -> Invalid:
    """A query or path parameter of the wrong form."""
    told = error.extra if isinstance(error.extra, list) else []
    problems = tuple(_parameter(part) for part in told if isinstance(part, dict))
    return Invalid("; ".join(p.detail for p in problems) or str(error.detail), problems=problems)


def _parameter(told: dict[str, Any]) -> Problem:
    field, expected = str(told.get("key", "")), expectation(str(told.get("message", "")))
    return Problem(field=field, expected=expected, detail=f"{field}: expected {expected}")


def details(error: TailorbirdError) -> ProblemDetails:
    """The body of the answer to an error."""
    found: dict[str, Any] = {}
    if isinstance(error, Conflict):
        found = _versions(error.extra)
    return ProblemDetails(
        type=problem_type(error.status),
        title=error.title,
        status=error.status,
        detail=error.detail,
        errors=error.problems,
        **found,
    )


def _versions(extra: dict[str, Any]) -> dict[str, Any]:
    """Both versions of a lost optimistic lock, whichever way the error tells them."""
    found: dict[str, Any] = {}
    expected, current = extra.get("expected"), extra.get("current")
    if isinstance(expected, int):
        found["expected_version"] = expected
    if isinstance(current, Definition):
        found |= {"current_version": current.version, "current": current.body}
    elif isinstance(current, Unpublished):
        found |= {"current_version": current.revision, "current": current.body}
    elif isinstance(current, int):
        found["current_version"] = current
    return found


def render(error: Exception) -> tuple[int, list[Header], bytes]:
    """Status, headers and body of the answer to any exception; an unforeseen one tells nothing but that it happened."""
    known = understood(error) or TailorbirdError("The server met a fault that it did not foresee. It was logged.")
    body = msgspec.json.encode(details(known))
    headers = [PROBLEM, (b"content-length", str(len(body)).encode()), NO_STORE, *SECURE]
    if known.status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="tailorbird"'))
    if known.status in (408, 413):  # what is left of the body is not read
        headers.append((b"connection", b"close"))
    seconds = getattr(known, "retry_after", None)
    if seconds is not None:
        headers.append((b"retry-after", str(max(1, math.ceil(seconds))).encode()))
    return known.status, headers, body
