"""The objects behind the root names, and the numbers and texts that values become."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tailorbird.domain.campaign import Content
from tailorbird.domain.profile import Profile
from tailorbird.targeting.facts import FACTS
from tailorbird.templates import Values, compile_content, pick_locale, render
from tailorbird.templates.limits import Budget
from tailorbird.templates.plain import number, plain, text
from tailorbird.templates.roots import PROFILE_FACTS, REQUEST_FACTS


def test_templates_know_every_fact_and_which_need_the_profile() -> None:
    assert {f"@{name}" for name in REQUEST_FACTS if name != "query"} == {
        n for n, fact in FACTS.items() if not fact.profile
    }
    assert {f"@{name}" for name in PROFILE_FACTS} == {n for n, fact in FACTS.items() if fact.profile}


def test_a_nested_path_that_the_request_does_not_hold_leads_into_the_profile() -> None:
    profile = Profile(person=1, bucket_id="u", attributes={"a": {"b": {"x": 1, "y": 1}, "z": 1}, "c": {"d": 1}, "e": 1})
    told = {"a": {"b": {"x": 2}}, "c": 2, "e": {"f": 2}}
    values = Values(attributes={**profile.attributes, **told}, profile=profile)
    body = ["{{ user.a.b.x }}", "{{ user.a.b.y }}", "{{ user.a.z }}", "{{ user.c }}", "{{ user.e }}"]
    assert render(compile_content(Content(body=body)), values).payload == [2, 1, 1, 2, {"f": 2}]
    assert render(compile_content(Content(body="{{ user.c.d }}")), values).missing == ("user.c.d",)


def test_what_nobody_asks_for_is_never_computed() -> None:
    def never(*_: object) -> Any:
        raise AssertionError("asked for")

    values = Values(attributes={"x": 1}, facts=never, item=never, audiences=never)
    assert render(compile_content(Content(body="{{ user.x }}")), values).payload == 1
    assert render(compile_content(Content(body="{{ audiences }}")), values).missing == ("body: asked for",)


@pytest.mark.parametrize(
    ("ms", "moment"),
    [
        (0, "1970-01-01T01:00:00+01:00"),
        (10**17, "9999-12-31T23:59:59+00:00"),
        (-(10**17), "0001-01-01T00:00:00+00:00"),
        (10**40, "9999-12-31T23:59:59+00:00"),
    ],
)
def test_times_stay_inside_the_calendar(ms: int, moment: str) -> None:
    assert Values(zone=timezone(timedelta(hours=1))).moment(ms) == moment


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (3, 3),
        (2.5, 2.5),
        ("7", 7),
        (" -2.50\n", -2.5),
        ("1e3", 1000.0),
        ("2.", 2.0),
        (2**70, float(2**70)),
        *(
            (other, None)
            for other in ("", "tea", "1_000", "0x1", "nan", "inf", "1e999", "9" * 401, True, None, [1], float("inf"))
        ),
    ],
)
def test_number(value: Any, read: Any) -> None:
    assert number(value) == read
    assert type(number(value)) is type(read)


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ((1, range(2)), [1, [0, 1]]),
        ({1: float("nan")}, {"1": None}),
        (datetime(2026, 1, 2, 3, 4, 5, 6, UTC), "2026-01-02T03:04:05+00:00"),
        (datetime(2026, 1, 2, tzinfo=UTC).date(), "2026-01-02"),
        (object(), None),
        (10**400, None),
    ],
)
def test_plain(value: Any, made: Any) -> None:
    assert plain(value, Budget()) == made


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ([1, None, True, ["x"]], "1truex"),
        (range(1, 4), "1..3"),
        ({"a": [1]}, '{"a":[1]}'),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (object(), ""),
    ],
)
def test_text(value: Any, printed: str) -> None:
    assert text(value, Budget()) == printed


@pytest.mark.parametrize(
    ("wanted", "picked"),
    [
        ("de-AT", "austrian"),
        ("DE_at", "austrian"),
        ("de-CH", "german"),
        ("de-Latn-CH", "german"),
        ("de", "german"),
        ("fr", "default"),
        ("d", "default"),
        ("", "default"),
        (None, "default"),
    ],
)
def test_pick_locale(wanted: str | None, picked: str) -> None:
    assert pick_locale("default", {"de": "german", "de-AT": "austrian"}, wanted) == picked


def test_pick_locale_without_locales() -> None:
    assert pick_locale("default", {}, "de") == "default"
