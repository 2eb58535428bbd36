"""A goal's condition counts in bulk exactly the events that it would match one by one."""

from __future__ import annotations

from typing import Any

import ibis
import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tailorbird.domain.errors import Invalid
from tailorbird.targeting import compile_property_condition
from tailorbird.targeting.columns import COLUMN_LOGIC, COLUMN_OPERATORS, Properties, check_columns, columns, paths_of

NAMES = ("a", "b", "a.b", "b.a", "é 1")
texts = st.one_of(
    st.sampled_from(
        ["", "a", "A", "gold", "null", "true", "1", "1.0", "[", "{", '"', "\\", "ß", "\x00", "a\x00b", "𐍈"]
    ),
    st.text(st.characters(codec="utf-8"), max_size=4),
)
edges = [0, 1, -1, 8, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 10**16, 10**15]
floats = [
    0.5,
    1.0,
    8.0,
    -0.0,
    -1.5,
    1e15,
    1e16,
    1e17,
    123456789012345680.0,
    2.0**53,
    2.0**63,
    -(2.0**63),
    1e300,
    5e-324,
]
wholes = st.one_of(st.sampled_from(edges), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))
numbers = st.one_of(wholes, st.sampled_from(floats), st.floats(allow_nan=False, allow_infinity=False))
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
members = st.one_of(st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
events = st.dictionaries(st.sampled_from(["a", "b", "é 1", "x"]), values, max_size=4)
comparable = st.one_of(numbers, texts)
regexes = st.sampled_from(["a", "^g", "d$", "^gold$", "", "^", "$", "1"])
simple = st.one_of(
    *(st.builds(lambda value, name=name: {name: value}, scalars) for name in ("$eq", "$ne")),
    *(st.builds(lambda value, name=name: {name: value}, comparable) for name in ("$gt", "$gte", "$lt", "$lte")),
    *(st.builds(lambda value, name=name: {name: value}, st.lists(members, max_size=4)) for name in ("$in", "$nin")),
    *(st.builds(lambda value, name=name: {name: value}, regexes) for name in ("$regex", "$notRegex")),
    st.builds(lambda value: {"$exists": value}, st.booleans()),
    st.builds(
        lambda value: {"$type": value}, st.sampled_from(["string", "number", "boolean", "array", "object", "null"])
    ),
    scalars,
)
asked = st.recursive(simple, lambda inner: st.builds(lambda value: {"$not": value}, inner), max_leaves=2)
leaves = st.dictionaries(st.sampled_from(NAMES), asked, max_size=2)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        *(
            st.builds(lambda parts, name=name: {name: parts}, st.lists(inner, max_size=3))
            for name in ("$and", "$or", "$nor")
        ),
        st.builds(lambda part: {"$not": part}, inner),
    ),
    max_leaves=4,
)

CONNECTION = ibis.duckdb.connect()


def in_bulk(tree: Any, rows: list[dict[str, Any]]) -> list[bool]:
    """The condition's verdict on each row, computed by the engine."""
    told = [{"at": at, "properties": msgspec.json.encode(row).decode()} for at, row in enumerate(rows)]
    table = ibis.memtable(told, schema={"at": "int64", "properties": "string"})
    asked = table.select("at", verdict=columns(tree, Properties(table.properties)))
    table, properties = Properties.lifted(table, "properties", paths_of(tree))
    lifted = table.select("at", lifted=columns(tree, properties))
    found = CONNECTION.to_pyarrow(asked.join(lifted, "at").order_by("at"))
    assert [row["lifted"] for row in found.to_pylist()] == [row["verdict"] for row in found.to_pylist()]
    return [bool(row["verdict"]) if row["verdict"] is not None else None for row in found.to_pylist()]  # type: ignore[misc]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conditions, st.lists(events, min_size=1, max_size=6))
@example({"a": {"$gt": 2.0**53}}, [{"a": 2**53 + 1}, {"a": 2**53}])
@example(
    {"a": {"$in": [1, "\x1f"]}},
    [{"a": [1.0]}, {"a": ["\x1f"]}, {"a": [None]}, {"a": []}, {"a": None}, {}, {"a": [True]}],
)
@example({"a": {"$in": [10**16]}}, [{"a": [1e16]}, {"a": [10**16]}, {"a": [[10**16]]}])
@example({"a": {"$ne": "x"}}, [{}, {"a": None}, {"a": "x"}, {"a": 1}])
def test_columns_answer_what_the_predicate_answers(tree: Any, rows: list[dict[str, Any]]) -> None:
    one_by_one = compile_property_condition(tree)
    read = [msgspec.json.decode(msgspec.json.encode(row)) for row in rows]
    assert in_bulk(tree, rows) == [one_by_one(row) for row in read]


@settings(max_examples=60, deadline=None)
@given(conditions, events)
def test_a_negation_is_the_exact_opposite(tree: Any, event: dict[str, Any]) -> None:
    assert in_bulk({"$not": tree}, [event]) == [not in_bulk(tree, [event])[0]]


@pytest.mark.parametrize(
    ("tree", "field"),
    [
        ({"a": {"$size": 1}}, "a.$size"),
        ({"a": {"$elemMatch": {"x": 1}}}, "a.$elemMatch"),
        ({"$or": [{"a": 1}, {"b": {"$regex": "a+"}}]}, "$or[1].b.$regex"),
        ({"a": [1]}, "a"),
        ({"a": {"x": 1}}, "a"),
        ({"a": {"$in": [[1]]}}, "a.$in[0]"),
        ({"a": {"$in": [1, None]}}, "a.$in[1]"),
        ({"a": {"$gt": True}}, "a.$gt"),
        ({"a": {"$not": {"$ini": ["x"]}}}, "a.$not.$ini"),
        ({"a'": 1}, "a'"),
        ({"a..b": 1}, "a..b"),
        ({"$nor": [{"a": {"$vgt": "1.0"}}]}, "$nor[0].a.$vgt"),
        ({"a": {"$eq": 2**63}}, "a.$eq"),
    ],
)
def test_what_cannot_be_counted_in_bulk_is_refused_with_its_path(tree: Any, field: str) -> None:
    with pytest.raises(Invalid) as error:
        check_columns(tree, "where")
    assert [problem.field for problem in error.value.problems] == [f"where.{field}"]


def test_every_listed_operator_is_understood_and_tried() -> None:
    operands: dict[str, Any] = {
        "$in": [1], "$nin": [1], "$exists": True, "$type": "null", "$regex": "a", "$notRegex": "a", "$not": {"$eq": 1},
    }  # fmt: skip
    for name in COLUMN_OPERATORS:
        check_columns({"a": {name: operands.get(name, 1)}})
    for name in COLUMN_LOGIC:
        check_columns({name: {"a": 1} if name == "$not" else [{"a": 1}]})
