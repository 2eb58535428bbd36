"""The engine inside Unleash's Python SDK, asked without counting."""

from __future__ import annotations

import json
from typing import Any

from yggdrasil_engine.engine import UnleashEngine  # type: ignore[import-not-found]

from bench.peers.engines.turns import take_turns, told


def main() -> None:
    given = told()
    keys, engine = given["keys"], UnleashEngine()
    engine.take_state(json.dumps(given["flags"]))

    def decide(visitor: str, attributes: dict[str, Any]) -> list[Any]:
        asking = {"userId": visitor, "properties": attributes}
        return [engine.check_variant(key, asking).variant for key in keys]

    take_turns(given, decide, lambda found: json.loads(found.payload["value"])["discount"] if found.enabled else None)


if __name__ == "__main__":
    main()
