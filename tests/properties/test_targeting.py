"""Whatever is asked and whatever is found: a verdict, always the same, and the opposite of its negation."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tailorbird.domain.definitions import Audience
from tailorbird.domain.errors import Invalid
from tailorbird.domain.needs import PastEvent
from tailorbird.domain.profile import Counter, Profile, Visit
from tailorbird.domain.visitor import Context, Visitor
from tailorbird.targeting import (
    EMPTY_LIBRARY,
    Condition,
    IdList,
    Place,
    Subject,
    compile_audiences,
    compile_condition,
    compile_property_condition,
    explain_condition,
)
from tailorbird.targeting.facts import FACTS, WEEKDAYS
from tailorbird.targeting.operators import LISTED, MAKERS, OPPOSITES
from tailorbird.targeting.parse import LOGICAL_OPERATORS, PAST, VALUE_OPERATORS

NOW = 1_780_000_000_000
PLAIN = ("a", "b", "c", "a.b", "b.c", "tags")
AUDIENCES = ("vip", "friends", "nested")

texts = st.one_of(
    st.sampled_from(["", "a", "A", "gold", "1.2.3", "v2.0-rc.1", "2026-01-01", "8", "ß"]),
    st.text(st.characters(codec=None, categories=None), max_size=5),  # lone surrogates included
)
numbers = st.one_of(
    st.sampled_from([0, 1, 1.0, -1, 8, 2**63, 10**400, float("nan"), float("inf"), -0.0, 1e200]), st.integers()
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["a", "b", "c", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
finite = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from([0.5, 1.0, 8.0]), texts)
operands = st.recursive(finite, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
comparable = st.one_of(st.integers(-5, 10), st.sampled_from([0.5, 8.0]), texts)
versions = st.sampled_from(["1.2.3", "v2.0.0", "1.2.3-rc.1", "a.b", "1"])
regexes = st.sampled_from(["a", "^g", "(?i)GOLD", "\\d+", "", "[^a]", "\\pL"])

simple = st.one_of(
    *(st.builds(lambda value, name=name: {name: value}, operands) for name in ("$eq", "$ne")),
    *(st.builds(lambda value, name=name: {name: value}, comparable) for name in ("$gt", "$gte", "$lt", "$lte")),
    *(
        st.builds(lambda value, name=name: {name: value}, st.lists(operands, max_size=4))
        for name in (*sorted(LISTED), "$all", "$alli")
    ),
    *(
        st.builds(lambda value, name=name: {name: value}, versions)
        for name in ("$veq", "$vne", "$vgt", "$vgte", "$vlt", "$vlte")
    ),
    *(
        st.builds(lambda value, name=name: {name: value}, regexes)
        for name in ("$regex", "$regexi", "$notRegex", "$notRegexi")
    ),
    st.builds(lambda value: {"$exists": value}, st.booleans()),
    st.builds(
        lambda value: {"$type": value}, st.sampled_from(["string", "number", "boolean", "array", "object", "null"])
    ),
    st.sampled_from([{"$inGroup": "list"}, {"$notInGroup": "list"}]),
    finite,
)
asked = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds(lambda value: {"$not": value}, inner),
        st.builds(lambda value: {"$size": value}, inner),
        st.builds(lambda value: {"$elemMatch": value}, inner.filter(lambda value: isinstance(value, dict))),
        st.builds(lambda value: {"$elemMatch": {"a": value}}, inner),
        st.builds(lambda one, two: {"$not": one, "$all": [two]}, inner, inner),
    ),
    max_leaves=4,
)
spans = st.sampled_from([{}, {"within": {"days": 1}}, {"within": {"minutes": 5, "hours": 1}}, {"since": "2026-05-01"}])
wheres = st.one_of(
    st.just({}), st.builds(lambda value: {"where": {"a": value}}, simple.filter(lambda v: "Group" not in str(v)))
)
figures = st.builds(
    lambda name, value: {name: {"of": "a", "is": value}},
    st.sampled_from(["sum", "min", "max", "average", "first", "last"]),
    simple,
)
pasts = st.one_of(
    st.builds(lambda span, where: {"$event": {"name": "order", **span, **where}}, spans, wheres),
    st.builds(lambda span, count: {"$event": {"name": "order", **span, "count": count}}, spans, simple),
    st.builds(lambda span, figure: {"$event": {"name": "order", **span, **figure}}, spans, figures),
    st.builds(
        lambda span, where, value, rest: {
            "$affinity": {"event": "view", "property": "a", "is": value, **span, **where, **rest}
        },
        spans,
        wheres,
        simple,
        st.sampled_from([{}, {"share": 0.5}, {"minimum": 2}, {"share": 1, "minimum": 3}]),
    ),
    st.builds(lambda name: {"$audience": name}, st.sampled_from(AUDIENCES)),
    st.builds(
        lambda operator, names: {"$audience": {operator: names}},
        st.sampled_from(["$in", "$nin", "$all"]),
        st.lists(st.sampled_from(AUDIENCES), min_size=1, max_size=3),
    ),
)
facts = st.one_of(
    st.builds(
        lambda name, value: {name: value},
        st.sampled_from([name for name, fact in FACTS.items() if fact.kind in {"text", "number", "boolean"}]),
        asked,
    ),
    st.builds(lambda value: {"@query.q": value}, asked),
    st.builds(lambda day: {"@weekday": {"$in": [day]}}, st.sampled_from(WEEKDAYS)),
    st.sampled_from([{"@first_seen": {"$gt": "2026-01-01"}}, {"@date": "2026-05-28"}, {"@last_seen": {"$in": [None]}}]),
)
entries = st.one_of(st.builds(lambda name, value: {name: value}, st.sampled_from(PLAIN), asked), facts, pasts)
conditions: st.SearchStrategy[dict[str, Any]] = st.recursive(
    entries,
    lambda inner: st.one_of(
        st.builds(
            lambda name, parts: {name: parts}, st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner, max_size=3)
        ),
        st.builds(lambda part: {"$not": part}, inner),
        st.builds(lambda one, two: {**one, **two}, inner, inner),
    ),
    max_leaves=6,
)

attributes = st.dictionaries(st.sampled_from(["a", "b", "c", "tags"]), values, max_size=4)
events = st.lists(
    st.tuples(st.integers(NOW - 40 * 86_400_000, NOW), st.dictionaries(st.sampled_from("ab"), values, max_size=2)),
    max_size=5,
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


def happened(name: str, rows: list[tuple[int, dict[str, Any]]]) -> tuple[PastEvent, ...]:
    return tuple(PastEvent(name, time, f"{index:03}", properties) for index, (time, properties) in enumerate(rows))


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    maybe = lambda strategy: draw(st.one_of(st.none(), strategy))  # noqa: E731
    profile = Profile(
        person=1,
        bucket_id="ada",
        ids=("ada",),
        attributes=draw(attributes),
        first_seen=draw(st.sampled_from([0, NOW - 5, NOW])),
        last_seen=draw(st.sampled_from([0, NOW - 5, NOW])),
        visits=(Visit(NOW - 10, NOW - 5, "s"),),
        counters={"order": Counter(draw(st.integers(0, 3)), 1, 2)},
    )
    context = Context(
        visitor=Visitor(id=draw(st.sampled_from(["ada", "bob"]))),
        now=NOW,
        attributes=draw(attributes),
        device=maybe(texts),
        url=maybe(st.one_of(texts, st.sampled_from(["https://shop.example/a?q=gold", "http://[x", "//a:b/?q=%ff"]))),
        referrer=maybe(texts),
        ip=maybe(texts),
        user_agent=maybe(st.one_of(texts, st.sampled_from(["Mozilla/5.0 (iPhone)", "curl/8.0"]))),
        locale=maybe(texts),
        time=maybe(st.integers(-(2**70), 2**70)),
        utc_offset=maybe(st.integers(-(2**40), 2**40)),
        weekday=maybe(st.integers(-10, 10)),
        hour=maybe(st.integers(0, 23)),
    )
    history = {"order": happened("order", draw(events)), "view": happened("view", draw(events))}
    return Subject(context, maybe(st.just(profile)), history=history, locate=lambda address: Place("GB"))


LIBRARY, BROKEN = compile_audiences(
    [
        Audience(name="vip", key="vip", condition={"a": "gold"}),
        Audience(name="friends", key="friends", type="list"),
        Audience(
            name="nested", key="nested", condition={"$or": [{"$audience": "vip"}, {"$not": {"$audience": "friends"}}]}
        ),
        Audience(name="list", key="list", type="list"),
    ],
    {"friends": IdList.of(["ada"]), "list": IdList.of([1, "gold", None, True])},
)


@given(conditions, subjects())
def test_not_flips_every_answer(tree: dict[str, Any], subject: Subject) -> None:
    assert not BROKEN
    verdict = compile_condition(tree, LIBRARY).match(subject)
    assert compile_condition({"$not": tree}, LIBRARY).match(subject) is not verdict
    assert compile_condition({"$nor": [tree]}, LIBRARY).match(subject) is not verdict


@given(conditions, subjects())
def test_explanation_has_the_same_verdict(tree: dict[str, Any], subject: Subject) -> None:
    condition = compile_condition(tree, LIBRARY)
    explanation = explain_condition(condition, subject)
    assert (explanation.gate == "") is condition.match(subject)
    assert explanation.message


@pytest.mark.parametrize(("negative", "positive"), OPPOSITES.items())
@given(asked, values)
def test_opposite_operators_are_exact_complements(negative: str, positive: str, operand: Any, value: Any) -> None:
    operand = operand.get(positive, operand) if isinstance(operand, dict) else operand
    if positive in LISTED and not isinstance(operand, list):
        operand = [operand]
    if "Group" in positive:
        operand = "list"
    try:
        condition = compile_condition({"a": {positive: operand}}, LIBRARY)
    except Invalid:
        with pytest.raises(Invalid):
            compile_condition({"a": {negative: operand}}, LIBRARY)
        return
    subject = Subject(Context(visitor=Visitor(id="ada"), now=NOW, attributes={"a": value}))
    assert compile_condition({"a": {negative: operand}}, LIBRARY).match(subject) is not condition.match(subject)


names = st.one_of(
    st.sampled_from(
        [*PLAIN, *LOGICAL_OPERATORS, *PAST, *VALUE_OPERATORS, *FACTS, "@nothing", "$nothing", "name", "of", "is"]
    ),
    texts,
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=12,
)


def compiled(tree: Any) -> Condition | Invalid:
    try:
        return compile_condition(tree, LIBRARY, "audience")
    except Invalid as refused:
        return refused


@given(anything, subjects())
def test_any_json_is_refused_with_a_path_or_answers(tree: Any, subject: Subject) -> None:
    condition = compiled(tree)
    if isinstance(condition, Invalid):
        assert condition.problems[0].field.startswith("audience")
        assert condition.problems[0].expected
    else:
        assert condition.match(subject) in {True, False}
        assert (explain_condition(condition, subject).gate == "") is condition.match(subject)


@given(st.sampled_from(sorted(MAKERS)), values, values)
@example("$eq", [[[]]], [[[]]])
def test_every_operator_answers_for_every_value(operator: str, operand: Any, value: Any) -> None:
    try:
        match = compile_property_condition({"a": {operator: operand}})
    except Invalid:
        return
    assert match({"a": value}) in {True, False}


@given(
    st.text("abÄ /-$^1", max_size=4),
    st.text(st.sampled_from("abÄ /-$^1\n\ud800"), max_size=6),
)
def test_plain_expressions_find_what_the_engine_finds(pattern: str, text: str) -> None:
    try:
        quick = compile_property_condition({"a": {"$regex": pattern}})
    except Invalid:
        return
    assert quick({"a": text}) is compile_property_condition({"a": {"$regex": f"(?:{pattern})"}})({"a": text})


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("operator", sorted({*MAKERS, "$all", "$inGroup", "$elemMatch", "$size"}))
def test_deeply_nested_values_get_an_answer(operator: str) -> None:
    operand: Any = {
        "$inGroup": "list",
        "$exists": True,
        "$type": "array",
        "$regex": "a",
        "$regexi": "a",
        "$size": 1,
        "$elemMatch": {"$eq": []},
    }.get(operator, [["x"]] if "in" in operator or "all" in operator else "1")
    condition = compile_condition({"a": {operator: operand}}, LIBRARY)
    deep = Subject(Context(visitor=Visitor(id="ada"), now=NOW, attributes={"a": nested(100_000)}))
    assert condition.match(deep) is (operator in {"$exists", "$type", "$size"})
    assert (explain_condition(condition, deep).gate == "") is condition.match(deep)


def test_matching_needs_no_library_afterwards() -> None:
    condition = compile_condition({"a": 1}, EMPTY_LIBRARY)
    assert condition.match(Subject(Context(visitor=Visitor(id="ada"), now=NOW, attributes={"a": 1})))
    assert not condition.match(Subject(Context(visitor=Visitor(id="ada"), now=NOW, attributes={"a": 2})))
