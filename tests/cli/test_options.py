"""How options are read."""

from pathlib import Path

import pytest

from tailorbird.cli.errors import Usage
from tailorbird.cli.options import moment, seconds, shown
from tailorbird.cli.place import Place, place
from tailorbird.cli.serve import settings_of

NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"), [("45s", 45), ("30m", 1_800), ("12h", 43_200), ("90 d", 7_776_000), ("0s", 0)]
)
def test_spans(text: str, expected: int) -> None:
    assert seconds(text, "--overlap") == expected


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1w", "1.5h", "9999999s"])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(Usage, match=r"--overlap takes a span such as 90d"):
        seconds(text, "--overlap")


def test_moments_are_spans_or_times_that_lie_ahead() -> None:
    assert moment("1d", "--expires", NOW) == NOW + 86_400_000
    assert moment("2030-01-01", "--expires", NOW) == 1_893_456_000_000
    assert moment("2030-01-01T01:00+01:00", "--expires", NOW) == 1_893_456_000_000
    assert moment("2030-01-01T00:00Z", "--expires", NOW) == 1_893_456_000_000
    for past in ("0s", "2020-01-01"):
        with pytest.raises(Usage, match="must lie ahead"):
            moment(past, "--expires", NOW)


def test_times_are_shown_in_utc() -> None:
    assert shown(1_893_456_000_000) == "2030-01-01 00:00 UTC"
    assert shown(0) == "-"


def test_places() -> None:
    assert place(Path("data")) == Place(Path("data"), Path("data/tailorbird.db"))
    assert place(Path("data"), "sqlite:///other/file.db") == Place(Path("other"), Path("other/file.db"))
    assert place(Path("data"), "sqlite:////srv/a%20b.db") == Place(Path("/srv"), Path("/srv/a b.db"))


def test_settings_that_are_typed_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILORBIRD_PORT", "9000")
    monkeypatch.setenv("TAILORBIRD_ACCESS_LOG", "off")
    assert settings_of({"port": None}).port == 9000
    assert settings_of({"port": 9001}).port == 9001
    assert settings_of({"access_log": None}).access_log is False
    assert settings_of({"access_log": True}).access_log is True


def test_several_proxies_are_separated_by_commas() -> None:
    assert settings_of({"trusted_proxies": "10.0.0.0/8, ::1"}).trusted_proxies == ("10.0.0.0/8", "::1")


def test_a_wrong_setting_is_named_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Usage, match=r"^--keep-alive-seconds: expected"):
        settings_of({"keep_alive_seconds": 1})
    monkeypatch.setenv("TAILORBIRD_WORKERS", "many")
    with pytest.raises(Usage, match=r"^TAILORBIRD_WORKERS: expected"):
        settings_of({})
