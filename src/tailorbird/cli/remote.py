"""A server that is asked over HTTP, by commands that otherwise work on the data of this machine."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from tailorbird.cli.errors import Failed, Usage

_SECONDS = 120


class Remote:
    """One server and one key. Nothing is tried twice: whoever asked sees what was in the way."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Usage(f"--url takes an address such as https://tailorbird.example, not {url!r}.")
        if not key:
            raise Usage("--url needs a --key, or the variable TAILORBIRD_KEY.")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=_SECONDS)
        self._base = parts.path.rstrip("/")
        self._name = f"{parts.scheme}://{parts.netloc}{self._base}"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def project(self, method: str, project: str, verb: str, body: bytes = b"", **query: Any) -> bytes:
        """What a server answers to ``/v1/projects/{project}/{verb}``.

        ``Invalid`` with every field that is wrong, as the engine says it; ``Failed`` for every other refusal.
        """
        path = f"{self._base}/v1/projects/{quote(project, safe='')}/{verb}"
        try:
            self._connection.request(method, f"{path}?{urlencode(query, doseq=True)}", body, self._headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"{self._name} does not answer: {str(error) or type(error).__name__}.") from error
        finally:
            self._connection.close()
        if answer.status == 200:
            return text
        raise self._refusal(answer.status, text)

    def _refusal(self, status: int, text: bytes) -> Exception:
        from tailorbird.domain.errors import Invalid, Problem

        try:
            told = msgspec.json.decode(text, type=dict[str, Any])
            problems = msgspec.convert(told.get("errors", ()), tuple[Problem, ...])
        except (msgspec.DecodeError, UnicodeDecodeError):
            shown = text[:80].decode("utf-8", "replace")
            return Failed(f"{self._name}: {status}, and no answer of a Tailorbird server: {shown!r}.")
        if status == 400 and problems:
            return Invalid(str(told.get("detail", "")), problems=problems)
        return Failed(f"{self._name}: {status} {told.get('detail', '')}")
