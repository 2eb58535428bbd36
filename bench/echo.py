"""The yardstick: a raw ASGI application on the same uvicorn that reads a body and answers as many bytes as told."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn
import uvloop


def echo(size: int) -> Any:
    """An ASGI application whose every answer has ``size`` bytes."""
    payload = b"x" * size
    headers = [(b"content-type", b"application/json"), (b"content-length", str(size).encode())]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": payload})

    return app


def main() -> None:
    """``python -m bench.echo PORT SIZE``."""
    config = uvicorn.Config(
        echo(int(sys.argv[2])),
        port=int(sys.argv[1]),
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=300,
    )
    uvloop.install() if sys.version_info < (3, 12) else None
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
