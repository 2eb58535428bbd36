"""Statsig's Python SDK with specs that it was given; no network, no exposures logged."""

from __future__ import annotations

import json
from typing import Any

from statsig_python_core import (  # type: ignore[import-not-found]
    DataStore,
    ExperimentEvaluationOptions,
    Statsig,
    StatsigOptions,
    StatsigUser,
)
from statsig_python_core.data_store import DataStoreResponse  # type: ignore[import-not-found]

from bench.peers.engines.turns import take_turns, told


class Specs(DataStore):  # type: ignore[misc]
    """Holds one document."""

    def __init__(self, specs: dict[str, Any]) -> None:
        super().__init__()
        self._found = DataStoreResponse(result=json.dumps(specs), time=specs["time"])

    def get(self, key: str) -> Any:
        """The document, where that is what is asked for."""
        return self._found if "download_config_specs" in key else None


def main() -> None:
    given = told()
    keys = given["keys"]
    options = StatsigOptions(
        data_store=Specs(given["flags"]),
        disable_network=True,
        disable_all_logging=True,
        disable_country_lookup=True,
        disable_disk_access=True,
        output_log_level="error",
    )
    statsig = Statsig("secret-bench", options)
    statsig.initialize().wait()
    quiet = ExperimentEvaluationOptions(disable_exposure_logging=True)

    def decide(visitor: str, attributes: dict[str, Any]) -> list[Any]:
        user = StatsigUser(user_id=visitor, custom=attributes)
        return [statsig.get_experiment(user, key, quiet) for key in keys]

    take_turns(given, decide, lambda found: found.value.get("discount"))
    statsig.shutdown().wait()


if __name__ == "__main__":
    main()
