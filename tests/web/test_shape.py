"""What decoding says, in words that callers understand."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorbird.domain.errors import Invalid
from tailorbird.domain.shape import nesting_within, read


class Part(msgspec.Struct, forbid_unknown_fields=True):
    n: int
    tags: dict[str, int] = {}


class Whole(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    parts: Annotated[list[Part], msgspec.Meta(max_length=2)] = []


decode = msgspec.json.Decoder(Whole).decode


@pytest.mark.parametrize(
    ("body", "field", "expected", "got"),
    [
        ('{"name": 7}', "name", "text or null", "7"),
        ('{"name": ""}', "name", "text of length at least 1", '""'),
        ('{"parts": [{"n": 1}, {"n": "x"}]}', "parts[1].n", "a whole number", '"x"'),
        ('{"parts": [{}]}', "parts[0].n", "a value", "nothing"),
        ('{"parts": [{"n": 1, "m": 2}]}', "parts[0].m", "no such member", "m"),
        (
            '{"parts": [{"n": 1}, {"n": 1}, {"n": 1}]}',
            "parts",
            "a list of length at most 2",
            '[{"n":1},{"n":1},{"n":1}]',
        ),
        ('{"parts": [{"n": 1, "tags": {"a": "b"}}]}', "parts[0].tags[...]", "a whole number", "text"),
        ("[]", "", "an object", "[]"),
        ("{", "", "a JSON document in UTF-8", ""),
    ],
)
def test_where_what_and_instead_of_what(body: str, field: str, expected: str, got: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(decode, body.encode())
    (problem,) = refused.value.problems
    assert (problem.field, problem.expected, problem.got) == (field, expected, got)
    assert field in problem.detail


def depth_of(value: Any) -> int:
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 0


texts = st.text(st.sampled_from('[]{}"\\ aé'), max_size=6)
values = st.recursive(
    texts | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=20
)


@given(values, st.integers(0, 6))
def test_nesting_is_counted_as_a_parser_would(value: Any, limit: int) -> None:
    assert nesting_within(msgspec.json.encode(value), limit) is (depth_of(value) <= limit)
