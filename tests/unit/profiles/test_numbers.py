from typing import Any

import pytest

from tailorbird.domain.facts import Event
from tailorbird.domain.profile import Counter, Profile
from tailorbird.domain.visitor import Visitor
from tailorbird.profiles import fold, merge
from tailorbird.profiles.numbers import DEEPEST, LARGEST, MAX_NAMES, MAX_NUMBERS, numbers_of

NOW = 1_800_000_000_000
EMPTY = Profile(person=1, bucket_id="u")


def event(name: str = "order", number: int = 0, **properties: Any) -> Event:
    return Event(
        project="shop",
        visitor=Visitor(id="u"),
        id=f"e{number}",
        name=name,
        time=NOW + number,
        received_at=NOW + number,
        properties=properties,
    )


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"amount": 3}, [("amount", 3.0)]),
        ({"amount": "3", "gift": True, "note": None, "lines": [1, 2]}, []),
        ({"cart": {"total": 1.5, "tax": {"at": 20}}}, [("cart.total", 1.5), ("cart.tax.at", 20.0)]),
        ({"cart.total": 1, "cart": {"a.b": 2, "n": 4}}, [("cart.n", 4.0)]),
        ({"large": LARGEST, "larger": LARGEST * 10, "int": 10**400, "nan": float("nan")}, [("large", LARGEST)]),
    ],
)
def test_numbers_are_found_by_their_dotted_paths(
    properties: dict[str, object], expected: list[tuple[str, float]]
) -> None:
    assert numbers_of(properties) == expected


def test_numbers_are_looked_for_to_a_depth() -> None:
    nested: dict[str, object] = {"n": 1}
    for _ in range(DEEPEST - 1):
        nested = {"in": nested}
    assert len(numbers_of(nested)) == 1
    assert numbers_of({"in": nested}) == []


def test_sums_are_exact() -> None:
    profile = EMPTY
    for number in range(10):
        profile = fold(profile, event(number=number, amount=0.1))
    for number, amount in enumerate((1e16, 1.0, -1e16)):
        profile = fold(profile, event("odd", number, amount=amount))
    assert profile.counters["order"].numbers["amount"].total == 1.0
    assert profile.counters["odd"].numbers["amount"].total == 1.0


def test_first_low_high_and_last_are_kept() -> None:
    profile = EMPTY
    for number, amount in ((2, 5), (1, -7), (3, 9), (0, 4)):
        profile = fold(profile, event(number=number, amount=amount))
    found = profile.counters["order"].numbers["amount"]
    assert (found.count, found.low, found.high) == (4, -7.0, 9.0)
    assert (found.first, found.last) == ((NOW, "e0", 4.0), (NOW + 3, "e3", 9.0))


def test_event_names_are_counted_up_to_a_number_of_names() -> None:
    profile = EMPTY
    for number in range(MAX_NAMES + 2):
        profile = fold(profile, event(f"name-{number}", number))
    profile = fold(profile, event("name-0", MAX_NAMES + 2))
    assert (len(profile.counters), profile.uncounted) == (MAX_NAMES, 2)
    assert profile.counters["name-0"].count == 2


def test_numbers_are_added_up_to_a_number_of_properties() -> None:
    many: dict[str, Any] = {f"n{number}": number for number in range(MAX_NUMBERS + 5)}
    profile = fold(fold(EMPTY, event(**many)), event(number=1, **many))
    numbers = profile.counters["order"].numbers
    assert len(numbers) == MAX_NUMBERS
    assert {aggregate.count for aggregate in numbers.values()} == {2}


def test_a_merge_keeps_the_counters_of_both() -> None:
    one = Profile(person=1, bucket_id="a", counters={f"a{n}": Counter(1, n, n) for n in range(MAX_NAMES)})
    other = Profile(
        person=2, bucket_id="b", counters={f"b{n}": Counter(1, n, n) for n in range(MAX_NAMES)}, uncounted=3
    )
    both = merge(one, other, NOW)
    assert len(both.counters) == 2 * MAX_NAMES
    assert both.uncounted == 3
