"""The parsed tree, made over: parts that must be metered, or know of missing values, are exchanged for ours.

The exchanged parts are *Print* (an output), *Value* (an expression with its filters), *Range*, *Contains* and *Equal*;
a *Meter* stands at the head of every block, so that all that a loop repeats is paid for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache, partial
from inspect import signature
from typing import Any, TextIO

from liquid import Environment, Node, RenderContext
from liquid.ast import BlockNode
from liquid.builtin.expressions import Filter, FilteredExpression, Path
from liquid.builtin.expressions.arguments import KeywordArgument, PositionalArgument
from liquid.builtin.expressions.logical import ContainsExpression, EqExpression, NeExpression
from liquid.builtin.expressions.primitive import Blank, Empty, RangeLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.cycle_tag import CycleNode
from liquid.exceptions import LiquidSyntaxError, UnknownFilterError
from liquid.expression import Expression
from liquid.undefined import Undefined

from tailorbird.templates.limits import MAX_LIST, LimitReached, check, size_of
from tailorbird.templates.plain import text


class Missing(Undefined):
    """A value that was looked for and not found. Control flow treats it as nil; printing it withholds the content."""

    __slots__ = ()
    force_liquid_default = True


class Value(Expression):
    """An expression with its filters. When missing values withhold, one passes through every filter but ``default``."""

    __slots__ = ("filters", "left", "reads", "source")

    def __init__(self, token: Any, left: Expression, filters: list[Step], source: str) -> None:
        super().__init__(token)
        self.left = left
        self.filters = filters
        #: as it was written: what is reported where filters made nothing of what was found
        self.source = source
        #: whether any of it comes from outside the template's own text
        self.reads = any(map(_reads, self.children()))

    def __str__(self) -> str:
        return self.source

    def children(self) -> Iterable[Expression]:
        yield self.left
        for step in self.filters:
            yield from step.arguments()

    def evaluate(self, context: RenderContext) -> object:
        run = context.run  # type: ignore[attr-defined]
        value = self.left.evaluate(context)
        if not run.strict:
            for step in self.filters:
                value = step.apply(value, context)
            return value
        value = found(self.left, value, context)
        settled = not self.reads
        for step in self.filters:
            value = step.apply_strictly(value, context)
            if step.settles:
                settled = True
            if value is None or (not settled and isinstance(value, str) and not value):
                value = Missing(self.source)
        return value


class Step:
    """One filter of an expression, looked up when the template was compiled."""

    __slots__ = ("function", "keywords", "positional", "reads_run", "settles")

    def __init__(self, parsed: Filter, environment: Environment) -> None:
        function = environment.filters.get(parsed.name)
        if function is None:
            raise UnknownFilterError(f"there is no filter {parsed.name!r}", token=parsed.token)
        self.reads_run: bool = getattr(function, "with_context", False)
        if getattr(function, "with_environment", False):
            function = partial(function, environment=environment)
        self.function: Callable[..., object] = function
        self.positional = [argument.value for argument in parsed.args if isinstance(argument, PositionalArgument)]
        self.keywords = {a.name: a.value for a in parsed.args if isinstance(a, KeywordArgument)}
        #: ``default``: whatever comes out is meant
        self.settles = parsed.name == "default"
        self._check(parsed)

    def _check(self, parsed: Filter) -> None:
        """Refuse arguments that the filter does not take, now rather than for every visitor."""
        keywords = [*self.keywords, "context"] if self.reads_run else list(self.keywords)
        try:
            signature(self.function).bind(None, *self.positional, **dict.fromkeys(keywords))
        except TypeError as error:
            raise LiquidSyntaxError(f"filter {parsed.name!r}: {error}", token=parsed.token) from error

    def arguments(self) -> Iterable[Expression]:
        """The expressions given to the filter."""
        yield from self.positional
        yield from self.keywords.values()

    def apply(self, value: object, context: RenderContext) -> object:
        """The filter's result, within limits."""
        return self._call(
            value,
            [argument.evaluate(context) for argument in self.positional],
            {name: argument.evaluate(context) for name, argument in self.keywords.items()},
            context,
        )

    def apply_strictly(self, value: object, context: RenderContext) -> object:
        """Like ``apply``, but a missing value or argument makes the result missing; only ``default`` replaces it."""
        if isinstance(value, Missing) and not self.settles:
            return value
        positional = [_given(argument, context) for argument in self.positional]
        keywords = {name: _given(argument, context) for name, argument in self.keywords.items()}
        if not self.settles:
            for argument in (*positional, *keywords.values()):
                if isinstance(argument, Missing):
                    return argument
        return self._call(value, positional, keywords, context)

    def _call(self, value: object, positional: list[object], keywords: dict[str, object], context: Any) -> object:
        context.run.budget.spend(1 + size_of(value) + sum(map(size_of, positional)))
        if self.reads_run:
            keywords["context"] = context
        result = self.function(value, *positional, **keywords)
        check(result)
        return result


class Print(Node):
    """An output: writes the text of a value, or notes that it is missing."""

    __slots__ = ("value",)

    def __init__(self, token: Any, value: Expression) -> None:
        super().__init__(token)
        self.value = value
        self.blank = False

    def __str__(self) -> str:
        return f"{{{{ {self.value} }}}}"

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.value.evaluate(context)
        return write(value, context, buffer)


_NO_GROUP = "a group that was not found"


class Turn(Node):
    """``cycle``, printing like an output does."""

    __slots__ = ("arguments", "cycle")

    def __init__(self, cycle: CycleNode) -> None:
        super().__init__(cycle.token)
        self.cycle = cycle
        self.arguments = [Value(argument.token, argument, [], str(argument)) for argument in cycle.args]
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        group = self.cycle.group.evaluate(context) if self.cycle.group else ""
        values = [argument.evaluate(context) for argument in self.arguments]
        # Cycles of one group, or else of equal elements, take turns together.
        context.run.budget.spend(sum(map(size_of, values)))  # type: ignore[attr-defined]
        key = (_NO_GROUP if isinstance(group, Undefined) else str(group)) or str([str(value) for value in values])
        index = context.cycle(key, len(values))
        return write(values[index], context, buffer) if index < len(values) else 0


class Meter(Node):
    """Stands at the head of a block and pays for one pass through it."""

    __slots__ = ("weight",)

    def __init__(self, token: Any, weight: int) -> None:
        super().__init__(token)
        self.weight = weight

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        context.run.budget.spend(self.weight)  # type: ignore[attr-defined]
        return 0


class Range(RangeLiteral):
    """A range that is refused when it is too long to ever be walked."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> range:
        made = super().evaluate(context)
        if made.stop - made.start > MAX_LIST:
            raise LimitReached(f"a range of more than {MAX_LIST:,} numbers")
        return made


class Contains(ContainsExpression):
    """``contains``, paid by the size of what is searched."""

    __slots__ = ()

    def evaluate(self, context: RenderContext) -> object:
        left, right = self.left.evaluate(context), self.right.evaluate(context)
        context.run.budget.spend(1 + size_of(left))  # type: ignore[attr-defined]
        if _is_nothing(left) or _is_nothing(right):
            return False
        if isinstance(left, str):
            return text(right, context.run.budget) in left  # type: ignore[attr-defined]
        return isinstance(left, Collection) and right in left


class Equal(EqExpression):
    """``==`` and ``!=``, paid by size."""

    __slots__ = ("negated",)

    def __init__(self, token: Any, left: Expression, right: Expression, negated: bool) -> None:
        super().__init__(token, left, right)
        self.negated = negated

    def evaluate(self, context: RenderContext) -> object:
        left, right = self.left.evaluate(context), self.right.evaluate(context)
        context.run.budget.spend(1 + size_of(left))  # type: ignore[attr-defined]
        return equal(left, right) is not self.negated


def equal(left: object, right: object) -> bool:
    """Whether Liquid holds two values for equal: no number is a boolean, what is missing is nil, nil is blank."""
    if isinstance(right, Blank | Empty):
        left, right = right, left
    if isinstance(left, Blank) and _is_nothing(right):
        return True
    left, right = (None if isinstance(side, Undefined) else side for side in (left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def found(expression: Expression, value: object, context: RenderContext) -> object:
    """``value``, or *Missing* when the expression is a path that led to nothing, to null or to an empty text."""
    if isinstance(value, Missing):
        return value
    if value is None or isinstance(value, Undefined):
        return Missing(str(expression) or "nil")
    if isinstance(value, str) and not value and isinstance(expression, Path):
        # What the template assigned or captured itself is its own text, empty or not.
        return value if expression.path[0] in context.locals else Missing(str(expression))
    return value


def _given(argument: Expression, context: RenderContext) -> object:
    """An argument of a filter; a nil that was written out is meant."""
    value = argument.evaluate(context)
    return found(argument, value, context) if isinstance(argument, Path) else value


def write(value: object, context: Any, buffer: TextIO) -> int:
    """Print a value; a missing one is noted instead."""
    if isinstance(value, Undefined):
        context.run.miss(value.name)
        return 0
    return buffer.write(text(value, context.run.budget))


def made_over(part: Any, environment: Environment) -> Any:
    """``part`` of a tree with everything in it exchanged that has to be. Lists and nodes are changed in place."""
    for name in _attributes(part.__class__):
        inner = getattr(part, name, None)
        if isinstance(inner, list):
            inner[:] = [made_over(element, environment) if _is_tree(element) else element for element in inner]
        elif _is_tree(inner):
            setattr(part, name, made_over(inner, environment))
    return _exchange(part, environment)


def _exchange(part: Any, environment: Environment) -> Any:
    make = _EXCHANGES.get(type(part))
    if make is not None:
        return make(part, environment)
    if isinstance(part, OutputNode):
        return Print(part.token, part.expression)
    if isinstance(part, BlockNode):
        part.nodes.insert(0, Meter(part.token, 1 + sum(weight(node) for node in part.nodes)))
    return part


_EXCHANGES: dict[type, Callable[[Any, Environment], Any]] = {
    FilteredExpression: lambda e, env: Value(e.token, e.left, [Step(f, env) for f in e.filters or ()], str(e)),
    RangeLiteral: lambda e, _: Range(e.token, e.start, e.stop),
    ContainsExpression: lambda e, _: Contains(e.token, e.left, e.right),
    EqExpression: lambda e, _: Equal(e.token, e.left, e.right, negated=False),
    NeExpression: lambda e, _: Equal(e.token, e.left, e.right, negated=True),
    CycleNode: lambda n, _: Turn(n),
}


def weight(part: Any) -> int:
    """How many parts there are to evaluate in a node, the blocks inside it not counted: they pay for themselves."""
    if isinstance(part, BlockNode):
        return 0
    inner: list[Any] = []
    for name in _attributes(part.__class__):
        child = getattr(part, name, None)
        inner += child if isinstance(child, list) else [child]
    return 1 + sum(weight(child) for child in inner if _is_tree(child))


def _is_tree(part: object) -> bool:
    return isinstance(part, Node | Expression | Filter | KeywordArgument | PositionalArgument | Step)


@lru_cache(maxsize=256)
def _attributes(kind: type) -> tuple[str, ...]:
    names = [name for base in kind.__mro__ for name in getattr(base, "__slots__", ()) if name not in ("token", "blank")]
    return tuple(dict.fromkeys(names))


def _reads(expression: Expression) -> bool:
    return isinstance(expression, Path) or any(_reads(child) for child in expression.children())


def _is_nothing(value: object) -> bool:
    return value is None or value is False or isinstance(value, Undefined)
