"""The Liquid that content may hold: parsed and checked once, rendered many times within limits."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any, TextIO

from liquid import BoundTemplate, DictLoader, RenderContext
from liquid import Environment as PlainEnvironment
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions.primitive import Blank, Empty
from liquid.static_analysis import TemplateAnalysis
from liquid.token import TOKEN_OUTPUT
from liquid.undefined import Undefined

from tailorbird.templates import filters
from tailorbird.templates.limits import MAX_LOCALS, MAX_PARTIALS, Budget
from tailorbird.templates.plain import text, unicode
from tailorbird.templates.run import Run
from tailorbird.templates.tree import Print, made_over
from tailorbird.templates.values import Record

#: They load other templates, and content stands alone.
_LOADING_TAGS = ("include", "render")


class Context(RenderContext):
    """The names that one template sees, and the run that pays."""

    __slots__ = ("run",)
    run: Run

    @classmethod
    def of(cls, template: BoundTemplate, run: Run) -> Context:
        """A fresh context of ``template`` in ``run``."""
        context = cls(template, globals=run.values.roots)
        context.run = run
        return context

    def copy(self, *args: Any, **kwargs: Any) -> Context:
        """The context of a partial, paid by the same run."""
        copied: Any = super().copy(*args, **kwargs)
        copied.run = self.run
        return copied  # type: ignore[no-any-return]

    def assign(self, key: str, val: Any) -> None:
        """Set a variable."""
        self.run.budget.spend(1 + (len(self.locals) >> 3))
        super().assign(key, val)

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Pay for a loop."""
        self.run.budget.loop(length)

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        """A buffer for what is captured."""
        return Buffer(self.run.budget)

    def get_item(self, obj: Any, key: Any) -> Any:
        """One step of a path. Names of the project's own making win over ``size``, ``first`` and ``last``."""
        if type(obj) is Record:
            return obj[key]
        return super().get_item(obj, key)


class Buffer(StringIO):
    """Collects text that is paid for."""

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self.budget = budget

    def write(self, s: str, /) -> int:
        """Add text."""
        self.budget.write(len(s))
        return super().write(s)


class Environment(PlainEnvironment):
    """The dialect. Only tests of the language itself give it partials."""

    context_depth_limit = MAX_PARTIALS
    local_namespace_limit = MAX_LOCALS

    def __init__(self, partials: Mapping[str, str] | None = None) -> None:
        super().__init__(loader=DictLoader(dict(partials or {})))
        filters.register(self)
        if partials is None:
            for name in _LOADING_TAGS:
                self.tags.pop(name, None)

    def from_string(self, *args: Any, **kwargs: Any) -> BoundTemplate:
        """A template ready to render; partials come in here."""
        template = super().from_string(*args, **kwargs)
        template.nodes = [made_over(node, self) for node in template.nodes]
        return template

    def read(self, source: str) -> tuple[BoundTemplate, TemplateAnalysis]:
        """A template ready to render, and what it names."""
        template = super().from_string(source)
        analysis = template.analyze(include_partials=False)
        template.nodes = [made_over(node, self) for node in template.nodes]
        return template, analysis


#: the one environment of this process
DIALECT = Environment()


class Text:
    """A compiled string: renders to text, or to the native value when it is nothing but one output."""

    __slots__ = ("_flat", "_single", "_template")

    def __init__(self, template: BoundTemplate) -> None:
        self._template = template
        nodes = template.nodes
        #: no tags, so that nothing can be assigned and the context can be shared
        self._flat = all(isinstance(node, Print | ContentNode) for node in nodes)
        outputs = [node for node in nodes if isinstance(node, Print)]
        blank = all(not node.text.strip() for node in nodes if isinstance(node, ContentNode))
        alone = self._flat and blank and len(outputs) == 1 and outputs[0].token.kind == TOKEN_OUTPUT
        self._single = outputs[0].value if alone else None

    @property
    def single(self) -> bool:
        """Whether it is exactly one output."""
        return self._single is not None

    def native(self, run: Run) -> Any:
        """The value of the only output; None when it is missing (which is noted) or null."""
        assert self._single is not None  # noqa: S101
        value = self._single.evaluate(self._context(run))
        if isinstance(value, Undefined):
            run.miss(value.name)
            return None
        return "" if isinstance(value, Blank | Empty) else value

    def text(self, run: Run) -> str:
        """The text. What is missing is noted, and printed as nothing."""
        if not self._flat:
            buffer = Buffer(run.budget)
            self._template.render_with_context(self._context(run), buffer)
            return unicode(buffer.getvalue())
        context = self._context(run)
        parts = []
        for node in self._template.nodes:
            if isinstance(node, Print):
                value = node.value.evaluate(context)
                if isinstance(value, Undefined):
                    run.miss(value.name)
                    continue
                part = text(value, run.budget)
            else:
                part = node.text  # type: ignore[attr-defined]
            run.budget.write(len(part))
            parts.append(part)
        return unicode("".join(parts))

    def __str__(self) -> str:
        return str(self._template).strip() if self._single is None else str(self._single)

    def _context(self, run: Run) -> Context:
        if not self._flat:
            return Context.of(self._template, run)
        if run.plain is None:
            run.plain = Context.of(self._template, run)
        return run.plain
