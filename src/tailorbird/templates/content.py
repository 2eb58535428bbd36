"""Content: compiled when it is published, rendered when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from tailorbird.domain.campaign import Content
from tailorbird.domain.decision import Rendered, RenderedMessage
from tailorbird.domain.needs import Needs
from tailorbird.templates.compiler import Compiler
from tailorbird.templates.limits import MAX_CONTENT
from tailorbird.templates.messages import CompiledMessage, compile_messages, payload_of
from tailorbird.templates.parts import Part
from tailorbird.templates.run import Run
from tailorbird.templates.values import Values


class CompiledContent(msgspec.Struct, frozen=True, kw_only=True):
    """Content ready to render, for any number of visitors at once."""

    #: what must be gathered before it can be rendered
    needs: Needs
    #: the whole payload as JSON when nothing in it depends on the visitor or the catalogue
    static: bytes | None = None
    #: catalogue items named outright, in rows and in templates
    item_ids: frozenset[str] = frozenset()
    #: whether it reads the names of the visitor's audiences
    audiences: bool = False
    #: whether a missing value withholds
    strict: bool = True
    body: Part | None = None
    messages: tuple[CompiledMessage, ...] = ()
    #: what every visitor gets, where ``static`` is given
    settled: Rendered | None = None


def compile_content(
    content: Content,
    path: str = "",
    *,
    roots: Collection[str] | None = None,
    partials: Mapping[str, str] | None = None,
) -> CompiledContent:
    """``content`` ready to render. Raises ``Invalid`` that names every part that is wrong, with its path and line.

    ``roots`` and ``partials`` are for tests of the language itself: other root names (``Values.roots`` then answers to
    them), and templates that ``include`` and ``render`` may load. Published content has neither.
    """
    compiler = Compiler(path, roots, partials)
    has_body = content.body is not msgspec.UNSET
    if has_body == bool(content.messages):
        compiler.wrong("", "either a body or at least one message", "both" if has_body else "neither")
    elif (size := len(compiler.encode(content))) > MAX_CONTENT:
        compiler.wrong("", f"at most {MAX_CONTENT:,} bytes of JSON", f"{size:,} bytes")
    compiler.raise_problems()
    body = compiler.part(content.body, "body") if has_body else None
    messages = compile_messages(content.messages, compiler)
    compiler.raise_problems()
    static, settled = None, None
    if body is None and not any(message.made for message in messages):
        delivered = tuple(message.settled() for message in messages)
        static = compiler.encode(content.body if has_body else payload_of(delivered))
        settled = Rendered(payload=msgspec.Raw(static), messages=delivered)
    return CompiledContent(
        needs=compiler.names.needs,
        static=static,
        item_ids=compiler.names.item_ids,
        audiences=compiler.names.audiences,
        strict=content.on_missing == "withhold",
        body=body,
        messages=messages,
        settled=settled,
    )


def render(compiled: CompiledContent, values: Values) -> Rendered:
    """What the content is for one visitor. Never raises: what cannot be shown is withheld, and ``missing`` says why.

    The payload always encodes as JSON. Messages are withheld one by one; a body is withheld as a whole.
    """
    if compiled.settled is not None:
        return compiled.settled
    if compiled.body is not None:
        run = Run(values, compiled.strict)
        payload = _attempt(compiled.body, run, "body")
        return Rendered(missing=tuple(run.missing)) if run.missing else Rendered(payload=payload)
    shown: list[RenderedMessage] = []
    missing: dict[str, None] = {}
    for index, message in enumerate(compiled.messages):
        run = Run(values, compiled.strict, len(compiled.messages))
        made = _attempt(message.render, run, f"messages[{index}]")
        missing.update(run.missing)
        if not run.missing:
            shown.append(made)
    return Rendered(payload=payload_of(shown) if shown else None, messages=tuple(shown), missing=tuple(missing))


def _attempt(make: Callable[[Run], Any], run: Run, where: str) -> Any:
    """What ``make`` makes; where it breaks, the run notes why."""
    try:
        return make(run)
    except Exception as error:  # noqa: BLE001 - values come from outside and filters from a library: one bad value is one reason
        run.fail(f"{where}: {_sentence(error)}")
        return None


def _sentence(error: Exception) -> str:
    """What an exception says of itself, in one line and without python-liquid's pointers into the source."""
    said = error.args[0] if error.args else ""
    if isinstance(said, Exception) and said.args:
        said = said.args[0]
    return said if isinstance(said, str) and said else type(error).__name__
