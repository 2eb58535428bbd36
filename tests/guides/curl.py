"""Stands in for curl where a machine has none: the few options that the guides use."""

import argparse
import sys
from http.client import HTTPConnection
from urllib.parse import urlsplit


def main() -> None:
    """One request; its body goes to standard output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-X", default="GET")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d")
    told = parser.parse_args()
    parts = urlsplit(told.url)
    connection = HTTPConnection(parts.hostname or "", parts.port)
    headers = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in told.H)}
    address = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection.request(told.X, address, told.d.encode() if told.d is not None else None, headers)
    sys.stdout.write(connection.getresponse().read().decode())


if __name__ == "__main__":
    main()
