"""Our answers before the programs of others: openssl and gnutls as clients, over files and over HTTP, and pkilint."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from cryptography.hazmat.primitives import serialization

import ocsp
from ocsp import Good, Revoked

from .world import NOW, Source, World, certificate, make_authority, make_multi_request, make_request


class QuietHandler(WSGIRequestHandler):
    """Logs nothing: the tests' output is theirs."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the base class's
        return


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def world() -> World:
    """A responder whose clock is that of the machine, since openssl's is; a little behind, should it be set back."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    return World(source=Source({16: Good(), 17: Revoked(NOW, 6)}), now=now)


@pytest.fixture
def ca_file(world: World, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    path.write_bytes(world.authority.ca.public_bytes(serialization.Encoding.PEM))
    return str(path)


@pytest.fixture
def port(world: World) -> Iterator[int]:
    """Serve the application on a free port for one test."""
    with make_server("127.0.0.1", 0, ocsp.OcspApplication(world.responder), handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def openssl_asks(ca_file: str, port: int, *options: str) -> subprocess.CompletedProcess[str]:
    return run(
        "openssl",
        "ocsp",
        "-issuer",
        ca_file,
        "-CAfile",
        ca_file,
        "-url",
        f"http://127.0.0.1:{port}/ocsp",
        *options,
    )


@pytest.mark.parametrize("nonce", [(), ("-no_nonce",)], ids=["nonce", "no-nonce"])
@pytest.mark.parametrize("digest", ["-sha1", "-sha256"])
def test_openssl_asks_over_http_and_verifies(ca_file: str, port: int, nonce: tuple[str, ...], digest: str) -> None:
    asked = openssl_asks(ca_file, port, *nonce, digest, "-serial", "0x10")
    assert ": good" in asked.stdout, asked.stderr
    assert "Response verify OK" in asked.stderr


def test_openssl_sees_hold_and_never_issued_in_one_request(ca_file: str, port: int) -> None:
    serials = ("-serial", "0x10", "-serial", "0x11", "-serial", "0x12")
    asked = openssl_asks(ca_file, port, *serials)
    assert "Response verify OK" in asked.stderr, asked.stderr
    assert "nonce" not in asked.stderr
    assert "0x10: good" in asked.stdout
    assert asked.stdout.count("Reason: certificateHold") == 2
    assert "Revocation Time: Jan  1 00:00:00 1970 GMT" in asked.stdout


def test_openssl_sees_a_freeze_after_the_answer_was_cached(world: World, ca_file: str, port: int) -> None:
    asked = [openssl_asks(ca_file, port, "-no_nonce", "-serial", "0x10").stdout]
    world.source.change(16, Revoked(NOW, 6))
    world.wait(0.25)
    asked.append(openssl_asks(ca_file, port, "-no_nonce", "-serial", "0x10").stdout)
    assert [": good" in told for told in asked] == [True, False]
    assert "certificateHold" in asked[1]


def gnutls(*options: str) -> str:
    asked = run("ocsptool", "--verify-allow-broken", *options)
    return asked.stdout + asked.stderr


@pytest.mark.parametrize("nonce", ["--nonce", "--no-nonce"])
@pytest.mark.parametrize(("serial", "told"), [(16, "good"), (17, "revoked"), (18, "revoked")])
def test_gnutls_asks_over_http_and_verifies(ca_file: str, port: int, nonce: str, serial: int, told: str) -> None:
    """It takes the serial number from a certificate."""
    key = make_authority().ca_key
    leaf = certificate(
        make_authority().ca.subject,
        key,
        "leaf",
        serial=serial,
        public_key=key.public_key(),
        not_after=make_authority().ca.not_valid_after_utc,
    )
    path = Path(ca_file).with_name("leaf.pem")
    path.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    asked = gnutls(f"--ask=http://127.0.0.1:{port}/ocsp", nonce, "--load-issuer", ca_file, "--load-cert", str(path))
    assert "Verifying OCSP Response: Success." in asked
    assert f"Certificate Status: {told}" in asked
    assert ("Nonce: " in asked) == (nonce == "--nonce")


@pytest.mark.parametrize("archive", [None, timedelta(days=2557)], ids=["plain", "archive-cutoff"])
@pytest.mark.parametrize("name", ["good", "hold", "never-issued", "several"])
def test_gnutls_verifies_the_answer_from_a_file(
    world: World, ca_file: str, tmp_path: Path, name: str, archive: timedelta | None
) -> None:
    judged = World(source=world.source, now=world.now, policy=ocsp.Policy(archive=archive))
    path = tmp_path / "response.der"
    path.write_bytes(judged.responder.answer(REQUESTS[name]).body)
    verified = gnutls("--verify-response", "--load-trust", ca_file, "--load-response", str(path))
    assert "Verifying OCSP Response: Success." in verified


REQUESTS = {
    "good": make_request(16),
    "hold": make_request(17),
    "never-issued": make_request(18),
    "nonce": make_request(16, nonce=b"n" * 32),
    "several": make_multi_request(make_request(16), make_request(17), make_request(18)),
}


@pytest.mark.parametrize("name", [*REQUESTS, "archive-cutoff"])
def test_pkilint_has_nothing_to_say(world: World, name: str, tmp_path: Path) -> None:
    path = tmp_path / "response.der"
    if name == "archive-cutoff":
        world = World(source=world.source, policy=ocsp.Policy(archive=timedelta(days=2557)))
    path.write_bytes(world.responder.answer(REQUESTS.get(name, REQUESTS["good"])).body)
    lint = str(Path(sys.executable).with_name("lint_ocsp_response"))
    linted = run(lint, "lint", "-s", "WARNING", "--document-format", "DER", str(path))
    assert (linted.returncode, linted.stdout.strip(), linted.stderr) == (0, "", "")


@pytest.mark.parametrize("name", REQUESTS)
def test_openssl_reads_the_answer_from_a_file(world: World, ca_file: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "response.der"
    path.write_bytes(world.responder.answer(REQUESTS[name]).body)
    read = run("openssl", "ocsp", "-respin", str(path), "-CAfile", ca_file, "-issuer", ca_file, "-text")
    assert "Response verify OK" in read.stderr
    # openssl calls the extended-revoke extension, id-pkix-ocsp 9, "valid".
    assert ("    valid:" in read.stdout) == (name in ("never-issued", "several"))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (ocsp.MALFORMED_REQUEST, "malformedrequest (1)"),
        (ocsp.INTERNAL_ERROR, "internalerror (2)"),
        (ocsp.TRY_LATER, "trylater (3)"),
        (ocsp.UNAUTHORIZED, "unauthorized (6)"),
    ],
    ids=["malformed", "internal", "later", "unauthorized"],
)
def test_openssl_reads_the_errors(body: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "response.der"
    path.write_bytes(body)
    assert told in run("openssl", "ocsp", "-respin", str(path)).stdout
