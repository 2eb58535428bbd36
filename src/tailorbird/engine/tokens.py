"""Decision tokens: where a decision put a visitor, signed, to be handed back with impressions and clicks.

A token names no visitor; the event that brings it back does. Its form is ``<base64url body>.<base64url MAC>``: the
body is ``flags|minute|key id|campaign|version|rule|arm|epoch`` as text, the MAC the first 16 bytes of HMAC-SHA256
over it. The minute of issue bounds its life (400 days) and dates a re-created exposure; an arm's token is built once
a minute.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable

import msgspec

from tailorbird.domain.access import SigningKey
from tailorbird.domain.errors import Invalid
from tailorbird.domain.facts import Arm

MINUTE_MS = 60_000
LIFE_MINUTES = 400 * 24 * 60
#: the decision was not counted and never will be: degraded, test user, preview, bot
UNCOUNTED = "x"
#: the exposure counts when this token comes back
REPORT = "r"
EXPECTED = "a token from a decision of this project"


class Claims(msgspec.Struct, frozen=True):
    """What a valid token says."""

    answers: Arm
    #: UTC ms of the minute of issue
    issued_at: int
    counted: bool


class Signer:
    """Signs and reads the tokens of one project."""

    def __init__(self, project: str, keys: Iterable[SigningKey]) -> None:
        live = sorted((k for k in keys if not k.retired_at), key=lambda k: k.created_at)
        self._project = project.encode()
        self._keys = {k.id: k.secret for k in live}
        self._current = live[-1] if live else None
        #: arm and flags → (minute, token); arms are as many as experiences, so this stays small
        self._minted: dict[tuple[str, str, int, str, str], tuple[int, str]] = {}

    def token(self, answers: Arm, now: int, *, report: bool = False, counted: bool = True) -> str | None:
        """The token of an arm at ``now``; the same text for everybody within a minute. None without a signing key."""
        minute = now // MINUTE_MS
        flags = (REPORT if report else "") + ("" if counted else UNCOUNTED)
        name = (answers.campaign, answers.rule, answers.version, answers.arm, flags)
        known = self._minted.get(name)
        if known is not None and known[0] == minute:
            return known[1]
        if self._current is None:
            return None
        text = self._mint(answers, minute, flags, self._current)
        self._minted[name] = (minute, text)
        return text

    def _mint(self, answers: Arm, minute: int, flags: str, key: SigningKey) -> str:
        parts = (flags, minute, key.id, answers.campaign, answers.version, answers.rule, answers.arm, answers.epoch)
        body = "|".join(str(part) for part in parts).encode()
        return f"{_encode(body)}.{_encode(self._mac(key.secret, body))}"

    def _mac(self, secret: bytes, body: bytes) -> bytes:
        return hmac.digest(secret, self._project + b"|" + body, hashlib.sha256)[:16]

    def read(self, token: str, now: int) -> Claims:
        """The claims of a token; ``Invalid`` when it is malformed, of another project, forged or older than 400
        days."""
        try:
            head, _, tail = token.partition(".")
            body, mac = _decode(head), _decode(tail)
            flags, minute, key_id, campaign, version, rule, arm, epoch = body.decode().split("|")
            issued_at = int(minute) * MINUTE_MS
            report = REPORT in flags
            answers = Arm(campaign=campaign, version=int(version), rule=rule, arm=arm, epoch=int(epoch), report=report)
        except (ValueError, Base64Error):
            raise Invalid.field("token", EXPECTED, token) from None
        secret = self._keys.get(key_id)
        if secret is None or not hmac.compare_digest(mac, self._mac(secret, body)):
            raise Invalid.field("token", EXPECTED, token)
        if issued_at < now - LIFE_MINUTES * MINUTE_MS:
            raise Invalid.field("token", "a token of the last 400 days", token)
        return Claims(answers, issued_at, UNCOUNTED not in flags)


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
