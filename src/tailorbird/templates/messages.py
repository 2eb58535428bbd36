"""Messages: rows of name, value and type under a target, each message compiled, rendered and withheld on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from tailorbird.domain.campaign import Message, Row
from tailorbird.domain.decision import RenderedMessage
from tailorbird.templates.compiler import Compiler, has_liquid
from tailorbird.templates.limits import MAX_ITEMS, MAX_MESSAGES, MAX_ROWS
from tailorbird.templates.parts import Part, items_of, number_of
from tailorbird.templates.plain import number
from tailorbird.templates.roots import Names
from tailorbird.templates.run import Run

if TYPE_CHECKING:
    from tailorbird.templates.sandbox import Text

#: as the value of an items row: all items of the message
ALL_ITEMS = "$items"


class CompiledMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message: the values that are the same for everybody, and what makes the others."""

    id: str
    target: str
    #: every row's value in order, None where it is made
    constant: dict[str, Any]
    made: tuple[tuple[str, Part], ...]
    types: dict[str, str]

    def render(self, run: Run) -> RenderedMessage:
        """The message as delivered. What it misses is noted in the run."""
        values = self.constant.copy()
        for name, make in self.made:
            values[name] = make(run)
        ids = (item["id"] for name, kind in self.types.items() if kind == "items" for item in values[name])
        return RenderedMessage(
            id=self.id,
            target=self.target,
            values=values,
            types=self.types,
            items=tuple(dict.fromkeys(ids)),
            dynamic=bool(self.made),
        )

    def settled(self) -> RenderedMessage:
        """The message as delivered to everybody; only for one of which nothing is made."""
        return RenderedMessage(id=self.id, target=self.target, values=self.constant, types=self.types)


def payload_of(messages: Iterable[RenderedMessage]) -> dict[str, Any]:
    """The payload that messages are delivered as."""
    return {"messages": [{"target": message.target, "values": message.values} for message in messages]}


def compile_messages(messages: tuple[Message, ...], compiler: Compiler) -> tuple[CompiledMessage, ...]:
    """The messages ready to render. What is wrong is noted in the compiler."""
    if len(messages) > MAX_MESSAGES:
        compiler.wrong("messages", f"at most {MAX_MESSAGES} messages", len(messages))
        return ()
    return tuple(_message(message, f"messages[{index}]", compiler) for index, message in enumerate(messages))


def _message(message: Message, path: str, compiler: Compiler) -> CompiledMessage:
    constant: dict[str, Any] = {}
    made: list[tuple[str, Part]] = []
    if len(message.rows) > MAX_ROWS:
        compiler.wrong(f"{path}.rows", f"at most {MAX_ROWS} rows", len(message.rows))
    for index, row in enumerate(message.rows[:MAX_ROWS]):
        place = f"{path}.rows[{index}]"
        if not row.name or row.name in constant:
            compiler.wrong(f"{place}.name", "a name that no other row of the message has", row.name)
        value = _ROWS[row.type](row, message, f"{place}.value", compiler)
        constant[row.name] = None if callable(value) else value
        if callable(value):
            made.append((row.name, value))
    return CompiledMessage(
        id=message.id,
        target=message.target,
        constant=constant,
        made=tuple(made),
        types={row.name: row.type for row in message.rows},
    )


def _text(row: Row, message: Message, path: str, compiler: Compiler) -> str | Part | None:
    if isinstance(row.value, bool | int | float):
        return compiler.encode(row.value).decode()
    if not isinstance(row.value, str):
        compiler.wrong(path, "text", row.value)
        return None
    text = compiler.liquid(row.value, path)
    return row.value if text is None else text.text


def _number(row: Row, message: Message, path: str, compiler: Compiler) -> float | Part | None:
    if isinstance(row.value, str) and has_liquid(row.value):
        text = compiler.liquid(row.value, path)
        return None if text is None else number_of(text)
    value = number(row.value)
    if value is None:
        compiler.wrong(path, "a number, or Liquid that yields one", row.value)
    return value


def _items(row: Row, message: Message, path: str, compiler: Compiler) -> Part | None:
    entries: list[Any] = list(row.value) if isinstance(row.value, list | tuple) else [row.value]
    if row.value == ALL_ITEMS:
        entries = list(message.items)
    elif isinstance(row.value, str) and not has_liquid(row.value):
        entries = []
    if not 0 < len(entries) <= MAX_ITEMS or not all(isinstance(entry, str) and entry for entry in entries):
        compiler.wrong(
            path, f'"{ALL_ITEMS}" with items in the message, a list of 1 to {MAX_ITEMS} item ids, or Liquid', row.value
        )
        return None
    wanted: list[str | Text] = []
    for index, entry in enumerate(entries):
        if not has_liquid(entry):
            wanted.append(entry)
        elif (text := compiler.liquid(entry, path if isinstance(row.value, str) else f"{path}[{index}]")) is not None:
            wanted.append(text)
    compiler.names |= Names(item_ids=frozenset(entry for entry in wanted if isinstance(entry, str)))
    return items_of(wanted, message.ids_only)


_ROWS: dict[str, Callable[[Row, Message, str, Compiler], Any]] = {"text": _text, "number": _number, "items": _items}
