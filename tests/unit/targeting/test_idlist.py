"""Uploaded lists hold typed JSON values, eight bytes each."""

from typing import Any

import pytest

from tailorbird.targeting import IdList, canonical


def test_members_are_typed() -> None:
    members = IdList.of([1, "2", True, None, {"b": 1, "a": [2.0]}])
    assert 1 in members
    assert 1.0 in members
    assert "2" in members
    assert {"a": [2], "b": 1} in members
    assert None in members
    assert True in members
    for stranger in (2, "1", False, {"a": [2]}, "null", "true", float("nan"), "\ud800"):
        assert stranger not in members


def test_canonical_texts_make_the_same_list_as_values() -> None:
    values: list[Any] = ["ada", 7, "ü", {"b": 2, "a": 1}]
    texts = [text for value in values if (text := canonical(value)) is not None]
    assert texts == ['"ada"', "7", '"ü"', '{"a":1,"b":2}']
    assert IdList(texts).to_bytes() == IdList.of(values).to_bytes()


def test_what_json_cannot_say_has_no_text() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert [canonical(value) for value in (float("inf"), "\ud800", [float("nan")], deep)] == [None] * 4
    assert canonical(0.5) == "0.5"


def test_bytes_come_back_as_the_same_list() -> None:
    members = IdList.of([f"user-{number}" for number in range(1000)])
    data = members.to_bytes()
    again = IdList.from_bytes(data)
    assert len(data) == 8000
    assert len(again) == 1000
    assert "user-999" in again
    assert "user-1000" not in again


def test_doubles_count_once() -> None:
    assert len(IdList.of(["a", "a", "b"])) == 2


def test_an_empty_list_has_no_members() -> None:
    assert "a" not in IdList()
    assert "a" in IdList(['"a"'])


@pytest.mark.slow
def test_a_million_ids_fit_in_eight_megabytes() -> None:
    members = IdList.of(f"user-{number}" for number in range(1_000_000))
    assert len(members) == 1_000_000
    assert len(members.to_bytes()) == 8_000_000
    assert all(f"user-{number}" in members for number in range(0, 1_000_000, 1000))
    assert not any(f"stranger-{number}" in members for number in range(1000))
