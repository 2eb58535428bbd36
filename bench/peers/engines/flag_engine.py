"""Flagsmith's engine: all features of a visitor in one call, as it is meant."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flag_engine.engine import get_evaluation_result  # type: ignore[import-not-found]

from bench.peers.engines.turns import take_turns, told


def main() -> None:
    given = told()
    flags = given["flags"]

    def decide(visitor: str, attributes: dict[str, Any]) -> Iterable[Any]:
        identity = {"identifier": visitor, "key": visitor, "traits": attributes}
        found: dict[str, Any] = get_evaluation_result({**flags, "identity": identity})["flags"]
        return found.values()

    take_turns(given, decide, lambda found: json.loads(found["value"])["discount"] if found["enabled"] else None)


if __name__ == "__main__":
    main()
