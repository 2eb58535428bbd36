"""fast-feature's OFREP router over its in-memory repository, on uvicorn as its own command runs it, access log off."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import uvicorn
from fast_feature.core import Flag  # type: ignore[import-not-found]
from fast_feature.ofrep import OfrepRouter  # type: ignore[import-not-found]
from fast_feature.storage.inmemory import InMemoryFlagRepository  # type: ignore[import-not-found]
from fastapi import FastAPI  # type: ignore[import-not-found]


def main() -> None:
    """``python -m bench.peers.servers.fast_feature PORT FLAGS.json``."""
    flags = [Flag(**one) for one in json.loads(Path(sys.argv[2]).read_text())]
    app = FastAPI(title="fast-feature")
    app.include_router(OfrepRouter.build(InMemoryFlagRepository(flags)))
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="error", timeout_keep_alive=300)


if __name__ == "__main__":
    main()
