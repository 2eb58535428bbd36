"""nginx and Caddy as deploy/ configures them, on loopback: only addresses, ports and certificates are exchanged."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.architecture.sources import ROOT
from tests.deploy.shop import within

DEPLOY = ROOT / "deploy"
#: the first few kilobytes of what a proxy complained about are enough
_TOLD = 4000


class Proxied(NamedTuple):
    """A proxy that runs: the ports of its two doors, and whom its certificate is trusted by."""

    port: int
    plain_port: int
    trust: ssl.SSLContext

    def connect(self, source: str = "127.0.0.1") -> HTTPSConnection:
        return HTTPSConnection("127.0.0.1", self.port, timeout=20, context=self.trust, source_address=(source, 0))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def certify(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and its key, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    told, secret = folder / "certificate.pem", folder / "key.pem"
    told.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return told, secret


def exchanged(text: str, *pairs: tuple[str, str]) -> str:
    """The text with each first part exchanged for the second; each must be there."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(folder: Path, upstream: int, port: int, plain: int) -> list[str]:
    certificate, key = certify(folder)
    site = exchanged(
        (DEPLOY / "nginx.conf").read_text(encoding="utf-8"),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("    listen [::]:80;\n", ""),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("server 127.0.0.1:8790;", f"server 127.0.0.1:{upstream};"),
        ("/etc/ssl/tailorbird/fullchain.pem", str(certificate)),
        ("/etc/ssl/tailorbird/privkey.pem", str(key)),
    )
    (folder / "site.conf").write_text(site, encoding="utf-8")
    temporary = "".join(
        f"  {name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{'user root;' if os.geteuid() == 0 else ''}\ndaemon off;\nworker_processes 1;\npid {folder}/pid;\n"
        f"error_log stderr warn;\nevents {{}}\nhttp {{\n{temporary}  include {folder}/site.conf;\n}}\n",
        encoding="utf-8",
    )
    return ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, upstream: int, port: int, plain: int) -> list[str]:
    certificate, key = certify(folder)
    site = exchanged(
        (DEPLOY / "Caddyfile").read_text(encoding="utf-8"),
        ("tailorbird.example {", f"https://127.0.0.1:{port} {{\n\ttls {certificate} {key}\n"),
        ("127.0.0.1:8790", f"127.0.0.1:{upstream}"),
    )
    alone = f"{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {port}\n\tskip_install_trust\n}}\n\n"
    (folder / "Caddyfile").write_text(alone + site, encoding="utf-8")
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


#: the program → its command over a configuration made from ours
PROXIES: dict[str, Callable[[Path, int, int, int], list[str]]] = {"nginx": nginx, "caddy": caddy}


def installed(name: str) -> bool:
    """Whether the program is there; servers are often outside a user's path."""
    return shutil.which(name, path=_path()) is not None


def _path() -> str:
    return f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin"


@contextmanager
def proxied(name: str, folder: Path, upstream: int) -> Iterator[Proxied]:
    """A proxy before the port ``upstream``, from the moment that it answers."""
    port, plain = free_port(), free_port()
    command = PROXIES[name](folder, upstream, port, plain)
    complaints = folder / "stderr.txt"
    environment = {**os.environ, "PATH": _path(), "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with complaints.open("wb") as sink:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=sink)

    def listens() -> bool:
        assert process.poll() is None, complaints.read_text(encoding="utf-8", errors="replace")[-_TOLD:]
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    try:
        within(20, f"{name} does not listen", listens)
        yield Proxied(port, plain, ssl.create_default_context(cafile=str(folder / "certificate.pem")))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # somebody holds a connection open: the test failed already
            process.kill()
            process.wait(10)
