"""Eppo's Python SDK with a configuration that it was given; its flags log no assignments."""

from __future__ import annotations

import json
from typing import Any

import eppo_client  # type: ignore[import-not-found]

from bench.peers.engines.turns import take_turns, told


class Silent(eppo_client.AssignmentLogger):  # type: ignore[misc]
    """Nothing is to be logged, so nothing calls this."""


def main() -> None:
    given = told()
    keys = given["keys"]
    config = eppo_client.ClientConfig(
        api_key="bench",
        base_url="http://127.0.0.1:1",
        assignment_logger=Silent(),
        poll_interval_seconds=None,
        initial_configuration=eppo_client.Configuration(flags_configuration=json.dumps(given["flags"]).encode()),
    )
    client = eppo_client.init(config)

    def decide(visitor: str, attributes: dict[str, Any]) -> list[Any]:
        return [client.get_json_assignment(key, visitor, attributes, None) for key in keys]

    take_turns(given, decide, lambda found: found["discount"] if found else None)


if __name__ == "__main__":
    main()
