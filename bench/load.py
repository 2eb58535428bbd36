"""A closed-loop HTTP load over a few keep-alive connections, and the CPU time that it cost the server's process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a number of requests cost."""

    requests: int
    #: CPU time of all threads of the server's process, in microseconds per request
    cpu_us: float
    #: wall clock of the whole load
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Requests per second as the client saw them, with the client on the same machine."""
        return self.requests / self.seconds


def cpu_seconds(pid: int) -> float:
    """CPU time that all threads of a process have used, to the nanosecond, from the scheduler's books."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:  # a thread that just ended
            continue
    return total / 1e9


async def resting(pid: int, within: float = 60.0) -> float:
    """Wait until a process does next to nothing any more; the CPU time that it has used by then."""
    until = time.monotonic() + within
    used, quiet = cpu_seconds(pid), 0
    while time.monotonic() < until:
        await asyncio.sleep(0.03)
        before, used = used, cpu_seconds(pid)
        quiet = quiet + 1 if used - before < 0.002 else 0
        if quiet == 3:  # once may be a slow disk, or another process on its core
            return used
    raise TimeoutError("the server does not come to rest")


def request(path: str, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """The bytes of one POST."""
    standard = [("Host", "127.0.0.1"), ("Content-Type", "application/json"), ("Content-Length", f"{len(body)}")]
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in (*standard, *headers))]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def load(
    port: int, pid: int, requests: Sequence[bytes], connections: int = 8, answers: list[bytes] | None = None
) -> Cost:
    """Send every request once over ``connections`` connections; each waits for its answer before the next.

    The CPU time includes what the server does after its last answer, until it rests: commits that nobody waited for.
    The bodies of the answers are appended to ``answers``, where one is given.
    """
    left = iter(requests)
    times: list[float] = []
    before, started = cpu_seconds(pid), time.perf_counter()
    await asyncio.gather(*(_connection(port, left, times, answers) for _ in range(connections)))
    seconds = time.perf_counter() - started
    cpu = await resting(pid) - before
    times.sort()
    count = len(times)
    return Cost(
        requests=count,
        cpu_us=cpu / count * 1e6,
        seconds=seconds,
        p50_ms=times[count // 2] * 1e3,
        p99_ms=times[min(count - 1, count * 99 // 100)] * 1e3,
    )


async def _connection(port: int, left: Iterator[bytes], times: list[float], answers: list[bytes] | None) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for data in left:
            started = time.perf_counter()
            writer.write(data)
            answer = await _answer(reader)
            times.append(time.perf_counter() - started)
            if answers is not None:
                answers.append(answer)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
        raise RuntimeError(head.decode("latin-1"))
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    return await reader.readexactly(int(lower[start : lower.index(b"\r\n", start)]))
