"""What a backend needs of Tailorbird: ask what a visitor should see, and tell what they did. Copy it.

With a client that keeps connections open (requests, httpx) in place of ``urllib`` it is faster still.
"""

import json
import logging
import queue
import threading
import time
import uuid
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

log = logging.getLogger(__name__)

#: seconds that a page waits for its decisions; Tailorbird answers within 0.15, even while its database is away
PATIENCE = 0.3
#: after a failure nobody asks for so many seconds: where Tailorbird hangs, not every page waits
PAUSE = 1.0
#: events in one call, and how many may wait
BATCH, WAITING = 500, 10_000
#: no answer, or one that is not Tailorbird's
FAILURES = (OSError, ValueError, LookupError, TypeError)


class Tailorbird:
    """One project of one server, for any number of threads."""

    def __init__(self, url: str, key: str, patience: float = PATIENCE) -> None:
        self._url, self._key, self._patience = url, key, patience
        self._events: queue.Queue[dict[str, Any]] = queue.Queue(WAITING)
        self._quiet_until = 0.0
        threading.Thread(target=self._deliver, daemon=True).start()

    def decide(self, visitor: dict[str, str], campaigns: tuple[str, ...], context: dict[str, Any]) -> dict[str, Any]:
        """Campaign → decision, for the whole page at once. Empty while Tailorbird is away: show your own content."""
        if time.monotonic() < self._quiet_until:
            return {}
        try:
            body = {"visitor": visitor, "campaigns": campaigns, "context": context}
            return {one["campaign"]: one for one in self._post("/v1/decide", body, self._patience)["decisions"]}
        except FAILURES as error:
            log.warning("No decisions, the page is shown without: %r", error)
            self._quiet_until = time.monotonic() + PAUSE
            return {}

    def record(self, name: str, visitor: dict[str, str], id: str = "", **more: Any) -> None:
        """What somebody did. Nobody waits for it. ``id`` is yours where there is one, like the number of an order:
        it makes an event that is sent again count once."""
        event = {"name": name, "visitor": visitor, "id": id or str(uuid.uuid4()), "time": round(time.time() * 1000)}
        try:
            self._events.put_nowait(event | more)
        except queue.Full:
            log.error("Too many events wait; %s %s is lost", name, event["id"])

    def close(self, seconds: float) -> None:
        """Wait that long at most for events that did not arrive yet."""
        end = time.monotonic() + seconds
        while self._events.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.02)

    def _deliver(self) -> None:
        while True:
            batch = [self._events.get()]
            while len(batch) < BATCH and not self._events.empty():
                batch.append(self._events.get())
            wait = 0.5
            while not self._is_done(batch):
                time.sleep(wait)
                wait = min(2 * wait, 30)
            for _ in batch:
                self._events.task_done()

    def _is_done(self, batch: list[dict[str, Any]]) -> bool:
        """Whether these need not be sent again: they arrived, or will never be taken."""
        try:
            for refused in self._post("/v1/events", {"events": batch}, 10)["rejected"]:
                log.error("Event refused: %s", refused)
            return True
        except FAILURES as error:
            log.warning("%d events wait: %r", len(batch), error)
            return isinstance(error, HTTPError) and error.code < 500 and error.code not in (401, 403, 408, 429)

    def _post(self, path: str, body: Any, seconds: float) -> Any:
        head = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        with urlopen(Request(self._url + path, json.dumps(body).encode(), head), timeout=seconds) as answer:
            return json.load(answer)
