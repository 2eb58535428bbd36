"""Settings from the environment: what is read, what wins, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tailorbird.domain.errors import Invalid
from tailorbird.settings import Settings, read, variable
from tailorbird.web.notes import field_notes
from tailorbird.web.options import Options


def test_without_anything_the_defaults_hold() -> None:
    assert read({}) == Settings()
    assert Settings().web() == Options()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("data", "/srv/tailorbird", Path("/srv/tailorbird")),
        ("database", "sqlite:///x.db", "sqlite:///x.db"),
        ("port", " 9000 ", 9000),
        ("geo", "country.mmdb", Path("country.mmdb")),
        ("trusted_proxies", "10.0.0.0/8, 127.0.0.1", ("10.0.0.0/8", "127.0.0.1")),
        ("key_rate", "12.5", 12.5),
        ("access_log", "off", False),
        ("metrics", "1", True),
        ("log_level", "debug", "debug"),
        ("metrics_token", "", ""),
        ("port", "", Settings().port),
    ],
)
def test_each_is_a_variable(name: str, text: str, value: Any) -> None:
    assert getattr(read({variable(name): text}), name) == value


def test_what_is_given_wins_over_the_environment() -> None:
    environ = {"TAILORBIRD_PORT": "9000", "TAILORBIRD_HOST": "::1"}
    settings = read(environ, port=9001, host=None, data="here")
    assert (settings.port, settings.host, settings.data) == (9001, "::1", Path("here"))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("port", "http", "a whole number"),
        ("port", "70000", "a whole number <= 65535"),
        ("key_rate", "-1", "a number > 0.0"),
        ("access_log", "maybe", "bool"),
        ("log_level", "loud", "debug or info or warning or error"),
        ("keep_alive_seconds", "5", "a whole number >= 300"),
    ],
)
def test_what_cannot_be_is_refused_by_name(name: str, text: str, expected: str) -> None:
    with pytest.raises(Invalid) as refused:
        read({variable(name): text, "TAILORBIRD_WORKERS": "none"})
    first, second = sorted(refused.value.problems, key=lambda problem: problem.field == "TAILORBIRD_WORKERS")
    assert (first.field, first.expected, first.got) == (variable(name), expected, text)
    assert second.field == "TAILORBIRD_WORKERS"


def test_a_setting_that_does_not_exist_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="prot"):
        read({}, prot=1)


def test_every_setting_says_what_it_means() -> None:
    assert {field.name for field in msgspec.structs.fields(Settings)} == set(field_notes(Settings))


def test_the_web_is_told_every_setting_of_its_own() -> None:
    changed: dict[str, Any] = {
        "body_limit": 5000, "events_limit": 5001, "upload_limit": 5002, "body_seconds": 3.0,
        "trusted_proxies": ("::1",), "public_url": "https://x", "metrics": False, "metrics_token": "t",
        "access_log": False, "keep_alive_seconds": 301, "shutdown_seconds": 3,
    }  # fmt: skip
    assert msgspec.structs.asdict(Settings(**changed).web()) == changed
