"""How much one rendering may do. Content is data: it ends in bounded time and space, whatever it says and is fed.

Every loop turn, block, filter and written character is paid for out of one budget per payload. What is over the budget
is a reason why the content was withheld, never an exception into a decision.
"""

from __future__ import annotations

#: characters of one string that holds Liquid
MAX_SOURCE = 32_768
#: characters of all strings of one content that hold Liquid
MAX_SOURCES = 262_144
#: characters of one output or tag, its delimiters included, and of the white space it begins with; longer ones are slow
#: to parse
MAX_TAG = 4_096
MAX_INDENT = 200
#: strings with Liquid in one content
MAX_STRINGS = 1_000
#: bytes of a whole content as JSON
MAX_CONTENT = 1_048_576
#: how deep a body may be nested; a value may be as deep
MAX_DEPTH = 64
#: characters written in one rendering, captures and native values included. Messages share what is allowed, but none
#: gets less than its least
MAX_OUTPUT, LEAST_OUTPUT = 262_144, 16_384
#: turns of all loops of one rendering together
MAX_LOOPS = 10_000
#: steps of one rendering: an expression evaluated, a filter applied, 64 characters or 8 list elements looked at
MAX_STEPS, LEAST_STEPS = 100_000, 10_000
#: characters that one value may have, and elements that one list or range may have
MAX_TEXT = MAX_OUTPUT
MAX_LIST = 10_000
#: bytes that ``assign`` and ``capture`` may hold at a time
MAX_LOCALS = 1_048_576
#: bits of a whole number
MAX_BITS = 1_024
#: whether ``include`` and ``render`` nest for ever
MAX_PARTIALS = 30
#: reasons for withholding that one rendering tells, and characters of one
MAX_REASONS = 50
MAX_REASON = 200
#: messages, rows of a message, ids in an items row
MAX_MESSAGES = 50
MAX_ROWS = 200
MAX_ITEMS = 500


class LimitReached(Exception):
    """A rendering wanted more than it may have. The text says what of."""


class Budget:
    """What is left of one rendering's allowance."""

    __slots__ = ("loops", "output", "steps")

    def __init__(self, sharers: int = 1) -> None:
        self.steps = max(MAX_STEPS // sharers, LEAST_STEPS)
        self.loops = MAX_LOOPS
        self.output = max(MAX_OUTPUT // sharers, LEAST_OUTPUT)

    def spend(self, steps: int) -> None:
        """Pay for work about to be done."""
        self.steps -= steps
        if self.steps < 0:
            raise LimitReached("too many steps")

    def loop(self, turns: int) -> None:
        """Pay for all turns of a loop about to begin."""
        self.loops -= turns
        if self.loops < 0:
            raise LimitReached(f"more than {MAX_LOOPS:,} loop turns")

    def write(self, characters: int) -> None:
        """Pay for characters about to be written."""
        self.output -= characters
        if self.output < 0:
            raise LimitReached("too many characters of output")


def size_of(value: object) -> int:
    """What looking at a whole value costs, in steps."""
    return _weight(value) >> 3


def _weight(value: object) -> int:
    if isinstance(value, str):
        return 1 + (len(value) >> 3)
    if isinstance(value, list | tuple):
        return 1 + sum(map(_weight, value))
    if isinstance(value, dict):
        return 1 + sum(map(_weight, value.values()))
    return value.stop - value.start if isinstance(value, range) else 1


def check(value: object) -> None:
    """Refuse a value that one step made too big."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise LimitReached(f"a text of more than {MAX_TEXT:,} characters")
    elif isinstance(value, list | tuple):
        if len(value) > MAX_LIST:
            raise LimitReached(f"a list of more than {MAX_LIST:,} elements")
    elif isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise LimitReached(f"a number of more than {MAX_BITS:,} bits")
