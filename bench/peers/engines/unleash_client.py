"""Unleash's Python SDK, started from a state that it was given; it reports no metrics."""

from __future__ import annotations

import json
import tempfile
from typing import Any

from UnleashClient import UnleashClient  # type: ignore[import-not-found]
from UnleashClient.cache import FileCache  # type: ignore[import-not-found]

from bench.peers.engines.turns import take_turns, told


def main() -> None:
    given = told()
    keys = given["keys"]
    with tempfile.TemporaryDirectory() as directory:
        cache = FileCache("bench", directory=directory)
        cache.bootstrap_from_dict(given["flags"])
        client = UnleashClient(
            "http://127.0.0.1:1", "bench", cache=cache, disable_metrics=True, disable_registration=True
        )
        client.initialize_client(fetch_toggles=False)

        def decide(visitor: str, attributes: dict[str, Any]) -> list[Any]:
            asking = {"userId": visitor, "properties": attributes}
            return [client.get_variant(key, asking) for key in keys]

        take_turns(
            given,
            decide,
            lambda found: json.loads(found["payload"]["value"])["discount"] if found["enabled"] else None,
        )
        client.destroy()


if __name__ == "__main__":
    main()
