"""Page addresses taken apart. Whatever text comes in, the answer is a part of it or None; nothing raises."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, urlsplit

#: More parameters than this and none is read: such an address is not a page's.
MAX_PARAMETERS = 200


@lru_cache(maxsize=1024)
def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        parts.hostname  # noqa: B018 -- it is parsed on reading, and that is where a bad one raises
    except ValueError:
        return None
    return parts


def host_of(address: str | None) -> str | None:
    """``https://Shop.example:8080/a`` → ``shop.example``."""
    parts = _split(address) if address else None
    return (parts.hostname or None) if parts else None


def path_of(address: str | None) -> str | None:
    """``https://shop.example/a/b?c=d`` → ``/a/b``; an address with a host and no path has the path ``/``."""
    parts = _split(address) if address else None
    if parts is None:
        return None
    return parts.path or ("/" if parts.netloc else None)


def query_of(address: str | None) -> dict[str, str]:
    """The query parameters, decoded; of a repeated one the first. Empty where there are none."""
    parts = _split(address) if address else None
    if parts is None or not parts.query:
        return {}
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        return {}
    return dict(reversed(pairs))
