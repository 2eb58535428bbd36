"""What the cells of a column stand for, and which column is which field."""

from datetime import UTC, date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from tailorbird.cli.errors import Usage
from tailorbird.cli.importing.bodies import Bodies
from tailorbird.cli.importing.cells import moment_of, type_of_column, value_of
from tailorbird.cli.importing.mapping import Kind, Target, check, told_constants, told_targets
from tailorbird.domain.errors import Invalid

VIENNA = ZoneInfo("Europe/Vienna")

# -- cells -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "", "-2.5", "1e3", " 7 "], "number"),
        (["1", "007"], "text"),
        (["+49 1"], "text"),
        (["1234567890123456"], "text"),
        (["1", "x"], "text"),
        (["true", "FALSE", ""], "boolean"),
        (["true", "1"], "text"),
        (["[1]", '{"a": 1}'], "json"),
        (["[1]", "{broken"], "text"),
        (["", ""], "text"),
        ([], "text"),
        (["NaN"], "text"),
    ],
)
def test_the_type_of_a_column(cells: list[str], kind: str) -> None:
    assert type_of_column(cells) == kind


def test_a_cell_of_another_type_than_its_column_is_refused() -> None:
    assert value_of("007", "text", "x") == "007"
    assert value_of("7", "number", "x") == 7
    assert value_of(" TRUE ", "boolean", "x") is True
    for cell, kind in (("007", "number"), ("yes", "boolean"), ("{", "json")):
        with pytest.raises(Invalid) as raised:
            value_of(cell, cast(Any, kind), "attributes.x")
        assert raised.value.problems[0].field == "attributes.x"


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ("2026-01-02T03:04:05Z", 1_767_323_045_000),
        ("2026-01-02T03:04:05.678+00:00", 1_767_323_045_678),
        ("2026-01-02 04:04:05", 1_767_323_045_000),
        ("2026-07-02 05:04", 1_782_961_440_000),
        ("2026-01-02", 1_767_308_400_000),
        ("1767323045", 1_767_323_045_000),
        ("1767323045678", 1_767_323_045_678),
        ("1767323045.5", 1_767_323_045_500),
        (1_767_323_045, 1_767_323_045_000),
        (1_767_323_045.25, 1_767_323_045_250),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), 1_767_323_045_000),
        (datetime(2026, 1, 2, 4, 4, 5), 1_767_323_045_000),
        (date(2026, 1, 2), 1_767_308_400_000),
    ],
)
def test_times_in_all_usual_forms(told: Any, moment: int) -> None:
    assert moment_of(told, VIENNA, "time") == moment


@pytest.mark.parametrize("told", ["yesterday", "", "02.01.2026", True, [1], {}])
def test_what_is_no_time_is_refused(told: Any) -> None:
    with pytest.raises(Invalid, match="time: expected an ISO 8601 time"):
        moment_of(told, VIENNA, "time")


# -- mapping ---------------------------------------------------------------------------------------------------------


def made(kind: Kind, row: dict[str, Any], *map_: str, set_: tuple[str, ...] = (), untyped: bool = False) -> Any:
    types: Any = {name: type_of_column([cell]) for name, cell in row.items()} if untyped else {}
    bodies = Bodies(
        kind,
        told_targets(kind, map_),
        told_constants(kind, set_),
        zone=VIENNA,
        types=types,
        untyped=untyped,
        made_id=lambda line: f"made-{line}",
    )
    return bodies.body(row, 7)


def test_people_by_the_names_of_their_columns() -> None:
    row = {"id": "ann", "anonymous_id": "phone", "time": "1767323045", "plan": "gold", "age": "42", "home.city": "Wien"}
    row |= {"attributes.vip": "true", "empty": "", "rejected.line": "3"}
    assert made("people", row, untyped=True) == {
        "name": "attributes",
        "visitor": {"id": "ann", "anonymous_id": "phone"},
        "time": 1_767_323_045_000,
        "attributes": {"plan": "gold", "age": 42, "home": {"city": "Wien"}, "vip": True},
    }


def test_events_by_the_names_of_their_columns() -> None:
    row = {
        "event_id": "e1",
        "visitor_id": "7",
        "event": "order",
        "timestamp": "2026-01-02",
        "total": "9.5",
        "zip": "010",
    }
    row |= {"session_id": "s", "channel": "web", "attributes.plan": "gold", "properties.sku": "a-1"}
    assert made("events", row, untyped=True) == {
        "id": "e1",
        "visitor": {"id": "7"},
        "name": "order",
        "time": 1_767_308_400_000,
        "session_id": "s",
        "channel": "web",
        "properties": {"total": 9.5, "zip": "010", "sku": "a-1"},
        "attributes": {"plan": "gold"},
    }


def test_events_as_the_api_takes_them() -> None:
    body = {
        "id": "e1", "name": "order", "time": "2026-01-02T00:00:00Z", "visitor": {"id": 7, "anonymous_id": None},
        "properties": {"lines": [{"sku": 1}]}, "attributes": {"plan": None}, "colour": "blue",
        "rejected": {"line": 3},
    }  # fmt: skip
    assert made("events", body) == {
        "id": "e1",
        "name": "order",
        "time": 1_767_312_000_000,
        "visitor": {"id": "7"},
        "properties": {"lines": [{"sku": 1}], "colour": "blue"},
        "attributes": {"plan": None},
    }


def test_items_by_the_names_of_their_columns() -> None:
    row = {"item_id": 12, "type": "Product", "title": "Mug", "attributes": {"price": 7.5}}
    assert made("items", row) == {"id": "12", "type": "Product", "attributes": {"title": "Mug", "price": 7.5}}


def test_columns_are_mapped_typed_left_out_and_set() -> None:
    row = {"customer": "ann", "total": "7", "secret": "x", "a=b": "1"}
    told = ("customer=visitor.id", "total=properties.sum.eur:text", "secret=", "a=b=properties.ab")
    body = made("events", row, *told, set_=("name=order", "time=2026-01-02", "channel=shop"), untyped=True)
    assert body == {
        "visitor": {"id": "ann"},
        "name": "order",
        "time": 1_767_308_400_000,
        "channel": "shop",
        "properties": {"sum": {"eur": "7"}, "ab": 1},
    }
    assert made("events", {"name": "view"}, set_=("name=order",))["name"] == "view"


def test_a_column_inside_an_object_can_be_mapped() -> None:
    body = made("events", {"who": {"no": 5}, "n": 3}, "who.no=visitor.id", "who=", "n=properties.n:text")
    assert body == {"visitor": {"id": "5"}, "properties": {"n": "3"}, "id": "made-7"}


def test_a_row_without_id_and_time_gets_an_id_of_this_import() -> None:
    assert made("people", {"id": "ann"})["id"] == "made-7"
    assert "id" not in made("people", {"id": "ann", "time": 1_767_323_045})
    assert made("events", {"id": "e1"})["id"] == "e1"
    assert "made" not in str(made("items", {"type": "x"}))


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"id": 1.5}, "visitor.id"),
        ({"id": ["a"]}, "visitor.id"),
        ({"visitor": "ann"}, "visitor"),
        ({"visitor": {"id": True}}, "visitor.id"),
        ({"time": "soon"}, "time"),
        ({"attributes": [1]}, "attributes"),
        ({"attributes.a": 1, "attributes.a.b": 2}, "attributes.a"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named(row: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as raised:
        made("people", row)
    assert raised.value.problems[0].field == field


@pytest.mark.parametrize(
    ("kind", "map_", "sentence"),
    [
        ("people", "age", "--map takes column=field"),
        ("people", "=id", "--map takes column=field"),
        ("people", "age=properties.age", "the fields of people are visitor.id"),
        ("people", "age=attributes.age:int", "a type is one of text, number, boolean, json"),
        ("people", "age=attributes.", "the fields of people"),
        ("items", "x=visitor.id", "the fields of items are id, type, attributes.<name>"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(kind: Kind, map_: str, sentence: str) -> None:
    with pytest.raises(Usage) as raised:
        told_targets(kind, [map_])
    assert sentence in str(raised.value)


def test_what_every_row_needs_must_be_there() -> None:
    def judged(kind: Kind, fields: list[str], *constants: str) -> None:
        check(kind, {f"c{number}": Target(field) for number, field in enumerate(fields)}, constants)

    judged("people", ["visitor.anonymous_id", "attributes.a", "", ""])
    judged("events", ["visitor"], "name")
    judged("items", ["id"])
    for kind, fields, sentence in (
        ("people", ["attributes.a"], "No column leads to visitor.id or visitor.anonymous_id"),
        ("events", ["visitor.id"], "No column leads to name"),
        ("items", ["attributes.id"], "No column leads to id"),
        ("items", ["id", "id"], "both lead to id"),
    ):
        with pytest.raises(Usage) as raised:
            judged(cast(Kind, kind), fields)
        assert sentence in str(raised.value)
