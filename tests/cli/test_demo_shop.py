"""How the demo starts and stops the example shop, without a year of orders."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tailorbird.cli.demo import retail, shop
from tailorbird.cli.demo.client import Client
from tailorbird.cli.demo.run import Demo
from tailorbird.cli.demo.show import Screen
from tailorbird.cli.demo.state import State
from tailorbird.cli.errors import Failed

NOWHERE = "http://127.0.0.1:9"


def test_the_shop_is_where_it_is_looked_for() -> None:
    assert shop.script().is_file()


def test_it_listens_beside_the_server_or_anywhere() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    with server:
        beside = shop.free_port(None, port)
        assert beside != port
        with socket.create_server(("127.0.0.1", beside)):
            assert shop.free_port(None, beside - 1) not in (beside, port)
        assert shop.free_port(beside, port) == beside
        with pytest.raises(Failed, match=f"Port {port} of 127.0.0.1 is taken, .*--shop-port"):
            shop.free_port(port, 1)
        with pytest.raises(Failed):
            shop.free_port(70_000, 1)
    assert shop.free_port(None, 65_535) > 0


def test_where_the_shop_is_not_the_demo_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shop, "script", lambda: tmp_path / "shop.py")
    demo = Demo(retail.Shop((), ()), tmp_path, Screen(), once=True)
    held = State(secret="tb_x", days=0)
    assert demo._open_shop(Client("127.0.0.1", 9, "tb_x"), NOWHERE, held) is held
    assert "not of what is installed here" in capsys.readouterr().out
    demo.close()


def test_a_shop_that_does_not_start_is_told_of() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(Failed, match="did not start"),
    ):
        shop.Shop(taken.getsockname()[1], shop.environ(NOWHERE, "tb_x", "tbp_x", {}))


STARTS_ONE = """
import sys
from tailorbird.cli.demo import shop
here = shop.Shop(0, shop.environ("http://127.0.0.1:9", "tb_x", "tbp_x", {}))
print(here.address, flush=True)
sys.stdin.read()
"""


def test_it_ends_even_where_the_demo_is_killed() -> None:
    demo = subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert demo.stdout is not None
    address = demo.stdout.readline().strip()
    assert httpx.get(address, timeout=20).status_code == 200
    os.kill(demo.pid, signal.SIGKILL)
    demo.communicate()
    until = time.monotonic() + 20
    while _answers(address) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _answers(address)


def _answers(address: str) -> bool:
    host, _, port = address.removeprefix("http://").partition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except OSError:
        return False
    return True
