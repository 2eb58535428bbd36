"""``tailorbird demo``: a year of a real shop in a running server, three of its customers, and a shop to visit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from tailorbird.cli.options import PREFIX, Command

Folder = Annotated[
    Path, Parameter(name="--data", env_var=f"{PREFIX}DEMO_DATA", help="Folder in which the demo is kept.")
]
Port = Annotated[
    int | None,
    Parameter(
        env_var=f"{PREFIX}PORT",
        help="Port to listen on. [default: 8790; with --once any free one]",
        show_default=False,
    ),
]
ShopPort = Annotated[
    int | None,
    Parameter(
        env_var=f"{PREFIX}DEMO_SHOP_PORT",
        help="Port of the example shop. [default: the one after the server's, or any free one]",
        show_default=False,
    ),
]
Once = Annotated[
    bool, Parameter(help="Load, check, show, and end with 0 when everything is as it should be.", show_default=False)
]


def demo(
    *, data: Folder = Path(".demo-data"), port: Port = None, shop_port: ShopPort = None, once: Once = False
) -> None:
    """Start a server with a year of real shop data, publish three campaigns, show what three customers see and why, and
    open a shop that uses them.

    The first start loads 4,006 products, 4,285 customers and their 18,966 orders through the same HTTP calls that a
    backend makes. Later starts take seconds and keep what is there. It serves until Ctrl-C.
    """
    from tailorbird.cli.demo.run import start

    start(data, port, shop_port, once)


COMMANDS = (
    Command(
        "demo",
        demo,
        """tailorbird demo
tailorbird demo --data /tmp/demo --port 9000
tailorbird demo --once""",
    ),
)
