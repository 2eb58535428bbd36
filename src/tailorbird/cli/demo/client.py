"""A plain HTTP client for one server: what a backend would send, and nothing else."""

from __future__ import annotations

import http.client
from typing import Any

import msgspec

from tailorbird.cli.errors import Failed

_SECONDS = 60


class Client:
    """Calls one server with one key over one connection. For one thread at a time."""

    def __init__(self, host: str, port: int, secret: str) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    def get(self, path: str) -> Any:
        """The answer's body; ``Failed`` for every answer that is not a good one."""
        return self._call("GET", path, None, {})

    def post(self, path: str, body: Any = msgspec.UNSET) -> Any:
        """Likewise."""
        return self._call("POST", path, body, {})

    def put(self, path: str, body: Any, *, version: int) -> Any:
        """Likewise, over the ``version`` that was read."""
        return self._call("PUT", path, body, {"If-Match": f'"{version}"'})

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _call(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        encoded = b"" if body is None or body is msgspec.UNSET else msgspec.json.encode(body)
        try:
            self._connection.request(method, path, encoded, {**self._headers, **headers})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Failed(f"{method} {path}: no answer ({str(error) or type(error).__name__}).") from error
        if answer.status >= 300:
            raise Failed(f"{method} {path}: {answer.status} {_detail(text)}")
        return msgspec.json.decode(text) if text else None


def _detail(text: bytes) -> str:
    try:
        told = msgspec.json.decode(text)
        return str(told.get("detail") or told.get("title") or "") if isinstance(told, dict) else str(told)
    except msgspec.DecodeError:
        return text[:200].decode("utf-8", "replace")
