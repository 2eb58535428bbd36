"""Whatever a visitor's values are and whatever a marketer wrote: JSON, or a named reason; never an exception."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.domain.campaign import Content, Message, OnMissing, Row
from tailorbird.domain.decision import Rendered
from tailorbird.domain.errors import Invalid
from tailorbird.domain.needs import PastEvent
from tailorbird.domain.profile import Counter, Profile
from tailorbird.templates import CompiledContent, Values, compile_content, pick_locale, render
from tailorbird.templates.limits import MAX_OUTPUT
from tailorbird.templates.sandbox import DIALECT


class Hostile:
    """An object of which everything fails."""

    def _fail(self, *_: object) -> Any:
        raise RuntimeError("hostile \ud800")

    __str__ = __len__ = __iter__ = __getitem__ = __eq__ = __lt__ = __int__ = __bool__ = __contains__ = _fail
    __hash__ = __float__ = __add__ = __format__ = _fail


class Liar(dict[str, Any]):
    """A mapping that does not keep what it says."""

    def __getitem__(self, name: str) -> Any:
        raise ZeroDivisionError

    def items(self) -> Any:
        raise OSError


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


#: Hypothesis prints and compares what it draws, so that it gets to see only their names.
ODD: dict[str, Callable[[], Any]] = {
    "<hostile>": Hostile,
    "<liar>": lambda: Liar(a=1),
    "<bytes>": lambda: b"\xff",
    "<object>": object,
    "<huge>": lambda: 10**5000,
    "<large>": lambda: -(10**400),
    "<decimal>": lambda: Decimal("1e5000"),
    "<nan>": lambda: Decimal("NaN"),
    "<date>": lambda: date.max,
    "<early>": lambda: datetime.min,
    "<late>": lambda: datetime.max.replace(tzinfo=timezone(timedelta(hours=-23))),
    "<deep>": lambda: deep(5_000),
    "<set>": lambda: {1, "b"},
}


def odd(value: Any) -> Any:
    """``value`` with the named objects in their places."""
    if isinstance(value, str):
        return ODD[value]() if value in ODD else value
    if isinstance(value, dict):
        return {name: odd(inner) for name, inner in value.items()}
    return type(value)(map(odd, value)) if isinstance(value, list | tuple) else value


texts = st.text(st.characters(codec=None), max_size=12) | st.sampled_from(
    ["", " ", "now", "12", "1e999", "{{ x }}", '"}', "a,b"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**62, max_value=2**70)
    | st.floats()
    | texts
    | st.sampled_from(sorted(ODD))
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4) | st.tuples(inner),
    max_leaves=12,
)
attributes = st.dictionaries(st.sampled_from(["a", "b", "user", "size", "list"]), values, max_size=5)

PATHS = (
    *(
        "attribute.user.a",
        "attribute.a",
        "user.b",
        "user.list[0]",
        "user.list.first",
        "user.a.size",
        "user[user.b]",
        "user",
    ),
    *("request.url", "request.attributes.a", "fact.country", "fact.query.a", "fact.first_seen", "event.order.count"),
    *("event.order.last.a", "event.order.first.time", "event.order.last_at", "event.order.last", "catalogue[user.a].a"),
    *(
        'catalogue["1"].b',
        'catalogue["1"]',
        "audiences",
        "now",
        "today",
        "(1..user.a)",
        "(user.b..9)",
        "x",
        "nil",
        "3",
        "'t'",
    ),
)
paths = st.sampled_from(PATHS)


def filters() -> Iterator[str]:
    """Every filter, with as many arguments as it takes."""
    for name in sorted(DIALECT.filters):
        for count in range(4):
            arguments = ", ".join(["user.a", "user.b", "'c'"][:count])
            source = f"{{{{ user.a | {name}{': ' + arguments if arguments else ''} }}}}"
            try:
                compile_content(Content(body=source))
            except Invalid:
                continue
            yield f"{name}{': ' * bool(count)}" + "{}" * bool(count) + ", {}" * (count - 1)


FILTERS = tuple(filters())
steps = st.builds(
    lambda step, arguments: " | " + step.format(*arguments), st.sampled_from(FILTERS), st.tuples(paths, paths, paths)
)
outputs = st.builds(lambda path, chain: f"{{{{ {path}{''.join(chain)} }}}}", paths, st.lists(steps, max_size=4))
tags = st.builds(
    str.format,
    st.sampled_from(
        [
            "{{% if {0} %}}{2}{{% else %}}{3}{{% endif %}}",
            "{{% if {0} == {1} %}}{2}{{% elsif {0} contains {1} %}}{3}{{% endif %}}",
            "{{% unless {0} > {1} %}}{2}{{% endunless %}}",
            "{{% for x in {0} limit: {1} %}}{2}{{% else %}}{3}{{% endfor %}}",
            "{{% for x in {0} reversed %}}{2}{{% break %}}{{% endfor %}}",
            "{{% tablerow x in {0} cols: {1} %}}{2}{{% endtablerow %}}",
            "{{% case {0} %}}{{% when {1} %}}{2}{{% else %}}{3}{{% endcase %}}",
            "{{% assign x = {0} %}}{2}{{{{ x }}}}",
            "{{% capture x %}}{2}{{% endcapture %}}{3}",
            "{{% cycle {0}, {1} %}}{{% increment x %}}{2}{{% ifchanged %}}{3}{{% endifchanged %}}",
            "{{% liquid echo {0} \n echo {1} %}}{2}",
        ]
    ),
    paths.filter(lambda path: path[0] not in "n3'x"),
    paths,
    outputs,
    outputs,
)
sources = st.lists(
    outputs | tags | st.sampled_from(["text ", "{% raw %}{{{% endraw %}", " "]), min_size=1, max_size=4
).map("".join)


def compiled_or_none(content: Content) -> CompiledContent | None:
    try:
        return compile_content(content)
    except Invalid:
        return None


def values_of(attributes: dict[str, Any], outside: Callable[..., Any]) -> Values:
    attributes = odd(attributes)
    event = PastEvent("order", 10**15, "e1", attributes)
    return Values(
        attributes=attributes,
        request={"url": attributes.get("a"), "attributes": attributes},
        facts=outside,
        history={"order": (event, event)},
        item=lambda id: {"id": id, "type": "Product", "attributes": outside(id) or attributes},
        audiences=lambda: [str(outside("audiences"))],
        now=1_772_452_800_000,
        zone=UTC,
        profile=Profile(person=1, bucket_id="u", counters={"order": Counter(3, 0, 10**18)}),
    )


def breaking(name: str) -> Any:
    raise KeyError(name)


outsides = st.sampled_from([lambda name: None, lambda name: name, lambda name: 10**30, breaking])
policies: st.SearchStrategy[OnMissing] = st.sampled_from(["withhold", "empty"])


def check(rendered: Rendered) -> None:
    told = json.loads(msgspec.json.encode((rendered.payload, rendered.messages, rendered.missing)))
    if rendered.payload is None:
        assert rendered.missing
        assert all(rendered.missing)
    assert json.dumps(told, allow_nan=False)


@given(st.lists(sources, min_size=1, max_size=3), policies, attributes, outsides)
def test_a_body_is_json_or_withheld_with_a_reason(
    sources: list[str], on_missing: OnMissing, attributes: dict[str, Any], outside: Callable[..., Any]
) -> None:
    compiled = compiled_or_none(Content(body={"a": sources}, on_missing=on_missing))
    if compiled is not None:
        check(render(compiled, values_of(attributes, outside)))


@given(
    st.lists(st.tuples(sources, st.sampled_from(["text", "number", "items"])), min_size=1, max_size=3),
    policies,
    attributes,
    outsides,
    st.booleans(),
)
def test_messages_are_json_or_withheld_with_a_reason(
    rows: list[tuple[str, Any]],
    on_missing: OnMissing,
    attributes: dict[str, Any],
    outside: Callable[..., Any],
    ids_only: bool,
) -> None:
    messages = tuple(
        Message(target="t", rows=(Row(name="r", value=source, type=kind),), ids_only=ids_only) for source, kind in rows
    )
    compiled = compiled_or_none(Content(messages=messages, on_missing=on_missing))
    if compiled is None:
        return
    rendered = render(compiled, values_of(attributes, outside))
    check(rendered)
    delivered = (
        [] if rendered.payload is None else msgspec.json.decode(msgspec.json.encode(rendered.payload))["messages"]
    )
    assert len(delivered) == len(rendered.messages)
    assert len(delivered) == len(messages) or rendered.missing


@given(
    st.text(st.sampled_from("{}%|'\" .:,()[]-\nabcif12=<>#"), max_size=80),
    st.sampled_from(["{{", "{%", "{{ user.a }}"]),
)
def test_any_text_compiles_or_is_refused_with_its_path(text: str, opening: str) -> None:
    content = Content(body={"k": opening + text})
    compiled = compiled_or_none(content)
    if compiled is not None:
        check(render(compiled, values_of({"a": 1, "b": "x"}, lambda name: None)))
        return
    with pytest.raises(Invalid) as refused:
        compile_content(content, "content")
    assert [problem.field for problem in refused.value.problems] == ["content.body.k"]


@given(
    st.recursive(st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=9), st.lists, max_leaves=9)
)
def test_content_without_liquid_comes_out_as_it_went_in(body: Any) -> None:
    if "{" in json.dumps(body):
        return
    compiled = compile_content(Content(body=body))
    assert compiled.static is not None
    assert msgspec.json.decode(compiled.static) == body
    assert msgspec.json.encode(render(compiled, Values()).payload) == compiled.static


@settings(max_examples=15)
@given(attributes, st.lists(outputs, min_size=1, max_size=4))
def test_no_rendering_writes_more_than_it_may(attributes: dict[str, Any], outputs: list[str]) -> None:
    loop = "{% for x in (1..9000) %}" + "".join(outputs) + "{% endfor %}"
    compiled = compiled_or_none(Content(body=loop, on_missing="empty"))
    if compiled is not None:
        payload = render(compiled, values_of(attributes, lambda name: None)).payload
        assert payload is None or len(payload) <= MAX_OUTPUT


@given(
    st.dictionaries(st.sampled_from(["de", "de-AT", "DE_ch", "en", "en-GB"]), st.integers()),
    st.text("deATchenGB-_", max_size=8),
)
def test_a_locale_is_its_own_or_a_shorter_one_or_the_default(locales: dict[str, int], wanted: str) -> None:
    picked = pick_locale(-1, locales, wanted)
    plain = wanted.replace("_", "-").lower()
    names = {name.replace("_", "-").lower() for name, content in locales.items() if content == picked}
    assert picked == -1 or any(plain == name or plain.startswith(name + "-") for name in names)
