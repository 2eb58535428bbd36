"""What a caller can do wrong, as one small tree of exceptions.

    TailorbirdError
    ├── Invalid        400  the request or a definition is not of the expected form
    ├── Unauthorized   401  no key, an unknown key, a revoked key
    ├── Forbidden      403  the key lacks a scope, or belongs to another project
    ├── NotFound       404
    ├── Conflict       409  somebody else wrote meanwhile, or the name is taken
    ├── TooLarge       413
    ├── RateLimited    429
    └── Unavailable    503  the store cannot make it durable now; try again
        └── Damaged         what is stored of somebody cannot be read

Content problems (a template that finds no value, a rule that breaks) are never exceptions: they are reasons on a
decision. ``web.http`` is the one place that turns these into HTTP problem details.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with an input: where, what was expected, what came."""

    #: path of the value inside the input, e.g. ``rules[0].audience.plan.$in``
    field: str = ""
    #: in words, e.g. ``a list of at most 10,000 values``
    expected: str = ""
    #: a short rendering of what came instead
    got: str = ""
    #: the sentence for a person
    detail: str = ""


class TailorbirdError(Exception):
    """Base of everything a caller can be told about. ``detail`` is one sentence for a person."""

    status = 500
    title = "Internal error"

    def __init__(self, detail: str = "", *, problems: tuple[Problem, ...] = (), **extra: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.problems = problems
        self.extra = extra


class Invalid(TailorbirdError):
    """The input is not of the expected form. ``problems`` names every field that is wrong."""

    status = 400
    title = "Invalid input"
    #: the part of a batch that could not be decoded, as it came, for the log of refused events; callers are not told
    came: bytes = b""
    #: what that part is called where the parts around it say so
    called: str = ""

    def of(self, came: bytes, called: str = "") -> Invalid:
        """The same error, with what could not be decoded."""
        self.came, self.called = came, called
        return self

    @classmethod
    def field(cls, field: str, expected: str, got: object = "", detail: str = "") -> Invalid:
        """One wrong field: ``Invalid.field("rules[0].weight", "a number from 0", -1)``."""
        text = got if isinstance(got, str) else shorten(got)
        sentence = detail or f"{field or 'the input'}: expected {expected}" + (f", got {text}" if text else "")
        return cls(sentence, problems=(Problem(field=field, expected=expected, got=text, detail=sentence),))

    def under(self, prefix: str) -> Invalid:
        """The same error with ``prefix`` in front of every path (``rules[0].audience`` + ``plan`` → both)."""
        moved = tuple(msgspec.structs.replace(p, field=join_path(prefix, p.field)) for p in self.problems)
        made = type(self)(f"{prefix}: {self.detail}" if prefix else self.detail, problems=moved, **self.extra)
        return made.of(self.came, self.called)


class Unauthorized(TailorbirdError):
    """No usable key came with the request."""

    status = 401
    title = "Authentication required"


class Forbidden(TailorbirdError):
    """The key is good, but not for this."""

    status = 403
    title = "Not allowed"


class NotFound(TailorbirdError):
    """There is no such thing in this project."""

    status = 404
    title = "Not found"


class Conflict(TailorbirdError):
    """Somebody else wrote meanwhile (``extra`` carries both versions), or a unique name is taken."""

    status = 409
    title = "Conflict"


class TooLarge(TailorbirdError):
    """The body, or a part of it, is over its limit."""

    status = 413
    title = "Too large"


class RateLimited(TailorbirdError):
    """Too often for now, a key's token bucket being empty for example; ``retry_after`` is in seconds."""

    status = 429
    title = "Too many requests"

    def __init__(self, retry_after: float, whose: str = "this key") -> None:
        super().__init__(f"The limit of {whose} is reached. Try again in {retry_after:.1f} s.")
        self.retry_after = retry_after


class Unavailable(TailorbirdError):
    """It could not be made durable, or no snapshot was ever loaded. Nothing was acknowledged; try again."""

    status = 503
    title = "Temporarily unavailable"

    def __init__(self, detail: str = "", *, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Damaged(Unavailable):
    """What is stored of one person or thing cannot be read; others can."""


def shorten(value: object, limit: int = 80) -> str:
    """A short JSON-like rendering of any value, for error texts."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def join_path(head: str, tail: str) -> str:
    """``rules[0]`` + ``audience`` → ``rules[0].audience``; ``rules`` + ``[0]`` → ``rules[0]``."""
    if not head or not tail:
        return head or tail
    return head + tail if tail.startswith("[") else f"{head}.{tail}"
