"""Where rows go: through a running server's HTTP, or straight into the data. Both judge and record alike."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from tailorbird.cli.errors import Failed, Usage
from tailorbird.domain.errors import Invalid, Unavailable
from tailorbird.domain.shape import check_nesting, read

if TYPE_CHECKING:
    from tailorbird.engine.runtime import Runtime

T = TypeVar("T")

#: bytes of one call; servers take 5 MiB unless told otherwise
CALL_BYTES = 4 << 20
_SECONDS = 60
#: how often a call is tried that found the server busy, away or limited
_TRIES = 12
_LONGEST_PAUSE = 15.0


class Refused(msgspec.Struct, frozen=True):
    """Why one of the bodies was not taken."""

    index: int
    field: str
    error: str


class Outcome(msgspec.Struct, frozen=True):
    """What became of the bodies of one call."""

    accepted: int
    duplicates: int = 0
    refused: tuple[Refused, ...] = ()


class Door(Protocol):
    """Takes bodies as JSON, and says what became of them when that is durable."""

    #: where it leads, for the file of progress
    name: str

    async def open(self) -> None:
        """Make sure that it leads to the project. ``Failed`` or ``Usage`` when it does not."""

    async def events(self, bodies: Sequence[bytes]) -> Outcome: ...
    async def items(self, bodies: Sequence[bytes]) -> Outcome: ...


class EngineDoor:
    """Into the data of this machine."""

    def __init__(self, runtime: Runtime, project: str) -> None:
        self._runtime = runtime
        self._ref = project
        self.name = ""

    async def open(self) -> None:
        """Find the project."""
        self.name = self._runtime.project(self._ref).project.id

    async def events(self, bodies: Sequence[bytes]) -> Outcome:
        """By the same path as ``POST /v1/events``."""
        from tailorbird.engine.record import record

        inputs = [_judged(body) for body in bodies]
        told = await _patiently(lambda: record(self._runtime, self.name, inputs))
        refused = tuple(Refused(one.index, one.field, one.error) for one in told.rejected)
        return Outcome(told.accepted, told.duplicates, refused)

    async def items(self, bodies: Sequence[bytes]) -> Outcome:
        """By the same checks as the catalogue's; running servers notice within seconds."""
        from tailorbird.domain.definitions import Item
        from tailorbird.engine.catalogue import check
        from tailorbird.web.wire import check_id

        decode = msgspec.json.Decoder(Item).decode
        good: list[Item] = []
        refused: list[Refused] = []
        for index, body in enumerate(bodies):
            try:
                check_nesting(body)
                item = read(decode, body)
                check(item, "", self._runtime.limits)
                check_id(item.id, "id")
                good.append(item)
            except Invalid as error:
                refused.append(_refused(index, error))
        if good:
            await _patiently(lambda: self._runtime.store.put_items(self.name, good, self._runtime.clock()))
        return Outcome(len(good), 0, tuple(refused))


def _judged(body: bytes) -> Any:
    from tailorbird.web import wire

    try:
        check_nesting(body)
        return wire.event_input(read(wire.decode_event, body))
    except Invalid as error:
        return error


def _refused(index: int, error: Invalid) -> Refused:
    return Refused(index, error.problems[0].field.lstrip(".") if error.problems else "", error.detail)


class HttpDoor:
    """To a server, with a key. Waits where it is told to, tries again where nobody answered."""

    def __init__(self, url: str, key: str, project: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Usage(f"--url takes an address such as https://tailorbird.example, not {url!r}.")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=_SECONDS)
        self._base = parts.path.rstrip("/")
        self._project = f"/v1/projects/{quote(project, safe='')}"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self.name = f"{parts.scheme}://{parts.netloc}{self._base} {project}"

    async def open(self) -> None:
        """Ask for something of the project. A key without the scope to read it is told so, which is enough."""
        status, told = await self._call("GET", f"{self._project}/settings", b"")
        if status >= 300 and status != 403:
            raise Failed(f"{self.name}: {status} {_detail(told)}")

    async def events(self, bodies: Sequence[bytes]) -> Outcome:
        """``POST /v1/events``."""
        return await self._send("/v1/events", "events", bodies, self._recorded)

    async def items(self, bodies: Sequence[bytes]) -> Outcome:
        """``POST /v1/projects/{project}/items``, which takes all or none: what is wrong is left out of the next try."""
        left = dict(enumerate(bodies))
        refused: list[Refused] = []
        while left:
            status, told = await self._call("POST", f"{self._project}/items", _list("items", list(left.values())))
            if status == 200:
                break
            if status == 413 and len(left) > 1:
                return await self._halves(self.items, bodies)
            wrong = _wrong_item(told, list(left)) if status == 400 else None
            if status == 413:
                wrong = Refused(next(iter(left)), "", _detail(told))
            if wrong is None:
                raise Failed(f"{self.name}: {status} {_detail(told)}")
            refused.append(wrong)
            del left[wrong.index]
        return Outcome(len(left), 0, tuple(refused))

    async def _send(self, path: str, member: str, bodies: Sequence[bytes], read_: Any) -> Outcome:
        status, told = await self._call("POST", path, _list(member, bodies))
        if status == 200:
            outcome: Outcome = read_(told)
            return outcome
        if status == 413 and len(bodies) > 1:
            return await self._halves(self.events, bodies)
        if status == 413:
            return Outcome(0, 0, (Refused(0, "", _detail(told)),))
        raise Failed(f"{self.name}: {status} {_detail(told)}")

    @staticmethod
    def _recorded(told: Any) -> Outcome:
        refused = tuple(Refused(one["index"], one["field"], one["error"]) for one in told["rejected"])
        return Outcome(told["accepted"], told["duplicates"], refused)

    async def _halves(self, send: Any, bodies: Sequence[bytes]) -> Outcome:
        """The server takes less in one call than this was."""
        middle = len(bodies) // 2
        first: Outcome = await send(bodies[:middle])
        second: Outcome = await send(bodies[middle:])
        moved = tuple(Refused(one.index + middle, one.field, one.error) for one in second.refused)
        return Outcome(first.accepted + second.accepted, first.duplicates + second.duplicates, first.refused + moved)

    async def _call(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        pause = 0.5
        for _ in range(_TRIES):
            try:
                status, headers, text = self._once(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                trouble = str(error) or type(error).__name__
            else:
                if status not in (429, 502, 503, 504):
                    return status, _decoded(text)
                trouble = f"{status} {_detail(_decoded(text))}"
                pause = max(pause, _seconds(headers.get("retry-after", "")))
            await asyncio.sleep(min(pause, _LONGEST_PAUSE))
            pause *= 2
        raise Failed(f"{self.name}: {trouble}. The same command goes on where this one ended.")

    def _once(self, method: str, path: str, body: bytes) -> tuple[int, Any, bytes]:
        self._connection.request(method, f"{self._base}{path}", body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()


def _list(member: str, bodies: Sequence[bytes]) -> bytes:
    return b'{"%s":[%s]}' % (member.encode(), b",".join(bodies))


def _wrong_item(told: Any, indexes: list[int]) -> Refused | None:
    """Which of the items a server complains of: it names the first one."""
    problems = told.get("errors") if isinstance(told, dict) else None
    field = str(problems[0].get("field", "")) if problems else ""
    number, bracket, rest = field.removeprefix("items[").partition("]")
    if not field.startswith("items[") or not bracket or not number.isdigit() or int(number) >= len(indexes):
        return None
    return Refused(indexes[int(number)], rest.lstrip("."), _detail(told))


def _decoded(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {"detail": text[:200].decode("utf-8", "replace")}


def _detail(told: Any) -> str:
    return str(told.get("detail") or told.get("title") or "") if isinstance(told, dict) else ""


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 0.0


async def _patiently(call: Callable[[], Awaitable[T]]) -> T:
    """A call into the data, again and again while another process holds it."""
    for pause in (0.2, 0.5, 1.0, 2.0, 5.0):
        try:
            return await call()
        except Unavailable:
            await asyncio.sleep(pause)
    return await call()
