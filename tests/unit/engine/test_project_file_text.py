"""The YAML of project files: what is read, what is refused and where, and that all that is written is read again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorbird.domain.errors import Invalid
from tailorbird.engine.project_file import read_json, read_yaml, reading
from tailorbird.engine.project_file.writing import write_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no\nb: on\nc: 22:00\nd: 2026-03-01\ne: 1_000\nf: 0x1F\ng: 007", list("abcdefg")),
        ("- true\n- False\n- null\n- ~\n-\n- ''", [True, False, None, None, None, ""]),
        ("- 1\n- -0.5\n- 1e3\n- '1'\n- 1.0", [1, -0.5, 1000.0, "1", 1.0]),
        ("- +1\n- .5\n- 1.\n- .inf", ["+1", ".5", "1.", ".inf"]),
        ("true: 1\n1: 2\n'': 3", {"true": 1, "1": 2, "": 3}),
        ("a: |\n  one\n  two\nb: >\n  one\n  two\n", {"a": "one\ntwo\n", "b": "one two\n"}),
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ('{"a": [1, {"b": "\\u00e4"}]}', {"a": [1, {"b": "ä"}]}),
        ("\ufeffa: 1 # why", {"a": 1}),
        ("---\na: 1\n...\n", {"a": 1}),
        ("", None),
        ("# nothing", None),
    ],
)
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_scalars_are_those_of_json(monkeypatch: pytest.MonkeyPatch, loader: str, text: str, value: Any) -> None:
    monkeypatch.setattr(reading, "_LOADER", getattr(yaml, loader, yaml.SafeLoader))
    read = read_yaml(text.encode()).value
    if isinstance(read, dict) and isinstance(value, list):
        assert all(isinstance(each, str) for each in read.values())
        assert list(read) == value
    else:
        assert msgspec.json.encode(read) == msgspec.json.encode(value)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (b"a: 1\nb: 2\na: 3", 3, "a: expected each name once"),
        (b"a:\n  - !!python/name:os.system x", 2, "a[0]: expected a value without a tag"),
        (b"a: !!str 1", 1, "a: expected a value without a tag"),
        (b"a: 1\n? [b]\n: 2", 2, "the file: expected text as the name of a value"),
        (b"a: 1\nb: *x", 2, ""),
        (b"a: 1\n---\nb: 2", 2, "the file: expected a single document"),
        (b"a: [1", 2, "This is not valid YAML"),
        (b"a: 1\n b: 2", 2, "This is not valid YAML"),
        (b"a: b: c", 1, "This is not valid YAML"),
        (b"a: 1" + b"0" * 500, 1, "a: expected a number of at most"),
        (b"a: 1e999", 1, "a: expected a number that is not larger"),
        (b"[" * 100 + b"]" * 100, 1, "expected at most"),
        (b"a: &x [*x]", 1, ""),
    ],
)
def test_what_is_refused_is_told_with_its_line(text: bytes, line: int, what: str) -> None:
    with pytest.raises(Invalid) as error:
        read_yaml(text)
    assert error.value.detail.startswith(f"line {line}: ")
    assert what in error.value.detail


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(Invalid, match="Byte 3 is not UTF-8"):
        read_yaml(b"a: \xff")
    with pytest.raises(Invalid, match="not valid YAML"):
        read_yaml(b"a: \x00")
    with pytest.raises(Invalid, match="not valid JSON"):
        read_json(b"{")


def test_aliases_do_not_make_a_small_file_large(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    with pytest.raises(Invalid, match="at most 3,000,000 values"):
        read_yaml(bomb.encode())


def test_the_line_of_a_value_is_known_or_that_of_the_nearest_around_it() -> None:
    text = b"campaigns:\n  hero:\n    rules:\n      - name: A\n        audience: {plan: {$in: 1}}\n      - name: B\n"
    read = read_yaml(text)
    fields = ("campaigns.hero", "campaigns.hero.rules[0].audience.plan.$in", "campaigns.hero.rules[1].weight", "goals")
    assert [read.line(field) for field in fields] == [2, 5, 6, 0]
    assert [read.line(field) for field in ("", "campaigns.hero.rules[7].name")] == [0, 3]


BREAKS = (
    "\n",
    "a\n\n",
    " a\nb",
    "a \nb",
    "\ta\n",
    "a\n b\n",
    "\x85",
    "a\u2028b\nc",
    "\ufeff",
    "a\r\nb",
    "\U0001f389\n",
)
WORDS = ["no", "1e5", "-0", "007", "0o7", "1_0", "<<", "=", "?", "---", "...", "&a", "*a", "!a", "%a", "@a", "`a", "'"]
odd = st.sampled_from([*BREAKS, *WORDS])
texts = st.one_of(st.text(), odd).filter(lambda text: not any(0xD800 <= ord(letter) < 0xE000 for letter in text))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
values = st.recursive(scalars, lambda inner: st.one_of(st.lists(inner), st.dictionaries(texts, inner)), max_leaves=15)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text("ab1-", min_size=1), st.fixed_dictionaries({"id": texts, "value": values}), max_size=3))
def test_all_that_is_written_is_read_again(bodies: dict[str, Any]) -> None:
    told = {"tailorbird": 1, "project": "shop", "audiences": bodies, "campaigns": bodies}
    members = {key: ['"a"', "1"] for key in list(bodies)[:1]}
    text = "".join(write_yaml(told, sizes=dict.fromkeys(members, 2), members=members))
    for key in members:
        bodies = {**bodies, key: {**bodies[key], "members": ["a", 1]}}
    wanted = {**told, "audiences": bodies}
    assert msgspec.json.encode(read_yaml(text.encode()).value) == msgspec.json.encode(wanted)


def test_short_things_stand_on_one_line_and_long_texts_under_each_other() -> None:
    body = {"id": "abcde", "goals": [{"goal": "x", "role": "primary"}], "ranges": {"a": [[0, 1]]}, "text": "one\ntwo"}
    text = "".join(write_yaml({"tailorbird": 1, "project": "shop", "campaigns": {"hero": body}}, sizes={}, members={}))
    assert text.partition("campaigns:\n")[2].splitlines() == [
        "  hero:",
        "    id: abcde",
        "    goals:",
        "      - {goal: x, role: primary}",
        "    ranges: {a: [[0, 1]]}",
        "    text: |-",
        "      one",
        "      two",
    ]
