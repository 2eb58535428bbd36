"""Devices and bots, against published lists."""

import json

import pytest

from tailorbird.targeting import parse_user_agent
from tailorbird.targeting.agents import LONGEST
from tailorbird.targeting.bots import is_bot, learn, recogniser
from tailorbird.targeting.devices import device_of
from tests.architecture.sources import ROOT

FOLDER = ROOT / "tests" / "data" / "useragents"
DEVICES = json.loads((FOLDER / "devices.json").read_text(encoding="utf-8"))
CRAWLERS = json.loads((FOLDER / "crawlers.json").read_text(encoding="utf-8"))
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4"
    " Mobile/15E148 Safari/604.1"
)
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)
EDGE = WINDOWS + " Edg/124.0.0.0"
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_4) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15"
)
PIXEL = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/9.0 Mobile Safari/537.36"
)
GALAXY_TAB = (
    "Mozilla/5.0 (Linux; Android 13; SM-X900) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"
TV = "Mozilla/5.0 (SMART-TV; Linux; Tizen 5.5) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/3.0 Safari/537.36"
XBOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) AppleWebKit/537.36 (KHTML, like Gecko) Edge/44.18363"
CURL = "curl/8.5.0"


@pytest.mark.parametrize(
    ("text", "device", "os", "browser", "bot"),
    [
        (IPHONE, "mobile", "iOS", "Safari", False),
        (WINDOWS, "desktop", "Windows", "Chrome", False),
        (EDGE, "desktop", "Windows", "Edge", False),
        (MAC, "desktop", "macOS", "Safari", False),
        (PIXEL, "mobile", "Android", "Chrome", False),
        (GALAXY_TAB, "tablet", "Android", "Chrome", False),
        (FIREFOX, "desktop", "Ubuntu", "Firefox", False),
        (TV, "tv", "Tizen", "Samsung Internet", False),
        (XBOX, "console", "Windows", "Edge", False),
        (CURL, "other", None, "curl", True),
        ("", None, None, None, False),
        ("\ud800", "other", None, None, False),
    ],
)
def test_agent(text: str, device: str | None, os: str | None, browser: str | None, bot: bool) -> None:
    agent = parse_user_agent(text)
    assert (agent.device, agent.os, agent.browser, agent.bot) == (device, os, browser, bot)


def test_mobile_or_not_is_right_for_the_published_list() -> None:
    right = sum((device_of(each["user_agent"]) in {"mobile", "tablet"}) is each["mobile"] for each in DEVICES)
    assert len(DEVICES) == 1689
    assert right >= 1685


def test_tablet_or_phone_is_mostly_right() -> None:
    mobile = [each for each in DEVICES if each["mobile"]]
    right = sum((device_of(each["user_agent"]) == "tablet") is each["tablet"] for each in mobile)
    assert right / len(mobile) > 0.96


@pytest.mark.parametrize("half", [0, 1])
def test_bots_learnt_from_one_half_are_recognised_in_the_other(half: int) -> None:
    recognise = recogniser(learn(each["pattern"] for each in CRAWLERS[half::2]))
    unseen = [agent for each in CRAWLERS[1 - half :: 2] for agent in each["instances"]]
    assert len(unseen) > 1000
    assert sum(map(recognise, unseen)) / len(unseen) >= 0.9
    assert sum(recognise(each["user_agent"]) for each in DEVICES) / len(DEVICES) <= 0.01


def test_shipped_recogniser_knows_every_published_bot_and_few_others() -> None:
    known = [agent for each in CRAWLERS for agent in each["instances"]]
    assert len(known) == 2115
    assert all(map(is_bot, known))
    assert sum(is_bot(each["user_agent"]) for each in DEVICES) / len(DEVICES) <= 0.01


def test_only_the_beginning_of_a_long_user_agent_is_read() -> None:
    assert parse_user_agent("x" * 5_000_000).device == "other"
    assert parse_user_agent("(" * LONGEST + IPHONE).device == "other"
    assert parse_user_agent("(" * 10 + IPHONE).device == "mobile"


@pytest.mark.parametrize(
    ("text", "bot"), [("Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 7) Chrome/90.0 Mobile", False), ("NoteBot", True)]
)
def test_a_maker_of_telephones_is_no_bot(text: str, bot: bool) -> None:
    assert is_bot(text) is bot
