"""The explanation is about the smallest part that decided, with its path, what was found and what was asked."""

from typing import Any

import msgspec
import pytest

from tailorbird.domain.definitions import Audience
from tailorbird.domain.needs import PastEvent
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.targeting import EMPTY_LIBRARY, IdList, Subject, compile_audiences, compile_condition, explain_condition
from tests.unit.targeting.conditions import NOW, subject

GOLD = {"plan": "gold", "age": 30, "tags": ["a", "b"]}


@pytest.mark.parametrize(
    ("tree", "gate", "path", "found", "expected"),
    [
        ({"plan": "gold"}, "", "plan", "gold", "gold"),
        ({"plan": {"$in": ["silver"]}}, "audience", "plan.$in", "gold", ["silver"]),
        ({"plan": "gold", "age": {"$gte": 18, "$lt": 21}}, "audience", "age.$lt", 30, 21),
        ({"city": "Wien"}, "audience", "city", None, "Wien"),
        ({"plan": {"$ne": "gold"}}, "audience", "plan.$ne", "gold", "gold"),
        ({"$not": {"plan": "gold"}}, "audience", "$not.plan", "gold", "gold"),
        ({"plan": {"$not": {"$regex": "^g"}}}, "audience", "plan.$not.$regex", "gold", "^g"),
        ({"$nor": [{"plan": "silver"}, {"age": 30}]}, "audience", "$nor[1].age", 30, 30),
        ({"$or": [{"plan": "silver"}]}, "audience", "$or[0].plan", "gold", "silver"),
        ({"$or": [{"plan": "silver"}, {"age": 30}]}, "", "$or[1].age", 30, 30),
        ({"$and": [{"plan": "gold"}, {"tags": {"$size": 3}}]}, "audience", "$and[1].tags.$size", ["a", "b"], 3),
        ({"tags": {"$elemMatch": {"$eq": "c"}}}, "audience", "tags.$elemMatch", ["a", "b"], {"$eq": "c"}),
        ({"@hour": {"$lt": 9}}, "audience", "@hour.$lt", 12, 9),
        ({"@weekday": "monday"}, "audience", "@weekday", "wednesday", "monday"),
    ],
)
def test_smallest_part(tree: Any, gate: str, path: str, found: Any, expected: Any) -> None:
    explanation = explain_condition(compile_condition(tree, EMPTY_LIBRARY), subject(GOLD))
    assert (explanation.gate, explanation.path) == (gate, path)
    assert (explanation.found, explanation.expected) == (found, expected)
    assert path in explanation.message


def test_path_starts_with_the_path_of_the_condition() -> None:
    condition = compile_condition({"plan": "silver"}, EMPTY_LIBRARY, "rules[0].audience")
    assert explain_condition(condition, subject(GOLD)).path == "rules[0].audience.plan"


def test_no_single_part_decided() -> None:
    condition = compile_condition({"$or": [{"plan": "silver"}, {"age": 31}, {"x": 1}, {"y": 1}]}, EMPTY_LIBRARY)
    explanation = explain_condition(condition, subject(GOLD))
    assert explanation.path == "$or"
    assert explanation.found is msgspec.UNSET
    assert explanation.message.startswith('$or: no alternative holds; $or[0].plan: "gold" does not pass "silver"; ')
    assert explanation.message.endswith("; …")


def test_empty_condition_asks_nothing() -> None:
    explanation = explain_condition(compile_condition({}, EMPTY_LIBRARY), subject())
    assert (explanation.gate, explanation.message) == ("", "the condition: asks nothing")
    refused = explain_condition(compile_condition({"$not": {}}, EMPTY_LIBRARY), subject())
    assert (refused.gate, refused.path) == ("audience", "$not")


def test_part_inside_an_audience() -> None:
    library, _ = compile_audiences(
        [
            Audience(name="VIP", key="vip", condition={"plan": {"$in": ["gold", "silver"]}}),
            Audience(name="L", key="friends", type="list"),
        ],
        {"friends": IdList.of(["bob"])},
    )
    explanation = explain_condition(compile_condition({"$audience": "vip"}, library), subject({"plan": "free"}))
    assert explanation.path == "$audience → vip.condition.plan.$in"
    assert explanation.message == (
        'not in the audience vip: condition.plan.$in: "free" does not pass ["gold","silver"]'
    )
    assert explanation.found == "free"
    listed = explain_condition(compile_condition({"$audience": "friends"}, library), subject())
    assert (listed.gate, listed.found) == ("audience", ["ada"])


def test_figures_of_the_past_are_told() -> None:
    rows = [(NOW - 2000, 10), (NOW - 1000, 20)]
    events = tuple(PastEvent("order", time, str(time), {"amount": amount}) for time, amount in rows)
    asked = Subject(
        Context(visitor=Visitor(id="ada"), now=NOW), Profile(person=1, bucket_id="a"), history={"order": events}
    )
    order = {"name": "order", "within": {"days": 1}}
    count = compile_condition({"$event": {**order, "count": {"$gte": 3}}}, EMPTY_LIBRARY)
    assert explain_condition(count, asked).found == 2
    total = compile_condition({"$event": {**order, "sum": {"of": "amount", "is": {"$gt": 50}}}}, EMPTY_LIBRARY)
    explanation = explain_condition(total, asked)
    assert (explanation.path, explanation.found, explanation.expected) == ("$event.sum", 30.0, {"$gt": 50})
    share = {"event": "order", "property": "amount", "is": 10, "share": 0.6}
    explanation = explain_condition(compile_condition({"$affinity": share}, EMPTY_LIBRARY), asked)
    assert (explanation.found, explanation.expected) == ({"matching": 1, "of": 2}, 0.6)
