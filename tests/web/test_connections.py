"""Connections on which somebody sends a request's head for ever, too slowly, or not at all."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tailorbird.web import serve
from tailorbird.web.options import Options
from tests.web.served import Served, serving

HEAD = b"POST /v1/decide HTTP/1.1\r\nhost: x\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    options = Options(access_log=False, body_seconds=0.6, keep_alive_seconds=1)
    with serving(tmp_path_factory.mktemp("served"), options) as here:
        yield here


def connected(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=10)


def whole(line: socket.socket) -> bytes:
    """Everything until the other side hangs up."""
    told = b""
    try:
        while part := line.recv(65_536):
            told += part
    except ConnectionResetError:
        pass
    return told


def good_request(served: Served) -> bytes:
    body = b'{"visitor":{"id":"a"}}'
    head = f"POST /v1/decide HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {served.key}\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize("part", [b"x: " + b"a" * 4_000, b"x: a\r\n" * 700], ids=["one header", "many headers"])
def test_a_head_without_end_is_cut_off(served: Served, part: bytes) -> None:
    with connected(served) as line:
        line.sendall(HEAD)
        sent = 0
        try:
            while sent < 3_000_000:
                sent += line.send(part)
                time.sleep(0.001)
        except OSError:
            pass
        assert sent < 1_000_000
        told = whole(line)
        assert not told or told.startswith(b"HTTP/1.1 431 ")


def test_who_stops_in_the_middle_of_a_long_head_is_told_why(served: Served) -> None:
    with connected(served) as line:
        for part in (HEAD, b"x: ", *[b"a" * 16_000] * 5):
            line.sendall(part)
            time.sleep(0.03)
        told = whole(line)
        assert told.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        assert b'"type":"/docs/errors#headers-too-large"' in told


def test_a_long_head_that_ends_is_good(served: Served) -> None:
    head, _, body = good_request(served).partition(b"\r\n\r\n")
    with connected(served) as line:
        for part in (head + b"\r\nx: ", *[b"a" * 16_000] * 3, b"\r\n\r\n", body):
            line.sendall(part)
            time.sleep(0.02)
        assert line.recv(65_536).startswith(b"HTTP/1.1 200 ")
        line.sendall(good_request(served))
        assert line.recv(65_536).startswith(b"HTTP/1.1 200 "), "the next request begins anew"


@pytest.mark.parametrize("begun", [b"P", b"\r\n", HEAD, HEAD + b"x: a\r\n"])
def test_a_slow_head_is_not_waited_for(served: Served, begun: bytes) -> None:
    with connected(served) as line:
        began = time.monotonic()
        line.sendall(begun)
        told = whole(line)
        assert told.startswith(b"HTTP/1.1 408 ")
        assert 0.3 < time.monotonic() - began < 5


def test_a_head_that_comes_in_drops_does_not_begin_anew_with_each(served: Served) -> None:
    with connected(served) as line:
        began = time.monotonic()
        line.sendall(HEAD)
        with suppress(OSError):
            while time.monotonic() - began < 8:
                line.sendall(b"x: a\r\n")
                time.sleep(0.1)
        assert time.monotonic() - began < 5


def test_a_second_request_that_stops_in_its_head_does_not_spoil_the_first(served: Served) -> None:
    with connected(served) as line:
        line.sendall(good_request(served) + HEAD)
        told = whole(line)
        assert told.startswith(b"HTTP/1.1 200 ")
        assert told.count(b"HTTP/1.1 408 ") == 1


def test_who_says_nothing_is_hung_up_on_like_who_says_nothing_more(served: Served) -> None:
    for first in (b"", good_request(served)):
        with connected(served) as line:
            line.sendall(first)
            began = time.monotonic()
            told = whole(line)
            assert told.count(b"HTTP/1.1 ") == bool(first)
            assert 0.5 < time.monotonic() - began < 6


def test_a_server_takes_as_many_connections_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    wished: list[tuple[int, int]] = []
    for held, expected in (
        ((1_024, 4_096), [(4_096, 4_096)]),
        ((1_024, resource.RLIM_INFINITY), [(65_536, resource.RLIM_INFINITY)]),
        ((65_536, 100_000), []),
        ((100_000, 100_000), []),
    ):
        wished.clear()
        monkeypatch.setattr(resource, "getrlimit", lambda _, held=held: held)
        monkeypatch.setattr(resource, "setrlimit", lambda _, both: wished.append(both))
        serve._allow_many_connections()
        assert wished == expected
