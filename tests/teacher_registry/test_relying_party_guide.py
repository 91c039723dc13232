"""Every example of docs/relying-party.md, as it stands there: only paths, ports and the test's policy are replaced."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cheroot.wsgi import Server
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from profiles import POLICY_OIDS
from tests.teacher_registry.authority import (
    OCSP_SIGNER,
    POLICY,
    Authority,
    Identity,
    Wish,
    certify,
    shared_authority,
)
from tests.teacher_registry.conftest import Curl
from tests.teacher_registry.nginx import free_port, nginx
from tests.teacher_registry.publication import Clock, Publication, published, running

GUIDE = Path(__file__).parents[2] / "docs" / "relying-party.md"
SEEN = "H000001 张萌 150102001 呼和浩特市第一试验小学"


def example(language: str) -> str:
    """The code block of the guide."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


def replaced(text: str, changes: dict[str, str]) -> str:
    """Every word that is replaced must be in the guide."""
    for old, new in changes.items():
        assert old in text, f"{old} is not in the guide"
        text = text.replace(old, new)
    return text


class RealTime(Clock):
    """Foreign programs look at the machine's clock."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def today() -> Authority:
    """The test CA with a responder whose certificate is good on the machine's clock."""
    known = shared_authority()
    now = datetime.now(UTC)
    wish = replace(OCSP_SIGNER, not_before=now - timedelta(days=1), not_after=now + timedelta(days=9))
    return Authority(known.root, known.issuing, certify(wish, known.issuing))


@pytest.fixture
def ca(today: Authority) -> Iterator[Publication]:
    """Its publication."""
    with published(Publication(today, RealTime())) as publication:
        yield publication


@pytest.fixture
def folder(tmp_path: Path, today: Authority) -> Path:
    """What the guide puts into /etc/educa."""
    server = today.administrator(
        common_name="localhost",
        serial=0x5E,
        usages=(ExtendedKeyUsageOID.SERVER_AUTH,),
        policies=(),
        key=ec.generate_private_key(ec.SECP256R1()),
        extra=((x509.SubjectAlternativeName([x509.DNSName("localhost")]), False),),
    )
    for name, content in {
        "root.pem": today.root.pem,
        "issuing.pem": today.issuing.pem,
        "chain.pem": today.issuing.pem + today.root.pem,
        "server.pem": server.pem + today.issuing.pem,
        "server.key": server.key_pem,
    }.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def behind_nginx(ca: Publication, folder: Path) -> Iterator[Curl]:
    """The guide's nginx with the guide's Python behind it."""
    (folder / "config.toml").write_text(
        f"""[registry]
listen = "unix:app.sock"
proxy = "nobody"
database = "sqlite:///unused.db"
anchor = "root.pem"
issuing = "issuing.pem"
crl_url = "{ca.url}/crl/issuing.crl"
root_crl_url = "{ca.url}/crl/root.crl"
ocsp_url = "{ca.url}/ocsp"
policy_oid = "{POLICY}"
"""
    )
    names: dict[str, Any] = {}
    exec(replaced(example("python"), {"/etc/educa": str(folder)}), names)
    port = free_port()
    changes = {
        "listen 443": f"listen 127.0.0.1:{port}",
        "/run/educa": str(folder),
        "/etc/educa": str(folder),
        "http://127.0.0.1:8080": ca.url,
    }
    server = Server(str(folder / "app.sock"), names["application"])
    server.expiration_interval = 0.02
    server.prepare()
    with ExitStack() as stack:
        stack.enter_context(running(server.serve, server.stop))
        stack.enter_context(nginx(folder, example("nginx"), changes))
        yield Curl(port, folder)


@pytest.fixture
def java(ca: Publication, folder: Path) -> Iterator[Curl]:
    """The guide's Java program, run from its source."""
    if shutil.which("java") is None or shutil.which("javac") is None:
        pytest.skip("no JDK on this machine")
    changes = {"/etc/educa": str(folder), "8444": "0", "http://127.0.0.1:8080": ca.url}
    source = re.sub(r'POLICY = "[\d.]+"', f'POLICY = "{POLICY}"', replaced(example("java"), changes))
    (folder / "Example.java").write_text(source, encoding="utf-8")
    export = ("-in", folder / "server.pem", "-inkey", folder / "server.key", "-passout", "pass:changeit")
    subprocess.run(["openssl", "pkcs12", "-export", *export, "-out", folder / "server.p12"], check=True)
    command = ["java", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", str(folder / "Example.java")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        try:
            assert program.stdout is not None
            line = program.stdout.readline()
            assert line.startswith("ready "), line + program.stdout.read()
            yield Curl(int(line.split()[1]), folder)
        finally:
            program.terminate()


def refused(today: Authority) -> list[Identity]:
    """Who must not pass: another CA's, another purpose, another policy, too old."""
    now = datetime.now(UTC)
    return [
        certify(Wish(serial=0x61)),
        today.administrator(serial=0x62, usages=(ExtendedKeyUsageOID.SERVER_AUTH,)),
        today.administrator(serial=0x63, policies=("2.25.1.2",)),
        today.administrator(serial=0x64, not_before=now - timedelta(days=9), not_after=now - timedelta(days=1)),
    ]


def a_freeze_is_seen_and_ends(curl: Curl, ca: Publication, today: Authority, status: int) -> None:
    """At each new handshake; the refusal has this status (0: a TLS alert)."""
    person = today.administrator()
    assert SEEN in curl(person).body
    ca.freeze(person)
    assert curl(person).status == status
    ca.release(person)
    assert SEEN in curl(person).body


def test_nginx_and_python_let_in_administrators_only(behind_nginx: Curl, ca: Publication, today: Authority) -> None:
    a_freeze_is_seen_and_ends(behind_nginx, ca, today, 400)
    for identity in refused(today):
        assert SEEN not in behind_nginx(identity).body
    # nginx lets the staff's certificate pass: the policy is found by the program behind it.
    assert behind_nginx(today.administrator(policies=("2.25.1.2",))).body.strip() == "wrong-purpose"
    smuggled = ("-H", f"X-SSL-Client-Cert: {today.administrator().pem.decode()!r}")
    assert behind_nginx(None, "/", *smuggled).status == 400


def test_java_lets_in_administrators_only(java: Curl, ca: Publication, today: Authority) -> None:
    a_freeze_is_seen_and_ends(java, ca, today, 0)
    for identity in [*refused(today), None]:
        assert java(identity).status == 0


@pytest.mark.parametrize("path", [r"\]\(([a-z./-]+)\)", r"`(tests/[\w/.]+)`", r"`(teacher_registry/[\w/]+/)`"])
def test_what_the_guide_points_to_exists(path: str) -> None:
    start = GUIDE.parent if path.startswith(r"\]") else GUIDE.parents[1]
    found = re.findall(path, GUIDE.read_text(encoding="utf-8"))
    assert found
    assert all((start / one).exists() for one in found)


def test_the_guide_names_the_policy_of_the_administrators() -> None:
    assert f'POLICY = "{POLICY_OIDS["information-administrator"]}"' in example("java")
