"""What the demo prints: for people at a terminal in colour, for pipes and logs as plain lines."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from tailorbird.cli.demo.load import Advance

_INDENT = 16
_PLAIN_STEPS = 4
_FRACTION = re.compile(r"\b\d+\.\d{3,}\b")
_RULE = re.compile(r"^rules\[(\d+)\]")


class Sight(msgspec.Struct, frozen=True):
    """What one customer gets from one campaign."""

    campaign: str
    #: the experience and its reason
    verdict: str
    #: the payload, a line for each thing in it
    seen: tuple[str, ...]
    #: why, the deciding sentence first
    why: tuple[str, ...]


def sight(campaign: str, decision: dict[str, Any], rules: Sequence[str]) -> Sight:
    """A decision that was asked for with its explanation, in words. ``rules`` are the names of the campaign's rules."""
    explanation = decision["explanation"]
    experience = decision["experience"] or {"CONTROL": "nothing: control group"}.get(decision["reason"], "nothing")
    why = [explanation["message"]]
    for rule in explanation.get("rules", ()):
        if rule["message"] != explanation["message"]:
            why.append(f"{_rule_name(rule.get('path', ''), rules)}: {rule['message']}")
    verdict = f"{experience} ({decision['reason']})"
    return Sight(campaign, verdict, tuple(_lines(decision["payload"])), tuple(map(_rounded, why)))


def _rounded(sentence: str) -> str:
    """Fractions that nobody reads to the end, to two places."""
    return _FRACTION.sub(lambda match: f"{float(match[0]):.2f}", sentence)


def _rule_name(path: str, rules: Sequence[str]) -> str:
    match = _RULE.match(path)
    number = int(match[1]) if match else len(rules)
    return f"not {rules[number]!r}" if number < len(rules) else path


def _lines(payload: Any) -> Iterator[str]:
    if not isinstance(payload, dict):
        return
    for message in payload.get("messages", ()):
        yield from _members(message["values"], f"{message['target']}.")
    yield from _members({name: value for name, value in payload.items() if name != "messages"}, "")


def _members(values: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, list):
            for item in value:
                told = item.get("attributes", {})
                yield f"{prefix}{name}: {item['id']} {told.get('name', '')}, GBP {told.get('price', 0):.2f}"
        else:
            yield f"{prefix}{name}: {value}"


class Screen:
    """Standard output, rich or plain."""

    def __init__(self, plain: bool | None = None) -> None:
        self._plain = not sys.stdout.isatty() if plain is None else plain

    def say(self, text: str = "") -> None:
        """One line."""
        print(text, flush=True)

    def customer(self, title: str, sights: Sequence[Sight]) -> None:
        """One customer with all that they see."""
        if self._plain:
            self._customer_plain(title, sights)
        else:
            self._customer_rich(title, sights)

    def _customer_plain(self, title: str, sights: Sequence[Sight]) -> None:
        print(f"\n{title}")
        for one in sights:
            print(f"  {one.campaign:<{_INDENT - 2}}{one.verdict}")
            for line in one.seen:
                print(f"{'':<{_INDENT}}{line}")
            for number, line in enumerate(one.why):
                print(f"{'':<{_INDENT}}{'why: ' if number == 0 else '     '}{line}")
        sys.stdout.flush()

    def _customer_rich(self, title: str, sights: Sequence[Sight]) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=title, title_justify="left", title_style="bold", box=box.ROUNDED, show_lines=True, expand=True
        )
        table.add_column("campaign", style="cyan", no_wrap=True)
        table.add_column("sees", ratio=5)
        table.add_column("why", ratio=6, style="dim")
        for one in sights:
            seen = Text(one.verdict, style="bold green" if one.seen else "yellow")
            for line in one.seen:
                seen.append(f"\n{line}", style="not bold default")
            table.add_row(Text(one.campaign), seen, Text("\n".join(one.why)))
        console = Console()
        console.print()
        console.print(table)

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Advance]:
        """A bar that moves with each call; where nobody watches, a line at each quarter."""
        if self._plain:
            yield _PlainProgress(what, total)
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns) as bar:
            task = bar.add_task(what, total=total)
            yield lambda count: bar.advance(task, count)


class _PlainProgress:
    """Says how far it is, four times in all."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total, self._done, self._told = what, total, 0, 0

    def __call__(self, count: int) -> None:
        self._done += count
        step = self._done * _PLAIN_STEPS // self._total
        if step > self._told:
            self._told = step
            print(f"  {self._what}: {self._done:,} of {self._total:,}", flush=True)
