"""The planned roll-over of docs/operations.md on a copy of the CA: old and new side by side, judged by openssl."""

import subprocess
from pathlib import Path

import httpx
import pytest
from asn1crypto import pem
from click.testing import CliRunner
from cryptography import x509

from ca_service.cli.main import main
from ca_service.config import Config
from ca_service.domain.certificates import Certificate
from ca_service.domain.proposals import ProposalKind
from ca_service.periodic import tasks
from ca_service.workflows.certificate_status import freeze, unfreeze
from teacher_registry.feed.puller import FeedPuller
from teacher_registry.refusal import RefusalKind
from tests.ca_service.second_person import release
from tests.ca_service.telemetry.running import wait_for
from tests.e2e.drill import admitted, educa, lists, served, verified
from tests.e2e.real_ca import RealCa

pytestmark = pytest.mark.e2e


def _told(config_file: Path, *arguments: str) -> dict[str, str]:
    told = educa(config_file, *arguments)
    assert isinstance(told, dict)
    return told


def _issuers(config_file: Path) -> dict[str, str]:
    rows = educa(config_file, "ca", "issuers")
    assert isinstance(rows, list)
    return {row["name"]: row["state"] for row in rows}


def _refusal(config_file: Path, *arguments: str) -> str:
    done = CliRunner().invoke(main, [*arguments, "--config", str(config_file)])
    assert done.exit_code == 1, done.output
    return done.stderr


def _ocsp(ca: RealCa, certificate: Certificate) -> str:
    """What openssl makes of the responder's answer over HTTP."""
    certificates = ca.wiring.ca_certificates()
    for name, der in (("root", certificates["root"]), ("issuer", certificates[certificate.issuer])):
        (ca.folder / name).write_bytes(pem.armor("CERTIFICATE", der))
    asked = ["-issuer", "issuer", "-serial", f"0x{certificate.serial}", "-url", f"http://{ca.publication}/ocsp"]
    program = ["openssl", "ocsp", *asked, "-CAfile", "root", "-no_nonce"]
    done = subprocess.run(program, cwd=ca.folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _let_the_registry_know_both(copied: Config) -> None:
    """What the operator of a relying system adds."""
    file = copied.folder / "config.toml"
    text = file.read_text(encoding="utf-8")
    crl = next(line for line in text.splitlines() if line.startswith("crl_url")).replace("/issuing.", "/issuing-2.")
    also = f'[registry]\nalso_issuing = "issuing-2.pem"\nalso_{crl}\n'
    file.write_text(text.replace("[registry]\n", also, 1), encoding="utf-8")


def _feed_is_taken(ca: RealCa) -> bool:
    """Whether the registry believes the account feed, which the new CA's signer signs by now."""
    _, registry = ca.registry()
    assert isinstance(registry.news, FeedPuller)
    return registry.news.poll()


def _soon(ca: RealCa, certificate: Certificate, words: str) -> None:
    """The worker publishes until openssl says so: not more often than once a second."""
    publish = tasks(ca.wiring)["crl"]

    def said() -> bool:
        publish()
        return words in verified(ca, certificate, lists(ca, certificate.issuer))

    wait_for(said, words)


def test_the_successor_is_published_before_it_certifies_and_the_old_one_goes_on_beside_it(copied: Config) -> None:
    with served(copied, "before") as (ca, config_file):
        old = ca.office.enrolled("1")
        planned = ("ca", "roll-over", "--planned", "issuing", "--ground", "换发批文 1 号")
        assert "须先由另一名管理员准许" in _refusal(config_file, *planned)
        release(ca.wiring.services, ProposalKind.CA_ROLL_OVER, "issuing")
        made = _told(config_file, *planned)
        again = _told(config_file, *planned)
        assert (made["name"], made) == ("issuing-2", again)
        assert _issuers(config_file) == {"issuing": "present", "issuing-2": "waiting"}
        chain = x509.load_pem_x509_certificates(httpx.get(f"http://{ca.publication}/ca/chain.pem").content)
        assert len(chain) == 3
        assert httpx.get(f"http://{ca.publication}/crl/issuing-2.crl").is_success
        assert ca.office.enrolled("2").issuer == "issuing"
        assert "须先由另一名管理员准许" in _refusal(config_file, "ca", "activate", "issuing-2")
        release(ca.wiring.services, ProposalKind.CA_ACTIVATION, "issuing-2")
        _told(config_file, "ca", "activate", "issuing-2")
        assert _told(config_file, "ca", "activate", "issuing-2")["sha256"] == made["sha256"]
        assert _issuers(config_file) == {"issuing": "former", "issuing-2": "present"}
        assert admitted(ca, ca.office.enrolled("4")) is RefusalKind.FOREIGN
        assert not _feed_is_taken(ca)
    _let_the_registry_know_both(copied)
    with served(copied, "after") as (ca, config_file):
        new = ca.office.enrolled("3")
        assert (old.issuer, new.issuer) == ("issuing", "issuing-2")
        for one in (old, new):
            assert ": OK" in verified(ca, one, lists(ca, one.issuer))
            assert f"0x{one.serial}: good" in _ocsp(ca, one)
            assert admitted(ca, one) is None
        assert _feed_is_taken(ca)
        for one in (old, new):
            freeze(ca.wiring.services, ca.office.reviewer, one.serial, reason="演练")
        for one in (old, new):
            _soon(ca, one, "error 23")
            assert admitted(ca, one) is RefusalKind.FROZEN
        unfreeze(ca.wiring.services, ca.office.reviewer, old.serial, reason="演练")
        _soon(ca, old, ": OK")
        refusal = _refusal(config_file, "ca", "roll-over", "--planned", "issuing", "--ground", "x")
        assert "当前的签发 CA 是 issuing-2" in refusal


def test_a_ca_that_was_declared_compromised_is_not_rolled_over_as_planned(copied: Config) -> None:
    with served(copied, "first") as (_, config_file):
        educa(config_file, "ca", "declare", "--ground", "演练")
        refusal = _refusal(config_file, "ca", "roll-over", "--planned", "issuing", "--ground", "x")
        assert "按泄露处置" in refusal
        assert "依据" in _refusal(config_file, "ca", "roll-over", "--planned", "issuing")
        assert "没有找到CA：issuing-7" in _refusal(config_file, "ca", "activate", "issuing-7")
