"""Compiled content: what it tells, what it keeps, and that renderings do not touch each other."""

from typing import Any

import msgspec
import pytest

from tailorbird.domain.campaign import Content, Message, Row
from tailorbird.domain.decision import RenderedMessage
from tailorbird.domain.errors import Invalid
from tailorbird.domain.needs import EventNeed, Needs
from tailorbird.templates import Values, compile_content, render
from tailorbird.templates.limits import (
    MAX_CONTENT,
    MAX_DEPTH,
    MAX_INDENT,
    MAX_ITEMS,
    MAX_MESSAGES,
    MAX_ROWS,
    MAX_SOURCE,
    MAX_SOURCES,
    MAX_STRINGS,
    MAX_TAG,
)

ITEM = {"id": "7", "type": "Product", "attributes": {"name": "Mug"}}


def payload(body: Any, **attributes: Any) -> Any:
    return render(compile_content(Content(body=body)), Values(attributes=attributes)).payload


def refused(content: Content) -> list[str]:
    with pytest.raises(Invalid) as caught:
        compile_content(content, "content")
    return [problem.field for problem in caught.value.problems]


def test_a_rendered_message_tells_types_items_and_whether_it_is_dynamic() -> None:
    rows = (
        Row(name="title", value="Hi"),
        Row(name="price", value=3, type="number"),
        Row(name="p", value=["7"], type="items"),
    )
    compiled = compile_content(Content(messages=(Message(id="Ms1aA", target="hero", rows=rows, ids_only=True),)))
    rendered = render(compiled, Values(item={"7": ITEM}.get))
    assert rendered.messages == (
        RenderedMessage(
            id="Ms1aA",
            target="hero",
            values={"title": "Hi", "price": 3, "p": [{"id": "7"}]},
            types={"title": "text", "price": "number", "p": "items"},
            items=("7",),
            dynamic=True,
        ),
    )


def test_static_messages_are_told_too_and_made_once() -> None:
    compiled = compile_content(Content(messages=(Message(target="hero", rows=(Row(name="title", value="Hi"),)),)))
    first, second = render(compiled, Values()), render(compiled, Values())
    assert first is second
    assert isinstance(first.payload, msgspec.Raw)
    assert [(message.values, message.dynamic) for message in first.messages] == [({"title": "Hi"}, False)]


def test_one_rendering_leaves_nothing_to_the_next() -> None:
    compiled = compile_content(Content(body={"a": ["{{ user.x }}", {"b": 1}], "c": "{% assign v = user.x %}{{ v }}"}))
    first = render(compiled, Values(attributes={"x": [1]})).payload
    first["a"].append("changed")
    first["extra"] = True
    assert render(compiled, Values(attributes={"x": 2})).payload == {"a": [2, {"b": 1}], "c": "2"}
    assert render(compiled, Values()).payload is None


def test_variables_of_one_string_are_unknown_to_the_others() -> None:
    assert refused(Content(body=["{% assign v = 1 %}{{ v }}", "{{ v }}"])) == ["content.body[1]"]


def test_the_same_values_serve_several_contents() -> None:
    values = Values(attributes={"x": 1}, audiences=lambda: ["vip"])
    bodies = ["{{ user.x }}", "{{ audiences }}", "{% for a in audiences %}{{ a | append: user.x }}{% endfor %}"]
    assert [render(compile_content(Content(body=body)), values).payload for body in bodies] == [1, ["vip"], "vip1"]


def test_needs_of_all_parts_come_together() -> None:
    rows = (Row(name="a", value="{{ event.order.last.amount }}"), Row(name="b", value="{{ user.name }}{{ audiences }}"))
    compiled = compile_content(
        Content(messages=(Message(rows=rows), Message(rows=(Row(name="c", value="{{ now }}"),))))
    )
    assert compiled.needs == Needs(profile=True, events=frozenset({EventNeed("order", properties=True)}))
    assert compiled.audiences
    assert compile_content(Content(body="{{ now }}")).needs == Needs()


def test_conditions_declare_needs_like_outputs_do() -> None:
    compiled = compile_content(
        Content(body="{% if event.order.first.amount > 3 %}a{% endif %}{% for x in user.y %}{% endfor %}")
    )
    assert compiled.needs == Needs(profile=True, events=frozenset({EventNeed("order", properties=True)}))


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (Content(body="x" * MAX_CONTENT), "content"),
        (Content(body="{{ now }}" + "x" * MAX_SOURCE), "content.body"),
        (Content(body=["{{ now }}"] * (MAX_STRINGS + 1)), f"content.body[{MAX_STRINGS}]"),
        (Content(body=["{{ now }}".ljust(MAX_SOURCE)] * 9), f"content.body[{MAX_SOURCES // MAX_SOURCE}]"),
        (Content(body="{{ now" + " " * MAX_TAG + "}}"), "content.body"),
        (Content(body="{{" + " " * (MAX_INDENT + 1) + "now }}"), "content.body"),
        (Content(body="{{" * MAX_TAG), "content.body"),
        (Content(body="{% if now %}" * 40 + "{% endif %}" * 40), "content.body"),
        (Content(body="{{ user" + "[user" * 700 + "]" * 700 + " }}"), "content.body"),
        (Content(messages=(Message(),) * (MAX_MESSAGES + 1)), "content.messages"),
        (
            Content(messages=(Message(rows=tuple(Row(name=str(n)) for n in range(MAX_ROWS + 1))),)),
            "content.messages[0].rows",
        ),
        (
            Content(messages=(Message(rows=(Row(name="p", value=["7"] * (MAX_ITEMS + 1), type="items"),)),)),
            "content.messages[0].rows[0].value",
        ),
    ],
)
def test_content_over_a_limit_is_refused(content: Content, field: str) -> None:
    assert refused(content) == [field]


@pytest.mark.parametrize(
    "content",
    [
        Content(body="x" * (MAX_CONTENT - 100)),
        Content(body="{{ now }}".ljust(MAX_SOURCE)),
        Content(body=["{{ now }}"] * MAX_STRINGS),
        Content(body=["{{ now }}".ljust(MAX_SOURCE)] * 8),
        Content(body="{{ now".ljust(MAX_TAG - 2) + "}}"),
        Content(body="{{" + " " * (MAX_INDENT - 2) + "now }}"),
        Content(body="{% if now %}" * 20 + "{% endif %}" * 20),
        Content(messages=(Message(),) * MAX_MESSAGES),
        Content(messages=(Message(rows=tuple(Row(name=str(n)) for n in range(MAX_ROWS))),)),
        Content(messages=(Message(rows=(Row(name="p", value=["7"] * MAX_ITEMS, type="items"),)),)),
    ],
)
def test_content_at_a_limit_is_taken(content: Content) -> None:
    assert compile_content(content, "content").needs == Needs()


def test_a_body_is_at_most_so_deep() -> None:
    body: Any = "{{ now }}"
    for _ in range(MAX_DEPTH):
        body = [body]
    assert compile_content(Content(body=body)).static is None
    assert refused(Content(body=[body])) == ["content.body" + "[0]" * MAX_DEPTH]


def test_a_value_is_at_most_so_deep() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = [value]
    assert payload("{{ user.x }}", x=value) == value
    rendered = render(compile_content(Content(body="{{ user.x }}")), Values(attributes={"x": [value]}))
    assert rendered.missing == (f"body: a value nested deeper than {MAX_DEPTH} levels",)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(Invalid, match=r"and 2 more") as caught:
        compile_content(Content(body={"a": "{{ x }}", "b": ["{% nope %}"], "c": "{{ user.y | nope }}"}), "content")
    assert [problem.field for problem in caught.value.problems] == [
        "content.body.a",
        "content.body.b[0]",
        "content.body.c",
    ]


def test_what_json_cannot_hold_is_refused() -> None:
    assert refused(Content(body={"a": object()})) == ["content"]


def test_reasons_are_short_and_few() -> None:
    long = "{{ user." + "x" * 1_000 + " }}"
    rendered = render(compile_content(Content(body=[long, *(f"{{{{ user.a{n} }}}}" for n in range(90))])), Values())
    assert len(rendered.missing) == 50
    assert max(map(len, rendered.missing)) == 200
