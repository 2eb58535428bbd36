"""The draws: which of 10,000 slots a visitor falls into, for one purpose of one campaign.

A draw is a pure function of three texts, so every process, every language and every year gives the same answer. The
published vectors in ``spec/bucketing`` hold it in place: the formula never changes once a campaign has run.
"""

from __future__ import annotations

import mmh3

#: How many slots there are: a share is exact to 0.01 %.
SLOTS = 10_000
#: Purpose of the draw that keeps a share of a campaign's visitors as control.
CONTROL = "control"


def draw(salt: str, purpose: str, visitor: str) -> int:
    """The slot, 0 to 9,999, of ``visitor``: MurmurHash3 (x86, 32 bit, seed 0) scaled in integers.

    Draws of different purposes or salts are independent of each other.
    """
    text = prefix(salt, purpose) + visitor.encode("utf-8", "surrogatepass")
    return (mmh3.hash(text, signed=False) * SLOTS) >> 32


def prefix(salt: str, purpose: str) -> bytes:
    """What is hashed before the visitor's bytes: the same for all visitors of one draw."""
    return f"{salt}:{purpose}:".encode("utf-8", "surrogatepass")


def experience_purpose(rule: str) -> str:
    """Purpose of the draw that splits a rule's visitors among its experiences."""
    return f"experience:{rule}"
