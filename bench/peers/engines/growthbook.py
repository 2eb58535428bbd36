"""GrowthBook's Python SDK: one instance that lives on; each visitor's attributes are set before asking."""

from __future__ import annotations

from typing import Any

from growthbook import GrowthBook  # type: ignore[import-not-found]

from bench.peers.engines.turns import take_turns, told


def main() -> None:
    given = told()
    keys, instance = given["keys"], GrowthBook()
    instance.set_features(given["flags"])

    def decide(visitor: str, attributes: dict[str, Any]) -> list[Any]:
        instance.set_attributes({"id": visitor, **attributes})
        return [instance.eval_feature(key) for key in keys]

    take_turns(given, decide, lambda found: found.value["discount"] if found.value else None)


if __name__ == "__main__":
    main()
