"""The servers that are compared: each started, given the same campaigns, and asked in its own words."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench.children import Server, free_port, process, serving, wait_for
from bench.decide import NEW, decide_request
from bench.load import load, request
from bench.peers import flags, install, postgres

SQLITE, POSTGRES, UNLEASH = "Tailorbird on SQLite", "Tailorbird on PostgreSQL", "Unleash, frontend API"
PROXY_EVAL, FAST_FEATURE = "GrowthBook proxy-eval in bare node:http", "fast-feature, OFREP bulk"


class Contender(msgspec.Struct, frozen=True, kw_only=True):
    """A server that answers."""

    name: str
    #: of the process whose CPU time counts, with its children
    pid: int
    port: int
    #: one request for a visitor of that id
    ask: Callable[[str], bytes]
    #: a request for somebody whom the conditions leave out
    ask_other: bytes
    #: the arms that an answer shows, by name
    shown: Callable[[Any], list[str]]
    #: software and versions
    about: str
    #: of its PostgreSQL, whose CPU time is told apart
    database: int | None = None
    #: requests before anything is measured
    warm: int = 1_000
    #: one visitor in so many is new to it; 0: nobody
    new_every: int = 0
    #: the least share of the campaigns that shows an arm; the others are control
    share: float = 1.0
    #: whether an answer is a full one
    whole: Callable[[bytes], bool] = bool


@contextlib.asynccontextmanager
async def on_sqlite(people: int) -> AsyncIterator[Contender]:
    """Tailorbird as ``bench.server`` runs it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        async with serving(Path(directory), flags.COUNT, people) as server:
            yield _tailorbird(SQLITE, server, "the SQLite store, `synchronous=FULL`")


@contextlib.asynccontextmanager
async def on_postgres(people: int) -> AsyncIterator[Contender]:
    """The same on a PostgreSQL of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory, postgres.database() as database:
        arguments = (database.url, directory, str(port), str(flags.COUNT), str(people))
        with process("bench.peers.servers.on_postgres", *arguments) as child:
            assert child.stdout is not None
            line = await asyncio.to_thread(child.stdout.readline)
            if not line:
                raise RuntimeError("the server on PostgreSQL ended before it served")
            told = json.loads(line)
            await wait_for(port)
            server = Server(pid=child.pid, port=port, project=told["project"], secret=told["secret"])
            about = f"the PostgreSQL store, PostgreSQL {database.version}"
            yield msgspec.structs.replace(_tailorbird(POSTGRES, server, about), database=database.pid)


def _tailorbird(name: str, server: Server, about: str) -> Contender:
    body = {
        "visitor": {"id": "u1"},
        "campaigns": list(flags.KEYS),
        "context": {"attributes": flags.OTHERS},
        "expose": "report",
    }
    return Contender(
        name=name,
        pid=server.pid,
        port=server.port,
        ask=lambda visitor: decide_request(server, visitor, flags.COUNT),
        ask_other=request("/v1/decide", json.dumps(body).encode(), server.headers),
        shown=lambda answer: [one["experience"] for one in answer["decisions"] if one["payload"]],
        about=about,
        new_every=NEW,
        share=0.93,
        whole=lambda answer: answer.endswith(b'"degraded":false}'),
    )


@contextlib.asynccontextmanager
async def unleash() -> AsyncIterator[Contender]:
    """Unleash's server on a PostgreSQL of its own; asked by POST with a frontend token. It calls nobody up."""
    port, token, environment = free_port(), "default:development.bench", "development"
    home = install.node_packages()
    with tempfile.TemporaryDirectory(prefix="bench-") as directory, postgres.database() as database:
        imported = Path(directory) / "import.json"
        imported.write_text(json.dumps(flags.unleash_import(environment)))
        settings = {
            "NODE_ENV": "production",
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(port),
            "SERVER_KEEPALIVE_TIMEOUT": "300",
            "DATABASE_HOST": database.host,
            "DATABASE_PORT": "5432",
            "DATABASE_NAME": postgres.DATABASE,
            "DATABASE_USERNAME": postgres.USER,
            "DATABASE_PASSWORD": "",
            "DATABASE_SSL": "false",
            "INIT_FRONTEND_API_TOKENS": token,
            "IMPORT_FILE": str(imported),
            "IMPORT_ENVIRONMENT": environment,
            "CHECK_VERSION": "false",
            "SEND_TELEMETRY": "false",
            "SDK_API_RATE_LIMIT_PER_MINUTE": "1000000000",
            "TOKEN_AUTHENTICATION_RATE_LIMIT_PER_MINUTE": "1000000000",
        }

        def ask(visitor: str, attributes: Mapping[str, Any] = flags.ATTRIBUTES) -> bytes:
            body = {"context": flags.unleash_context(visitor, attributes)}
            return request("/api/frontend", json.dumps(body).encode(), [("Authorization", token)])

        command = (install.node(), home / "node_modules" / "unleash-server" / "dist" / "server.js")
        with started(command, directory, settings) as pid:
            found = Contender(
                name=UNLEASH,
                pid=pid,
                port=port,
                database=database.pid,
                ask=ask,
                ask_other=ask("u1", flags.OTHERS),
                shown=lambda answer: [one["variant"]["name"] for one in answer["toggles"]],
                about=f"unleash-server {install.npm_version('unleash-server')}, Node {install.node_version()}, "
                f"PostgreSQL {database.version}",
                warm=2_000,
            )
            await wait_for(port)
            await _until_it_shows_all(found)
            yield found


@contextlib.asynccontextmanager
async def proxy_eval() -> AsyncIterator[Contender]:
    """GrowthBook's evaluation behind Node's own HTTP server."""
    port, script = free_port(), Path(__file__).parent / "servers" / "proxy_eval.mjs"
    home = install.node_packages()
    by_discount = {payload["discount"]: arm for arm, payload in flags.PAYLOADS.items()}

    def ask(visitor: str, attributes: Mapping[str, Any] = flags.ATTRIBUTES) -> bytes:
        body = {"attributes": {"id": visitor, **attributes}, "url": "https://shop.example/"}
        return request("/api/eval/bench", json.dumps(body).encode())

    def shown(answer: Any) -> list[str]:
        values = [one["defaultValue"] for one in answer["features"].values()]
        return [by_discount[value["discount"]] for value in values if value]

    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        features = Path(directory) / "features.json"
        features.write_text(json.dumps(flags.growthbook()))
        with started((install.node(), script, str(port), features), home, {"NODE_ENV": "production"}) as pid:
            await wait_for(port)
            yield Contender(
                name=PROXY_EVAL,
                pid=pid,
                port=port,
                ask=ask,
                ask_other=ask("u1", flags.OTHERS),
                shown=shown,
                about=f"@growthbook/proxy-eval {install.npm_version('@growthbook/proxy-eval')}, @growthbook/growthbook "
                f"{install.npm_version('@growthbook/growthbook')}, Node {install.node_version()}",
                warm=2_000,
            )


@contextlib.asynccontextmanager
async def fast_feature() -> AsyncIterator[Contender]:
    """fast-feature with its flags in memory."""
    port, python = free_port(), install.python("fast-feature")

    def ask(visitor: str, attributes: Mapping[str, Any] = flags.ATTRIBUTES) -> bytes:
        body = {"context": {"targetingKey": visitor, **attributes}}
        return request("/ofrep/v1/evaluate/flags", json.dumps(body).encode())

    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        told = Path(directory) / "flags.json"
        told.write_text(json.dumps(flags.fast_feature()))
        with started((python, "-m", "bench.peers.servers.fast_feature", str(port), told), install.ROOT, {}) as pid:
            await wait_for(port)
            yield Contender(
                name=FAST_FEATURE,
                pid=pid,
                port=port,
                ask=ask,
                ask_other=ask("u1", flags.OTHERS),
                shown=lambda answer: [one["variant"] for one in answer["flags"] if one["variant"] != "off"],
                about=f"fast-feature {install.version('fast-feature', 'fast-feature')}, FastAPI "
                f"{install.version('fast-feature', 'fastapi')}, uvicorn {install.version('fast-feature', 'uvicorn')}",
                warm=200,
            )


@contextlib.contextmanager
def started(command: Sequence[str | Path], directory: str | Path, settings: Mapping[str, str]) -> Iterator[int]:
    """A server of somebody else with no environment but ``settings``; what it says is shown when it fails."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": tempfile.gettempdir(), **settings}
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        child = subprocess.Popen(command, cwd=directory, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield child.pid
        except Exception as error:
            log.seek(0)
            error.add_note(f"{Path(command[0]).name} said: {log.read()[-3_000:]}")
            raise
        finally:
            _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


async def _until_it_shows_all(contender: Contender) -> None:
    """It may listen before it has read what it imported."""
    for _ in range(300):
        answers: list[bytes] = []
        await load(contender.port, contender.pid, [contender.ask("u1")], connections=1, answers=answers)
        if len(contender.shown(json.loads(answers[0]))) == flags.COUNT:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"{contender.name} does not show what it was given")
