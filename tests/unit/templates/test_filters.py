"""The filters that stand in for python-liquid's."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tailorbird.domain.campaign import Content
from tailorbird.domain.decision import Rendered
from tailorbird.templates import Values, compile_content, render

#: 2026-03-02 23:30 UTC, the 3rd in Berlin
NOW = 1_772_494_200_000


def outcome(source: str, **attributes: Any) -> Rendered:
    values = Values(attributes=attributes, now=NOW, zone=ZoneInfo("Europe/Berlin"))
    return render(compile_content(Content(body=source, on_missing="empty")), values)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain", "plain"),
        ("<b>bold</b> and <i class='x'>more</i>", "bold and more"),
        ("a<!-- <b>no</b> -->b", "ab"),
        ("a<script>if (1 < 2) {}</script>b", "ab"),
        ("a<STYLE type='x'>b {}</Style >c", "ac"),
        ("a<script>never closed", "anever closed"),
        ("1 < 2", "1 < 2"),
        ("a<!-- never closed", "a<!-- never closed"),
        ("<<b>>", ">"),
        ("<scripted>x</scripted>", "x"),
    ],
)
def test_strip_html(markup: str, text: str) -> None:
    assert outcome("[{{ user.m | strip_html }}]", m=markup).payload == f"[{text}]"


def test_strip_html_of_broken_markup_takes_one_pass() -> None:
    for broken in ("<" * 100_000, "<script>" * 12_000, "<!--" * 25_000, "<script></" * 10_000):
        assert outcome("{{ user.m | strip_html }}", m=broken).payload is not None


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([1, 2, 1, "1"], [1, 2, "1"]),
        ([{"a": 1}, {"a": 2}, {"a": 1}], [{"a": 1}, {"a": 2}]),
        ([None, None, 1], [None, 1]),
        (["b", "a", "b"], ["b", "a"]),
    ],
)
def test_uniq(values: list[Any], kept: list[Any]) -> None:
    assert outcome("{{ user.v | uniq }}", v=values).payload == kept


def test_uniq_by_a_property() -> None:
    values = [{"a": 1, "n": 1}, {"a": [2], "n": 2}, {"a": 1, "n": 3}, {"n": 4}, {"n": 5}, {"a": [2], "n": 6}]
    assert [kept["n"] for kept in outcome("{{ user.v | uniq: 'a' }}", v=values).payload] == [1, 2, 4]
    assert outcome("{{ user.v | uniq: 'a' }}", v=[1]).missing == ("body: uniq: can't read 'a' of a int",)


def test_uniq_compares_objects_only_so_far() -> None:
    assert len(outcome("{{ user.v | uniq }}", v=[{"a": n} for n in range(500)]).payload) == 500
    assert outcome("{{ user.v | uniq }}", v=[{"a": n} for n in range(501)]).missing


@pytest.mark.parametrize(
    ("values", "total"),
    [([1, 2], 3), ([0.1, 0.2], 0.3), (["4", 1.5], 5.5), (["tea", None, 2], 2), ([1e308, 1e308], ""), ([], 0)],
)
def test_sum(values: list[Any], total: Any) -> None:
    assert outcome("{{ user.v | sum }}", v=values).payload == total


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        ("2026-07-01", "%d.%m.%y", "01.07.26"),
        ("2026-07-01T23:30:00Z", "%d %H:%M", "02 01:30"),
        ("2026-07-01T23:30:00", "%d %H:%M %z", "01 23:30 +0200"),
        ("July 4 2026 10:00 PDT", "%H:%M", "10:00"),
        ("14:30", "%Y-%m-%d %H:%M", "2026-03-03 14:30"),
        ("today", "%Y-%m-%d %H:%M", "2026-03-03 00:30"),
        (NOW, "%d %H:%M", "03 00:30"),
        (NOW // 1000, "%d %H:%M", "03 00:30"),
        (str(NOW // 1000), "%d", "03"),
        (0, "%Y", "1970"),
        (1e300, "%Y", "1e+300"),
        (NOW, "%s %%s", f"{NOW // 1000} %s"),
        ("next week", "%Y", "next week"),
        ("x" * 101, "%Y", "x" * 101),
        ("99999999999999999999", "%Y", "99999999999999999999"),
        (date(2026, 1, 2), "%d", "02"),
        (datetime(2026, 1, 2), "%d", "02"),
    ],
)
def test_date(value: Any, form: str, text: str) -> None:
    assert outcome(f"[{{{{ user.d | date: '{form}' }}}}]", d=value).payload == f"[{text}]"


def test_date_without_a_format_stays_and_one_too_long_is_refused() -> None:
    assert outcome("[{{ '2026-07-01' | date: user.none }}]").payload == "[2026-07-01]"
    assert outcome("[{{ user.none | date: '%Y' }}]").payload == "[]"
    assert outcome("{{ 'now' | date: user.form }}", form="%" * 201).missing == (
        "body: a date format of more than 200 characters",
    )
    assert outcome("{{ user.tags | date: '%Y' }}", tags=["x"]).missing


def test_what_would_grow_too_long_is_refused_before_it_does() -> None:
    big = "x" * 200_000
    assert outcome("{{ user.b | replace: 'x', user.b | size }}", b=big).missing
    assert outcome("{{ user.b | replace: 'x', 'y' | size }}", b=big).payload == 200_000
    assert outcome("{{ user.l | join: user.b | size }}", b=big, l=["a"] * 9_000).missing
    assert outcome("{{ user.l | join: ', ' | size }}", b=big, l=["a"] * 9_000).payload == 9_000 + 2 * 8_999


def test_safe_is_no_filter_because_json_escapes_nothing_for_pages() -> None:
    assert outcome("{{ user.m | escape }}", m="<b>").payload == "&lt;b&gt;"
    assert outcome("{{ user.m }}", m="<b>").payload == "<b>"
