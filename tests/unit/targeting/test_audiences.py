"""Audiences name audiences; a broken one is off alone; each is asked once a request."""

from typing import Any

import pytest

from tailorbird.domain.definitions import Audience
from tailorbird.domain.errors import Invalid
from tailorbird.domain.profile import Profile
from tailorbird.domain.visitor import Visitor
from tailorbird.targeting import IdList, compile_audiences, compile_condition
from tailorbird.targeting.audiences import every_id
from tests.unit.targeting.conditions import subject


def audience(key: str, condition: Any) -> Audience:
    return Audience(name=key, key=key, id=f"id-{key}", condition=condition)


def test_circle_is_refused_with_its_chain_and_the_others_work() -> None:
    library, broken = compile_audiences(
        [
            audience("a", {"$audience": "b"}),
            audience("b", {"$or": [{"x": 1}, {"$audience": {"$in": ["fine", "c"]}}]}),
            audience("c", {"$not": {"$audience": "id-a"}}),
            audience("user", {"$audience": "b"}),
            audience("fine", {"x": 1}),
        ],
        {},
    )
    assert set(broken) == {"id-a", "id-b", "id-c", "id-user"}
    assert all("a → b → c → a" in error.detail for error in broken.values())
    assert broken["id-c"].problems[0].field == "condition.$not.$audience"
    assert broken["id-user"].problems[0].field == "condition.$audience"
    assert set(library.audiences) == {"fine", "id-fine"}
    with pytest.raises(Invalid, match="does not work"):
        compile_condition({"$audience": "user"}, library)


def test_audience_that_names_itself_is_a_circle() -> None:
    _, broken = compile_audiences([audience("a", {"$nor": [{"$audience": "a"}]})], {})
    assert "a → a" in broken["id-a"].detail


def test_two_ways_to_one_audience_are_no_circle() -> None:
    library, broken = compile_audiences(
        [
            audience("top", {"$audience": {"$all": ["left", "right"]}}),
            audience("left", {"$audience": "base"}),
            audience("right", {"$audience": "base"}),
            audience("base", {"x": 1}),
        ],
        {},
    )
    assert not broken
    assert library.audiences["top"].match(subject({"x": 1}))
    assert not library.audiences["top"].match(subject({"x": 2}))


def test_each_audience_is_asked_once_a_request() -> None:
    """With every level naming the next one twice, asking each time would take 2^40 questions."""
    levels = [audience(f"a{n}", {"$audience": {"$all": [f"a{n + 1}"] * 2}}) for n in range(40)]
    library, broken = compile_audiences([*levels, audience("a40", {"x": 1})], {})
    assert not broken
    asked = subject({"x": 1})
    assert library.audiences["a0"].match(asked)
    assert asked.memo["id-a40"] is True
    assert not library.audiences["a0"].match(subject())


def test_explaining_asks_each_audience_once_too() -> None:
    from tailorbird.targeting import explain_condition

    levels = [audience(f"a{n}", {"$audience": {"$all": [f"a{n + 1}"] * 2}}) for n in range(40)]
    library, _ = compile_audiences([*levels, audience("a40", {"x": 1})], {})
    assert explain_condition(library.audiences["a0"], subject({"x": 1})).gate == ""
    assert explain_condition(library.audiences["a0"], subject()).gate == "audience"


def test_chain_of_audiences_has_a_limit_whatever_their_order() -> None:
    chain = [audience(f"a{n}", {"$audience": f"a{n + 1}"}) for n in range(400)] + [audience("a400", {"x": 1})]
    for order in (chain, chain[::-1]):
        library, broken = compile_audiences(order, {})
        assert len(broken) == 301
        assert "100 levels" in broken["id-a0"].detail
        assert library.audiences["a301"].match(subject({"x": 1}))


def test_audience_without_a_condition_is_broken() -> None:
    library, broken = compile_audiences([audience("empty", None), audience("fine", {})], {})
    assert broken["id-empty"].problems[0].field == "condition"
    assert library.audiences["fine"].match(subject())


def test_every_id_of_the_person_counts_once() -> None:
    profile = Profile(person=1, bucket_id="a", ids=("ada", "lovelace"), anonymous_ids=("c1",))
    asked = subject(profile=profile, visitor=Visitor(id="ada", anonymous_id="c2"))
    assert every_id(asked) == ["ada", "c2", "lovelace", "c1"]
    assert every_id(subject(visitor=Visitor(anonymous_id="c2"))) == ["c2"]


def test_members_are_found_by_list_id_or_key() -> None:
    audiences = [Audience(name="L", key="friends", id="l1", type="list")]
    for name in ("l1", "friends"):
        library, _ = compile_audiences(audiences, {name: IdList.of(["ada"])})
        assert compile_condition({"$audience": "friends"}, library).match(subject())
        assert compile_condition({"@id": {"$inGroup": "l1"}}, library).match(subject())
        assert not compile_condition({"$audience": "l1"}, library).match(subject(visitor=Visitor(id="bob")))
