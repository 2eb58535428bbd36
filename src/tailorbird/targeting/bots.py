"""Whether a program is asking: crawlers, monitors, link previews, libraries.

Three signs, none of which needs to know the program beforehand: an address to complain to, the habits of software
that is no browser, and words that many such programs carry in their names. The words are learnt from the names of
known ones; the tests teach them from one half of the published list and try the recogniser on the other. What ships
has learnt from all of it and also knows each of those names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files

import re2

#: A word is learnt when it is part of one in so many names.
ONE_IN = 240
MIN_LETTERS = 3
#: A word of so many letters, or one that ends so many longer names (``…bot``), says enough inside another word too.
LONG_WORD = 6
ENDING_ONE_IN = 80
#: An address to complain to; a name and version and nothing else, as libraries have it but no browser; no window.
_SIGNS = (
    r"https?:|www\.|\+[a-z0-9-]+\.[a-z]{2}|[\w.-]+@[\w-]+\.\w"
    r"|^[a-z][\w .:&!+-]*(?:/v?[\d.]+[a-z\d.-]*)?$"
    r"|headless|urllib|okhttp|httpclient|http_request|http-client|^(?:python|java|ruby|perl|php|go|curl|wget)\b"
)
#: What browsers, their systems and telephones say of themselves: a word in here says nothing about who asks.
_ORDINARY = (
    "mozilla compatible windows nt macintosh intel mac os x cpu like iphone ipad ipod linux android x11 ubuntu "
    "cros wow64 win64 x64 arm aarch64 applewebkit khtml gecko chrome chromium crios safari mobile version firefox "
    "fxios focus klar edge edg edga edgios msie trident touch opera opr presto opios mini mobi samsungbrowser "
    "samsung browser ucbrowser miuibrowser xiaomi redmi huawei honor nokia lumia htc sony xperia motorola moto "
    "lenovo asus acer lg oneplus oppo vivo realme pixel nexus galaxy note build tablet phone smart tv web0s tizen "
    "hbbtv netcast playstation xbox nintendo silk kindle fire blackberry symbian series midp cldc configuration "
    "profile iemobile google apps play services instagram fbav fban whatsapp line micromessenger wechat nettype "
    "language app store release date media center net clr infopath update mail thunderbird outlook office word "
    "excel itunes music video player camera link social one max plus duckduckgo yandex yabrowser brave vivaldi "
    "electron cordova webview ecosia pinterest snapchat twitter tiktok bytedance transformer untrusted cloud "
    "engine hub talk live messenger desktop client device model screen width height scale data memory free pro "
    "light test internet explorer search toolbar wallet pay shop view tool kit web page site home news city world "
    "work my "
)

Recognise = Callable[[str], bool]


def learn(names: Iterable[str]) -> tuple[str, ...]:
    """What many of these names (regular expressions of known programs) have in common, as regular expressions."""
    names = list(names)
    found: Counter[str] = Counter()
    runs: set[str] = set()
    for name in names:
        plain = re.sub(r"\\[a-zA-Z]", " ", name)
        found.update({word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]{3,}", plain)})
        runs.update(run.lower() for run in re.findall(r"[A-Za-z]+", plain))
    learnt = sorted(word for word, times in found.items() if times * ONE_IN >= len(names) and len(word) >= MIN_LETTERS)
    return tuple(_sign(word, runs) for word in learnt if word not in _ORDINARY)


def _sign(word: str, runs: set[str]) -> str:
    anywhere = len(word) >= LONG_WORD or sum(run.endswith(word) for run in runs) * ENDING_ONE_IN >= len(runs)
    return word if anywhere else rf"(?:^|[^a-z]){word}(?:[^a-z]|$)"


def recogniser(signs: Iterable[str], names: Iterable[str] = ()) -> Recognise:
    """A test for user agents: one of the fixed signs, one of the learnt ones, or one of the names."""
    folded = re2.Options()
    folded.case_sensitive = False
    folded.log_errors = False
    general = re2.compile("|".join([_SIGNS, *signs]), folded)
    exact = re2.Options()
    exact.log_errors = False
    exact.max_mem = 64 << 20
    known = re2.compile("|".join(f"(?:{name})" for name in names), exact) if (names := list(names)) else None

    def recognise(user_agent: str) -> bool:
        text = user_agent.replace("CUBOT", "").replace("Cubot", "")  # a maker of telephones
        return general.search(text) is not None or (known is not None and known.search(text) is not None)

    return recognise


@cache
def shipped() -> Recognise:
    """The recogniser that has learnt from every published name."""
    text = files("tailorbird.targeting").joinpath("data/crawlers.txt").read_text("utf-8")
    names = [line for line in text.splitlines() if line and not line.startswith("# ")]
    return recogniser(learn(names), names)


def is_bot(user_agent: str) -> bool:
    """Whether this user agent is a program's."""
    return shipped()(user_agent)
