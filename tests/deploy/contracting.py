"""What in a migration would break the version before it, which still runs while the new one is rolled out.

Expand first: a release adds what it needs. Contract later: what nobody uses any more goes in a later release, whose
migration says since which released version it is unused: ``unused_since = "0.3.0"``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

#: what an ``alter_column`` may say without harm
_HARMLESS = re.compile(r"^(server_default|comment|existing_\w+|schema)$")
_REFUSED_SQL = re.compile(r"\b(DROP|RENAME|TRUNCATE|ALTER\s+COLUMN|SET\s+NOT\s+NULL)\b", re.IGNORECASE)
_NARROWING = ("create_unique_constraint", "create_check_constraint", "create_foreign_key", "create_exclude_constraint")


def contractions(source: str) -> list[str]:
    """The operations of a migration that an older version would not survive, each with its line."""
    tree = ast.parse(source)
    made = {_first(call) for call in _calls(tree) if _name(call) == "create_table"}
    return [f"line {call.lineno}: {what}" for call in _calls(tree) for what in _contractions(call, made)]


def unused_since(source: str) -> str | None:
    """The version since which nobody uses what the migration removes, as it says itself."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "unused_since":
            return str(ast.literal_eval(node.value))
    return None


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    for part in tree.body:
        if isinstance(part, ast.FunctionDef) and part.name == "downgrade":
            continue
        yield from (node for node in ast.walk(part) if isinstance(node, ast.Call))


def _contractions(call: ast.Call, made: set[str]) -> Iterator[str]:
    name = _name(call)
    options = {str(keyword.arg): keyword.value for keyword in call.keywords}
    if name.startswith("drop_") or name == "rename_table":
        yield name
    elif name == "alter_column" and (told := [arg for arg in options if not _HARMLESS.match(arg)]):
        yield f"alter_column with {', '.join(told)}"
    elif name == "add_column" and _is_required(call):
        yield "add_column that older versions do not fill"
    elif name in _NARROWING and _table(call) not in made:
        yield name
    elif name == "create_index" and _is(options.get("unique"), True) and _table(call) not in made:
        yield "create_index with unique"
    elif name in ("execute", "exec_driver_sql", "text"):
        told = [str(one.value) for one in call.args if isinstance(one, ast.Constant)]
        yield from (f"SQL: {text}" for text in told if _REFUSED_SQL.search(text))


def _is_required(call: ast.Call) -> bool:
    """Whether the added column must have a value and has none by itself."""
    columns = [one for one in call.args if isinstance(one, ast.Call) and _name(one) == "Column"]
    told = [{keyword.arg: keyword.value for keyword in column.keywords} for column in columns]
    return any(_is(one.get("nullable"), False) and "server_default" not in one for one in told)


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _first(call: ast.Call) -> str:
    return str(call.args[0].value) if call.args and isinstance(call.args[0], ast.Constant) else ""


def _table(call: ast.Call) -> str:
    """The table that a constraint or index is for: the second argument, after its own name."""
    second = call.args[1] if len(call.args) > 1 else None
    return str(second.value) if isinstance(second, ast.Constant) else ""
