"""The peers of the OCSP benchmark, each answering for the same CA: nginx, cfssl ocspserve, openssl ocsp."""

import base64
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import ocsp
from bench.ocsp_app import served
from bench.ocsp_world import World
from bench.servers import free_port, running

# A small environment, as under a service manager: granian copies it into the environ of every request.
ENVIRON = {"PATH": os.environ["PATH"]}
_NGINX = """worker_processes 2; pid {folder}/pid; error_log {folder}/errors; daemon off;
events {{}} http {{ access_log off; keepalive_requests 1000000;
server {{ listen 127.0.0.1:{port}; root {folder}/static; }} }}
"""


@contextmanager
def nginx(world: World, answer: bytes) -> Iterator[str]:
    """Serve one answer as a static file, by GET, since nginx takes no POST for a file."""
    port, folder = free_port(), world.folder
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, port=port))
    (folder / "static").mkdir(exist_ok=True)
    (folder / "static" / "ocsp").write_bytes(answer)
    with running("nginx", "-c", str(folder / "nginx.conf"), port=port, environ=ENVIRON):
        yield f"http://127.0.0.1:{port}/ocsp"


@contextmanager
def cfssl(world: World, serials: Sequence[int]) -> Iterator[str]:
    """Serve answers for these certificates from a file that cfssl holds in memory."""
    issuer, port = served(world.folder), free_port()
    made = ocsp.presign(issuer, serials, clock=lambda: datetime.now(UTC), validity=timedelta(days=1))
    lines = [base64.b64encode(answer.body) for batch in made for answer in batch]
    responses = world.folder / "cfssl.responses"
    responses.write_bytes(b"\n".join(lines))
    command = ("cfssl", "ocspserve", "-port", str(port), "-responses", str(responses), "-loglevel", "5")
    with running(*command, port=port, environ=ENVIRON):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def openssl(world: World, *options: str) -> Iterator[str]:
    """Serve all certificates of the world from an index file."""
    port, folder = free_port(), world.folder
    with (folder / "index.txt").open("w") as index:
        for serial in world.serials:
            status, revoked = ("R", "260301080000Z,certificateHold") if world.frozen(serial) else ("V", "")
            index.write(f"{status}\t290228000000Z\t{revoked}\t{serial:X}\tunknown\t/CN={serial:x}\n")
    (folder / "index.txt.attr").write_text("unique_subject = no\n")
    command = (
        *("openssl", "ocsp", "-port", str(port), *options, "-index", str(folder / "index.txt"), "-nmin", "10"),
        *("-CA", str(folder / "ca.pem"), "-rsigner", str(folder / "signer.pem"), "-rkey", str(folder / "key.pem")),
        "-ignore_err",
    )
    with running(*command, port=port, environ=ENVIRON):
        yield f"http://127.0.0.1:{port}/"
