"""Everything that is wrong with one definition, gathered so that its author is told at once and not one by one."""

from __future__ import annotations

from types import TracebackType

from msgspec.structs import replace

from tailorbird.domain.errors import Invalid, Problem, join_path


class Problems:
    """A growing list of problems under one path."""

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.found: list[Problem] = []

    def add(self, field: str, expected: str, got: object = "", detail: str = "") -> None:
        """Note that ``field`` (below this path) is wrong."""
        self.found.extend(Invalid.field(join_path(self.path, field), expected, got, detail).problems)

    def under(self, field: str) -> Under:
        """Note whatever the ``with`` block finds ``Invalid``, with its paths below ``field``, and go on after it."""
        return Under(self, join_path(self.path, field))

    def raise_any(self) -> None:
        """Raise one ``Invalid`` that names them all; nothing when there are none."""
        if self.found:
            more = f" (and {len(self.found) - 1} more)" if len(self.found) > 1 else ""
            raise Invalid(f"{self.found[0].detail}{more}", problems=tuple(self.found))


class Under:
    """Turns an ``Invalid`` raised in its ``with`` block into entries of a list."""

    def __init__(self, problems: Problems, path: str) -> None:
        self._problems = problems
        self._path = path

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Invalid):
            return False
        named = error.problems or (Problem(detail=error.detail),)
        self._problems.found.extend(_below(self._path, problem) for problem in named)
        return True


def _below(path: str, problem: Problem) -> Problem:
    """``problem`` with ``path`` in front of its field, and of the field where its sentence begins with it."""
    field, told = join_path(path, problem.field), f"{problem.field or 'the input'}: "
    detail = f"{field}: {problem.detail.removeprefix(told)}" if problem.detail.startswith(told) else problem.detail
    return replace(problem, field=field, detail=detail)
