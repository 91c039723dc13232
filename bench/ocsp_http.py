"""Cached OCSP over HTTP beside nginx that serves the same octets as a static file: answers a second, and the ratio.

Needs nginx and wrk. Run from the repository's root: `python -m bench.ocsp_http [granian options]`; the options
replace those of GRANIAN below, for trying others.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp as requests
from cryptography.x509.oid import NameOID

SECONDS = 3
GOAL = 0.7
# On two cores, of which the load takes one: a second worker only adds switches between processes (0.63-0.70
# of nginx, one worker 0.77-0.79). One blocking thread is as fast as two, but then a slow read of the status
# source keeps everybody waiting. A tight backpressure (4) costs a third; the rest makes no difference.
GRANIAN = ("--workers", "1", "--blocking-threads", "2", "--http", "1", "--no-ws")
NGINX = """worker_processes 2; pid {folder}/pid; error_log {folder}/errors; daemon off;
events {{}} http {{ access_log off; keepalive_requests 1000000;
server {{ listen 127.0.0.1:{port}; root {folder}/static; }} }}
"""
LUA = """wrk.method = "POST"
local file = io.open("{folder}/request.der", "rb")
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/ocsp-request"
"""


def make_files(folder: Path) -> None:
    """Write a CA, its signer and key, and a request, as DER."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bench CA")])
    builder = x509.CertificateBuilder(name, name, key.public_key()).not_valid_before(now)
    builder = builder.not_valid_after(now + timedelta(days=1))
    ca, signer = (builder.serial_number(serial).sign(key, hashes.SHA256()) for serial in (1, 2))
    request = requests.OCSPRequestBuilder().add_certificate(signer, ca, hashes.SHA1()).build()
    (folder / "ca.der").write_bytes(ca.public_bytes(Encoding.DER))
    (folder / "signer.der").write_bytes(signer.public_bytes(Encoding.DER))
    (folder / "key.der").write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "request.der").write_bytes(request.public_bytes(Encoding.DER))
    (folder / "post.lua").write_text(LUA.format(folder=folder))


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(*command: str, port: int, environ: dict[str, str]) -> Iterator[None]:
    """Run a server until the block ends, from when it accepts connections."""
    server = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            raise RuntimeError(f"{command[0]} does not listen")
        yield
    finally:
        server.terminate()
        server.wait()


def rate(url: str, *options: str) -> float:
    """Return requests a second over 32 connections; an error or a refusal among the answers is fatal."""
    command = ["wrk", "-t1", "-c32", f"-d{SECONDS}s", *options, url]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    measured = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if measured is None or "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    return float(measured[1])


def compare(folder: Path, options: tuple[str, ...]) -> tuple[float, float]:
    """Return the rates of OCSP (the mean of two runs around nginx's) and of nginx."""
    ours, theirs = free_port(), free_port()
    # A small environment, as under a service manager: granian copies it into the environ of every request.
    environ = {"PATH": os.environ["PATH"], "BENCH_OCSP": str(folder)}
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=theirs))
    (folder / "static").mkdir()
    granian = (str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--port", str(ours))
    nginx = ("nginx", "-c", str(folder / "nginx.conf"))
    with (
        running(*granian, *options, "--factory", "bench.ocsp_app:application", port=ours, environ=environ),
        running(*nginx, port=theirs, environ=environ),
    ):
        url = f"http://127.0.0.1:{ours}/ocsp"
        post = urllib.request.Request(
            url, (folder / "request.der").read_bytes(), {"Content-Type": "application/ocsp-request"}
        )
        with urllib.request.urlopen(post) as answer:
            (folder / "static" / "ocsp").write_bytes(answer.read())
        rate(url, "-s", str(folder / "post.lua"))
        before = rate(url, "-s", str(folder / "post.lua"))
        static = rate(f"http://127.0.0.1:{theirs}/ocsp")
        after = rate(url, "-s", str(folder / "post.lua"))
    return (before + after) / 2, static


def main() -> int:
    """Print one line; 1 if the goal is missed."""
    missing = [program for program in ("nginx", "wrk") if shutil.which(program) is None]
    if missing:
        print("not installed:", *missing)
        return 2
    options = tuple(sys.argv[1:]) or GRANIAN
    with tempfile.TemporaryDirectory() as folder:
        # nginx started by root serves as another user, who must be able to read the file.
        Path(folder).chmod(0o755)
        make_files(Path(folder))
        ours, theirs = compare(Path(folder), options)
    ratio = ours / theirs
    print(f"OCSP {ours:,.0f}/s, nginx static {theirs:,.0f}/s, ratio {ratio:.2f} (goal {GOAL})")
    return int(ratio < GOAL)


if __name__ == "__main__":
    sys.exit(main())
