"""Answers that are sent with one write: on connections that are kept, closed, pipelined, or not read."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from tailorbird.web.options import Options
from tests.web.served import Served, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), Options(access_log=False)) as here:
        yield here


def asking(served: Served, visitor: str, *lines: str, version: str = "1.1", method: str = "POST") -> bytes:
    body = json.dumps({"visitor": {"id": visitor}, "campaigns": [visitor]}).encode()
    told = (f"{method} /v1/decide HTTP/{version}", "host: x", f"authorization: Bearer {served.key}", *lines)
    return "\r\n".join((*told, f"content-length: {len(body)}", "", "")).encode() + body


class Line:
    """One connection, and the answers that come over it."""

    def __init__(self, served: Served) -> None:
        self.socket = socket.create_connection(("127.0.0.1", served.port), timeout=20)
        self._reader = self.socket.makefile("rb")

    def answer(self) -> tuple[str, dict[str, str], bytes]:
        status = self._reader.readline().decode().strip()
        headers: dict[str, str] = {}
        while line := self._reader.readline().decode().strip():
            name, _, value = line.partition(":")
            assert name not in headers, "told twice"
            headers[name] = value.strip()
        return status, headers, self._reader.read(int(headers["content-length"]))

    def ended(self) -> bool:
        return self._reader.read(1) == b""

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self.socket.close()


def test_an_answer_has_its_headers_once_and_the_connection_goes_on(served: Served) -> None:
    with Line(served) as line:
        for name in ("a", "b"):
            line.socket.sendall(asking(served, name))
            status, headers, body = line.answer()
            assert status == "HTTP/1.1 200 OK"
            assert headers["content-type"] == "application/json"
            assert headers["cache-control"] == "private, no-store"
            assert "date" in headers
            assert "connection" not in headers
            assert json.loads(body)["decisions"][0]["campaign"] == name


def test_requests_that_do_not_wait_for_answers_get_them_in_order(served: Served) -> None:
    names = [f"n{n}" for n in range(50)]
    with Line(served) as line:
        line.socket.sendall(b"".join(asking(served, name) for name in names))
        assert [json.loads(line.answer()[2])["decisions"][0]["campaign"] for _ in names] == names


@pytest.mark.parametrize(("version", "told"), [("1.1", "connection: close"), ("1.0", "x: y")])
def test_who_wants_no_more_than_one_answer_is_hung_up_on(served: Served, version: str, told: str) -> None:
    with Line(served) as line:
        line.socket.sendall(asking(served, "a", told, version=version))
        status, headers, body = line.answer()
        assert (status.split()[1], headers["connection"]) == ("200", "close")
        assert json.loads(body)["decisions"]
        assert line.ended()


def test_an_answer_without_a_body_has_none(served: Served) -> None:
    with Line(served) as line:
        line.socket.sendall(asking(served, "a", method="HEAD"))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += line.socket.recv(1)
        assert head.startswith(b"HTTP/1.1 405 ")
        line.socket.sendall(asking(served, "b"))
        assert line.answer()[0] == "HTTP/1.1 200 OK"


def test_who_reads_late_gets_every_byte(served: Served) -> None:
    names = [f"{'x' * 60}{n}" for n in range(50)]
    body = json.dumps({"visitor": {"id": "a"}, "campaigns": names}).encode()
    head = f"POST /v1/decide HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {served.key}\r\ncontent-length: {len(body)}"
    with Line(served) as line:
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.socket.sendall((head.encode() + b"\r\n\r\n" + body) * 40)
        for _ in range(40):
            assert [one["campaign"] for one in json.loads(line.answer()[2])["decisions"]] == names


def test_a_refusal_is_told_the_same_way(served: Served) -> None:
    with Line(served) as line:
        line.socket.sendall(asking(served, "a", "content-type: application/xml"))
        status, headers, body = line.answer()
        assert (status.split()[1], headers["content-type"]) == ("415", "application/problem+json")
        assert json.loads(body)["status"] == 415
        line.socket.sendall(asking(served, "b"))
        assert line.answer()[0] == "HTTP/1.1 200 OK"
