"""What cannot be meant is refused when it is compiled, with the path of the part that is wrong."""

from typing import Any

import pytest

from tailorbird.domain.errors import Invalid
from tailorbird.targeting import EMPTY_LIBRARY, IdList, Library, compile_condition, compile_property_condition
from tailorbird.targeting.limits import MAX_DEPTH, MAX_NAME, MAX_NODES, MAX_REGEX, MAX_TEXT, MAX_VALUES
from tests.unit.targeting.conditions import matches


def refusal(tree: Any, path: str = "") -> str:
    with pytest.raises(Invalid) as refused:
        compile_condition(tree, EMPTY_LIBRARY, path)
    (problem,) = refused.value.problems
    assert problem.expected
    return problem.field


EVENT = {"name": "order"}
AFFINITY = {"event": "view", "property": "category", "is": "shoes"}


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ([], ""),
        ("gold", ""),
        ({"a": {"$regx": "x"}}, "a.$regx"),
        ({"$xor": []}, "$xor"),
        ({"": 1}, ""),
        ({"a": {"$gt": 1, "b": 2}}, "a.b"),
        ({"a": {"$gt": True}}, "a.$gt"),
        ({"a": {"$lt": None}}, "a.$lt"),
        ({"a": {"$gte": [1]}}, "a.$gte"),
        ({"a": {"$exists": 1}}, "a.$exists"),
        ({"a": {"$type": "text"}}, "a.$type"),
        ({"a": {"$regex": "(?=a)"}}, "a.$regex"),
        ({"a": {"$regex": "a{1000}{1000}"}}, "a.$regex"),
        ({"a": {"$regex": "(?i)\\pL{200}"}}, "a.$regex"),  # fits into the engine's usual memory, not into ours
        ({"a": {"$regex": "\ud800"}}, "a.$regex"),
        ({"a": {"$regexi": 5}}, "a.$regexi"),
        ({"a": {"$notRegex": "("}}, "a.$notRegex"),
        ({"a": {"$vgt": ""}}, "a.$vgt"),
        ({"a": {"$veq": True}}, "a.$veq"),
        ({"a": {"$all": "x"}}, "a.$all"),
        ({"a": {"$all": [{"$foo": 1}]}}, "a.$all[0].$foo"),
        ({"a": {"$alli": "x"}}, "a.$alli"),
        ({"a": {"$elemMatch": 5}}, "a.$elemMatch"),
        ({"a": {"$elemMatch": {"b": {"$foo": 1}}}}, "a.$elemMatch.b.$foo"),
        ({"a": {"$elemMatch": {"$foo": 1}}}, "a.$elemMatch.$foo"),
        ({"a": {"$size": {"$foo": 1}}}, "a.$size.$foo"),
        ({"a": {"$inGroup": "nobody"}}, "a.$inGroup"),
        ({"a": {"$inGroup": ["nobody"]}}, "a.$inGroup"),
        ({"a": {"$not": {"$foo": 1}}}, "a.$not.$foo"),
        ({"$and": {"a": 1}}, "$and"),
        ({"$or": [{"a": 1}, {"b": {"$foo": 1}}]}, "$or[1].b.$foo"),
        ({"$nor": ["a"]}, "$nor[0]"),
        ({"$not": [{"a": 1}]}, "$not"),
        ({"@colour": "red"}, "@colour"),
        ({"@query": "red"}, "@query"),
        ({"@query.": "red"}, "@query."),
        ({"@weekday": "Montag"}, "@weekday"),
        ({"@weekday": {"$in": ["monday", 3]}}, "@weekday.$in[1]"),
        ({"@date": "24.12.2026"}, "@date"),
        ({"@date": {"$gte": "20261224"}}, "@date.$gte"),
        ({"@first_seen": {"$gt": "yesterday"}}, "@first_seen.$gt"),
        ({"@last_seen": {"$lt": True}}, "@last_seen.$lt"),
        ({"$audience": "nobody"}, "$audience"),
        ({"$audience": {"$in": ["nobody"]}}, "$audience.$in[0]"),
        ({"$audience": {"$in": []}}, "$audience.$in"),
        ({"$audience": {"$regex": "x"}}, "$audience.$regex"),
        ({"$audience": 5}, "$audience"),
        ({"$event": "order"}, "$event"),
        ({"$event": {}}, "$event.name"),
        ({"$event": {"name": "x" * 257}}, "$event.name"),
        ({"$event": {**EVENT, "when": 1}}, "$event.when"),
        ({"$event": {**EVENT, "within": 30}}, "$event.within"),
        ({"$event": {**EVENT, "within": {}}}, "$event.within"),
        ({"$event": {**EVENT, "within": {"weeks": 1}}}, "$event.within.weeks"),
        ({"$event": {**EVENT, "within": {"days": 0}}}, "$event.within"),
        ({"$event": {**EVENT, "within": {"days": -1}}}, "$event.within.days"),
        ({"$event": {**EVENT, "within": {"days": 40_000}}}, "$event.within"),
        ({"$event": {**EVENT, "since": "soon"}}, "$event.since"),
        ({"$event": {**EVENT, "since": 5}}, "$event.since"),
        ({"$event": {**EVENT, "within": {"days": 1}, "since": "2026-01-01"}}, "$event"),
        ({"$event": {**EVENT, "count": {"$foo": 1}}}, "$event.count.$foo"),
        ({"$event": {**EVENT, "where": 5}}, "$event.where"),
        ({"$event": {**EVENT, "where": {"$audience": "vip"}}}, "$event.where.$audience"),
        ({"$event": {**EVENT, "where": {"a": {"$inGroup": "list"}}}}, "$event.where.a.$inGroup"),
        ({"$event": {**EVENT, "sum": 5}}, "$event.sum"),
        ({"$event": {**EVENT, "sum": {"is": 5}}}, "$event.sum.of"),
        ({"$event": {**EVENT, "sum": {"of": "amount"}}}, "$event.sum.is"),
        ({"$event": {**EVENT, "sum": {"of": "amount", "is": {"$foo": 1}}}}, "$event.sum.is.$foo"),
        ({"$affinity": {**AFFINITY, "share": 0}}, "$affinity.share"),
        ({"$affinity": {**AFFINITY, "share": 40}}, "$affinity.share"),
        ({"$affinity": {**AFFINITY, "minimum": 0}}, "$affinity.minimum"),
        ({"$affinity": {**AFFINITY, "minimum": 1.5}}, "$affinity.minimum"),
        ({"$affinity": {**AFFINITY, "property": ""}}, "$affinity.property"),
        ({"$affinity": {"event": "view", "property": "category"}}, "$affinity.is"),
        ({"$affinity": {"property": "category", "is": 1}}, "$affinity.event"),
    ],
)
def test_path_names_what_is_wrong(tree: Any, path: str) -> None:
    assert refusal(tree) == path
    assert refusal(tree, "rules[0].audience") == ("rules[0].audience" + (f".{path}" if path else ""))


def test_unknown_fact_is_answered_with_the_known_ones() -> None:
    with pytest.raises(Invalid, match=r"@device.*@query\.<name>"):
        compile_condition({"@colour": "red"}, EMPTY_LIBRARY)


def nested(levels: int) -> dict[str, Any]:
    tree: dict[str, Any] = {"a": 1}
    for _ in range(levels - 1):
        tree = {"$not": tree}
    return tree


LIBRARY = Library({}, {"list": IdList.of([1])})


@pytest.mark.parametrize(
    ("fits", "too_much", "path"),
    [
        (nested(MAX_DEPTH), nested(MAX_DEPTH + 1), ".".join(["$not"] * MAX_DEPTH)),
        ({"a": {"$in": [1] * MAX_VALUES}}, {"a": {"$in": [1] * (MAX_VALUES + 1)}}, "a.$in"),
        ({"a": "x" * MAX_TEXT}, {"a": "x" * (MAX_TEXT + 1)}, "a"),
        ({"a": {"$regex": "x" * MAX_REGEX}}, {"a": {"$regex": "x" * (MAX_REGEX + 1)}}, "a.$regex"),
        ({"x" * MAX_NAME: 1}, {"x" * (MAX_NAME + 1): 1}, ""),
        ({str(n): 1 for n in range(MAX_NODES)}, {str(n): 1 for n in range(MAX_NODES + 1)}, ""),
        ({"$or": [{"a": 1}] * (MAX_NODES // 2 - 1)}, {"$or": [{"a": 1}] * (MAX_NODES // 2)}, ""),
    ],
)
def test_limits(fits: Any, too_much: Any, path: str) -> None:
    compile_condition(fits, EMPTY_LIBRARY)
    assert refusal(too_much) == path


def test_limits_come_before_everything_that_recurses() -> None:
    tree: Any = {}
    for _ in range(100_000):
        tree = {"$and": [tree]}
    assert refusal(tree).startswith("$and[0].$and[0]")


@pytest.mark.parametrize("operator", ["$in", "$nin", "$ini", "$nini"])
def test_operand_that_is_no_list_never_holds_and_warns(operator: str) -> None:
    condition = compile_condition({"n": {operator: 1}}, EMPTY_LIBRARY)
    assert len(condition.warnings) == 1
    assert f"n.{operator}" in condition.warnings[0]
    assert not matches({"n": {operator: 1}}, {"n": 1})
    assert not matches({"n": {operator: 1}}, {"n": 2})
    assert matches({"$not": {"n": {operator: 1}}}, {"n": 1})
    assert compile_condition({"n": {operator: [1]}}, EMPTY_LIBRARY).warnings == ()


def test_property_condition_reads_one_mapping() -> None:
    match = compile_property_condition({"shop.city": "Wien", "amount": {"$gt": 10}, "@type": "x"}, "where")
    assert match({"shop": {"city": "Wien"}, "amount": 11, "@type": "x"})
    assert not match({"shop": {"city": "Wien"}, "amount": 11})
    with pytest.raises(Invalid, match=r"where\.\$event"):
        compile_property_condition({"$event": EVENT}, "where")
    with pytest.raises(Invalid, match=r"where\.a\.\$inGroup"):
        compile_property_condition({"a": {"$inGroup": "list"}}, "where")
    assert matches({"a": {"$inGroup": "list"}}, {"a": 1}, library=LIBRARY)
