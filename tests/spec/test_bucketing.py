"""The published bucketing vectors, and an implementation of the formula from its description alone."""

import json
from typing import Any

import jsonschema_rs
import pytest

from tailorbird.decision.bucket import draw
from tests.architecture.sources import ROOT

FOLDER = ROOT / "spec" / "bucketing"
PUBLISHED = json.loads((FOLDER / "vectors.json").read_text(encoding="utf-8"))
VECTORS = PUBLISHED["vectors"]


def murmur3(data: bytes) -> int:
    """MurmurHash3_x86_32 with seed 0, as its public-domain description has it."""

    def rotate(value: int, bits: int) -> int:
        return ((value << bits) | (value >> (32 - bits))) & 0xFFFFFFFF

    def mix(block: bytes) -> int:
        scrambled = int.from_bytes(block, "little") * 0xCC9E2D51 & 0xFFFFFFFF
        return rotate(scrambled, 15) * 0x1B873593 & 0xFFFFFFFF

    state, whole = 0, len(data) // 4 * 4
    for start in range(0, whole, 4):
        state = (rotate(state ^ mix(data[start : start + 4]), 13) * 5 + 0xE6546B64) & 0xFFFFFFFF
    state ^= mix(data[whole:])
    state ^= len(data)
    state = (state ^ (state >> 16)) * 0x85EBCA6B & 0xFFFFFFFF
    state = (state ^ (state >> 13)) * 0xC2B2AE35 & 0xFFFFFFFF
    return state ^ (state >> 16)


def test_the_vectors_are_of_the_published_form() -> None:
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    validator = jsonschema_rs.validator_for(schema)
    assert validator.is_valid(PUBLISHED)
    assert not validator.is_valid({**PUBLISHED, "slots": 1000})


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['purpose']}-{vector['hash']}")
def test_draw_gives_the_published_slot(vector: dict[str, Any]) -> None:
    assert draw(vector["salt"], vector["purpose"], vector["visitor"]) == vector["slot"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['purpose']}-{vector['hash']}")
def test_the_described_formula_gives_the_published_slot(vector: dict[str, Any]) -> None:
    text = f"{vector['salt']}:{vector['purpose']}:{vector['visitor']}"
    assert murmur3(text.encode()) == vector["hash"]
    assert (vector["hash"] * 10_000) >> 32 == vector["slot"]


def test_the_vectors_hold_the_hard_cases() -> None:
    visitors = {vector["visitor"] for vector in VECTORS}
    assert "" in visitors
    assert any(not visitor.isascii() for visitor in visitors)
    assert any(len(visitor) >= 256 for visitor in visitors)
    assert {0, 499, 500, 9999} <= {vector["slot"] for vector in VECTORS}
