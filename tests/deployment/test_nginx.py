"""deploy/nginx/educa.conf: Debian's nginx before the real service."""

import base64
import os
import re
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from bench.servers import running
from tests.deployment.conftest import Machine, in_front
from tests.road.world import Ports, wait_for

# The first test founds the CA and starts it: half a minute of work that a busy machine stretches.
pytestmark = pytest.mark.timeout(600)
Status = ocsp.OCSPCertStatus
_STRANGER = "203.0.113.9"


def _client(machine: Machine, *, certificate: bool, **headers: str) -> httpx.Client:
    """A browser; redirects are shown, not followed."""
    context = ssl.create_default_context(cafile=str(machine.folder / "root.pem"))
    if certificate:
        context.load_cert_chain(machine.folder / "staff.pem")
    return httpx.Client(base_url=f"https://127.0.0.1:{machine.secure}", verify=context, headers=headers)


@pytest.fixture
def signed_in(machine: Machine) -> Iterator[httpx.Client]:
    """Somebody who signed in by the staff certificate, and lies about where they are."""
    with _client(machine, certificate=True, **{"X-Forwarded-For": _STRANGER}) as client:
        csrf = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
        assert csrf
        answer = client.post("/login/certificate", data={"csrf_token": csrf[1]})
        assert answer.headers["Location"] == "/overview"
        yield client


def test_a_staff_certificate_signs_in_through_nginx(signed_in: httpx.Client) -> None:
    answer = signed_in.get("/overview")
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_where_somebody_is_says_nginx_and_not_they_themselves(signed_in: httpx.Client) -> None:
    page = signed_in.get("/account").text
    assert "127.0.0.1" in page
    assert _STRANGER not in page


def test_a_certificate_in_a_header_of_the_client_s_own_is_nobody_s(machine: Machine) -> None:
    known = (machine.folder / "staff.pem").read_text().partition("-----BEGIN CERTIFICATE")
    pem = quote(known[1] + known[2])
    for name in ("X-Client-Certificate", "x-client-certificate", "X_Client_Certificate", "Client-Cert"):
        with _client(machine, certificate=False, **{name: pem}) as client:
            assert "用人员证书登录" not in client.get("/login").text
    with _client(machine, certificate=True) as client:
        assert "用人员证书登录" in client.get("/login").text


def test_a_request_s_identifier_is_nginx_s(machine: Machine) -> None:
    with _client(machine, certificate=False, **{"X-Request-ID": "chosen-by-a-stranger"}) as client:
        assert re.fullmatch(r"[0-9a-f]{32}", client.get("/login").headers["X-Request-ID"])


def _self_signed(folder: Path, subject: str, *more: str) -> None:
    """A certificate that nobody knows."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(folder / "foreign.key")]
    command = ["openssl", "req", "-x509", *key, "-subj", subject, *more, "-out", str(folder / "foreign.pem")]
    subprocess.run(command, check=True, capture_output=True)


def test_a_certificate_of_somebody_else_s_ca_is_turned_away(machine: Machine) -> None:
    folder = machine.folder
    _self_signed(folder, "/CN=zhang")
    context = ssl.create_default_context(cafile=str(folder / "root.pem"))
    context.load_cert_chain(folder / "foreign.pem", folder / "foreign.key")
    with httpx.Client(verify=context) as client:
        assert client.get(f"https://127.0.0.1:{machine.secure}/login").status_code == 400


def test_readiness_is_told_to_this_machine_and_tls_below_1_2_to_nobody(machine: Machine) -> None:
    with _client(machine, certificate=False) as client:
        assert client.get("/readyz").text.startswith("ready")
    command = [
        "openssl",
        "s_client",
        "-connect",
        f"127.0.0.1:{machine.secure}",
        "-tls1_1",
        "-cipher",
        "ALL:@SECLEVEL=0",
    ]
    assert subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode != 0


def test_openssl_asks_through_nginx(machine: Machine) -> None:
    folder = machine.folder
    command = ["openssl", "ocsp", "-issuer", str(folder / "issuing.pem"), "-cert", str(folder / "holder.pem")]
    command += ["-CAfile", str(folder / "root.pem"), "-url", f"http://127.0.0.1:{machine.plain}/ocsp"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "holder.pem: good" in done.stdout
    assert "Response verify OK" in done.stderr


def _question(machine: Machine) -> bytes:
    """An OCSP request without a nonce, about the administrator: what a cache could answer."""
    holder, issuer = (
        x509.load_pem_x509_certificate((machine.folder / f"{name}.pem").read_bytes()) for name in ("holder", "issuing")
    )
    builder = ocsp.OCSPRequestBuilder().add_certificate(holder, issuer, hashes.SHA1())
    return builder.build().public_bytes(Encoding.DER)


def _ask(port: int, question: bytes, *, by_get: bool) -> Status:
    url, kind = f"http://127.0.0.1:{port}/ocsp", {"Content-Type": "application/ocsp-request"}
    path = quote(base64.b64encode(question).decode(), safe="")
    answer = httpx.get(f"{url}/{path}") if by_get else httpx.post(url, content=question, headers=kind)
    return ocsp.load_der_ocsp_response(answer.content).certificate_status


def _answers(port: int, question: bytes, status: Status) -> bool:
    return _ask(port, question, by_get=False) is status


def test_once_the_responder_knows_of_a_freeze_nginx_says_nothing_else(machine: Machine) -> None:
    question = _question(machine)
    holder = x509.load_pem_x509_certificate((machine.folder / "holder.pem").read_bytes())
    serial = f"{holder.serial_number:x}"
    turns = (("freeze", Status.REVOKED, Status.GOOD), ("unfreeze", Status.GOOD, Status.REVOKED))
    for act, after, before in turns:
        assert {_ask(machine.plain, question, by_get=each) for each in (True, False)} == {before}
        machine.educa("certs", act, serial, "--reason", "遗失", "--as", "zhang")
        wait_for(partial(_answers, machine.publication, question, after), what=act, seconds=60)
        assert {_ask(machine.plain, question, by_get=each) for each in (True, False)} == {after}


def test_a_list_comes_from_the_folder_whole_and_in_parts(machine: Machine) -> None:
    url = f"http://127.0.0.1:{machine.plain}/crl/issuing.crl"
    whole = httpx.get(url)
    assert whole.headers["Content-Type"] == "application/pkix-crl"
    assert whole.headers["Cache-Control"] == "public, max-age=60, no-transform"
    assert x509.load_der_x509_crl(whole.content).issuer.rfc4514_string()
    middle = httpx.get(url, headers={"Range": "bytes=10-19", "If-Range": whole.headers["ETag"]})
    assert (middle.status_code, middle.content) == (206, whole.content[10:20])
    again = httpx.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    assert again.status_code == 304


def test_what_the_folder_does_not_have_the_service_answers(machine: Machine) -> None:
    chain = httpx.get(f"http://127.0.0.1:{machine.plain}/ca/chain.pem")
    assert chain.text.count("BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize(
    "path", ["/.lock", "/crl/../config.toml", "/crl/%2e%2e/config.toml", "/login", "/metrics", "/"]
)
def test_nothing_else_is_published(machine: Machine, path: str) -> None:
    done = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", f"http://127.0.0.1:{machine.plain}{path}"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout in {"404", "400"}


def test_what_is_no_question_is_turned_away_before_the_service(machine: Machine) -> None:
    url = f"http://127.0.0.1:{machine.plain}/ocsp"
    assert httpx.put(url, content=b"x").status_code == 403
    assert httpx.post(url, content=bytes(70_000)).status_code == 413


def test_nginx_does_not_believe_another_process_in_the_console_s_place(machine: Machine) -> None:
    folder, inside, outside = machine.folder / "impostor", Ports.free(), Ports.free()
    folder.mkdir()
    _self_signed(folder, "/CN=ca.example.cn", "-addext", "subjectAltName=DNS:ca.example.cn")
    command = ("openssl", "s_server", "-quiet", "-www", "-accept", f"127.0.0.1:{inside.console}")
    files = ("-cert", str(folder / "foreign.pem"), "-key", str(folder / "foreign.key"))
    there = replace(machine, secure=outside.console, plain=outside.publication)
    with running(*command, *files, port=inside.console, environ=dict(os.environ)), in_front(there, inside, folder):
        with _client(there, certificate=False) as client:
            assert client.get("/login").status_code == 502
        # It is there, and would have answered.
        assert httpx.get(f"https://127.0.0.1:{inside.console}/", verify=False).status_code == 200
