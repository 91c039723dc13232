"""The issuing CA's CRL in parts: which part a certificate names, what is in it, and who can verify with it."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography import x509
from sqlalchemy import update

import crl
from ca_service.app import publication_pages
from ca_service.config import Config
from ca_service.domain.certificates import Certificate, CertificateStatus
from ca_service.domain.crls import CrlStatus, PublishedCrl
from ca_service.domain.errors import StateUnknown, Unavailable
from ca_service.periodic import WORKER
from ca_service.store.models import CertificateRow
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze, unfreeze
from ca_service.workflows.publish_crl import publish_crl, publish_if_due
from ca_service.workflows.restored import begin_anew
from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification import verify_chain
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

_SHARDS = 3


def _with(config: Config, **ca: object) -> Config:
    return config.model_copy(update={"ca": config.ca.model_copy(update=ca)})


@pytest.fixture
def split(config: Config, clock: TestClock) -> Iterator[Wiring]:
    """The same CA once its CRL is split."""
    made = Wiring(_with(config, crl_shards=_SHARDS), clock=clock)
    yield made
    made.issuing_sessions.drop()
    made.database.engine.dispose()


@pytest.fixture
def parts(split: Wiring) -> Office:
    return Office(split.services)


def _latest(office: Office, name: str) -> PublishedCrl:
    with office.services.read() as uow:
        latest = uow.crls.latest(name)
    assert latest is not None
    return latest


def _serials(published: PublishedCrl) -> set[str]:
    return {f"{entry.serial_number:x}" for entry in x509.load_der_x509_crl(published.der or b"")}


def _place(certificate: Certificate) -> str:
    extensions = x509.load_der_x509_certificate(certificate.der or b"").extensions
    (point,) = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name is not None
    return str(point.full_name[0].value)


def test_a_certificate_names_its_part_and_is_listed_there_and_in_the_whole(parts: Office, split: Wiring) -> None:
    certificates = [parts.enrolled(str(n)) for n in range(6)]
    for certificate in certificates:
        freeze(parts.services, parts.reviewer, certificate.serial, reason="遗失")
    publish_crl(parts.services, parts.operator, "issuing")
    base = split.config.service.public_url
    pages = publication_pages(split).test_client()
    for certificate in certificates:
        assert certificate.shard == int(certificate.serial, 16) % _SHARDS
        assert _place(certificate) == f"{base}/crl/issuing-s{certificate.shard}.crl"
        part = x509.load_der_x509_crl(pages.get(_place(certificate).removeprefix(base)).data)
        point = part.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
        assert point.critical
        assert [name.value for name in point.value.full_name or ()] == [_place(certificate)]
        assert part.get_revoked_certificate_by_serial_number(int(certificate.serial, 16)) is not None
    for shard in range(_SHARDS):
        own = {c.serial for c in certificates if c.shard == shard}
        assert _serials(_latest(parts, f"issuing-s{shard}")) == own
    assert _serials(_latest(parts, "issuing")) == {c.serial for c in certificates}


def test_certificates_of_before_the_split_stay_where_they_are_and_more_parts_move_nobody(
    office: Office, config: Config, clock: TestClock, parts: Office
) -> None:
    before, between = office.enrolled("1"), parts.enrolled("2")
    more = Office(Wiring(_with(config, crl_shards=8), clock=clock).services)
    after = more.enrolled("3")
    everybody = (before, between, after)
    for certificate in everybody:
        freeze(more.services, more.reviewer, certificate.serial, reason="遗失")
    publish_crl(more.services, more.operator, "issuing")
    assert before.shard is None
    assert _place(before).endswith("/crl/issuing.crl")
    assert (between.shard, after.shard) == (int(between.serial, 16) % 3, int(after.serial, 16) % 8)
    with more.services.read() as uow:
        assert [line.shard for line in uow.crls.lines("issuing")] == [None, *range(8)]
    for certificate in (between, after):
        assert certificate.serial in _serials(_latest(more, f"issuing-s{certificate.shard}"))
    assert _serials(_latest(more, "issuing")) == {c.serial for c in everybody}
    # Fewer parts again: what was opened is published for ever.
    fewer = Office(Wiring(config, clock=clock).services)
    clock.pass_time(hours=2)
    assert len(publish_if_due(fewer.services, WORKER, "issuing")) == 9
    assert fewer.enrolled("4").shard is None


def test_each_part_has_its_own_numbers_and_a_change_publishes_its_part_and_the_whole(
    parts: Office, clock: TestClock
) -> None:
    certificate = parts.enrolled()
    publish_if_due(parts.services, WORKER, "issuing")
    # They begin beyond the issuer's number of that moment, wherever the shard had been before a restore.
    assert [_latest(parts, f"issuing-s{shard}").number for shard in range(_SHARDS)] == [2, 2, 2]
    clock.pass_time(seconds=5)
    freeze(parts.services, parts.reviewer, certificate.serial, reason="遗失")
    published = publish_if_due(parts.services, WORKER, "issuing")
    assert [(one.name, one.number) for one in published] == [("issuing", 2), (f"issuing-s{certificate.shard}", 3)]
    assert publish_if_due(parts.services, WORKER, "issuing") == []


def test_a_part_has_a_delta_that_belongs_to_it(parts: Office, split: Wiring, clock: TestClock) -> None:
    certificate = parts.enrolled()
    publish_crl(parts.services, parts.operator, "issuing")
    freeze(parts.services, parts.reviewer, certificate.serial, reason="遗失")
    publish_crl(parts.services, parts.operator, "issuing")
    unfreeze(parts.services, parts.reviewer, certificate.serial, reason="找到")
    publish_crl(parts.services, parts.operator, "issuing")
    latest = _latest(parts, f"issuing-s{certificate.shard}")
    delta = crl.parse(latest.delta or b"")
    assert (delta.base_number, delta.number) == (2, 4)
    assert delta.distribution_point == _place(certificate)
    assert [entry.reason for entry in delta.entries.values()] == [crl.Reason.REMOVE_FROM_CRL]
    extensions = x509.load_der_x509_certificate(certificate.der or b"").extensions
    (point,) = extensions.get_extension_for_class(x509.FreshestCRL).value
    assert point.full_name is not None
    pages = publication_pages(split).test_client()
    path = str(point.full_name[0].value).removeprefix(split.config.service.public_url)
    assert pages.get(path).data == latest.delta
    assert pages.get(f"/crl/issuing-s{certificate.shard}-delta.crl").data == latest.delta


def test_openssl_verifies_with_the_part_and_not_with_another(parts: Office, split: Wiring, tmp_path: Path) -> None:
    good, frozen = parts.enrolled("1"), parts.enrolled("2")
    freeze(parts.services, parts.reviewer, frozen.serial, reason="遗失")
    publish_crl(parts.services, parts.operator, "issuing")
    (tmp_path / "issuing.pem").write_bytes(pem.armor("CERTIFICATE", split.ca_certificates()["issuing"]))

    def verify(certificate: Certificate, shard: int) -> str:
        (tmp_path / "person.pem").write_bytes(pem.armor("CERTIFICATE", certificate.der or b""))
        (tmp_path / "part.pem").write_bytes(pem.armor("X509 CRL", _latest(parts, f"issuing-s{shard}").der or b""))
        command = [
            "openssl", "verify", "-partial_chain", "-trusted", str(tmp_path / "issuing.pem"), "-crl_check",
            "-CRLfile", str(tmp_path / "part.pem"), str(tmp_path / "person.pem"),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    assert good.shard is not None
    assert frozen.shard is not None
    assert "OK" in verify(good, good.shard)
    assert "certificate revoked" in verify(frozen, frozen.shard)
    for certificate in (good, frozen):
        assert "different CRL scope" in verify(certificate, ((certificate.shard or 0) + 1) % _SHARDS)


def test_the_registrys_verifier_judges_by_the_part(parts: Office, split: Wiring) -> None:
    good, frozen = parts.enrolled("1"), parts.enrolled("2")
    freeze(parts.services, parts.reviewer, frozen.serial, reason="遗失")
    publish_crl(parts.services, parts.operator, "issuing")
    root, issuing = (split.ca_certificates()[name] for name in ("root", "issuing"))
    of_root = _latest(parts, "root").der or b""

    def judge(certificate: Certificate, shard: int | None) -> None:
        part = _latest(parts, f"issuing-s{shard}").der or b""
        verify_chain(certificate.der or b"", [issuing], [root], [part, of_root], datetime.now(UTC))

    judge(good, good.shard)
    with pytest.raises(RefusalError) as refused:
        judge(frozen, frozen.shard)
    assert refused.value.kind is RefusalKind.FROZEN
    with pytest.raises(RefusalError) as refused:
        judge(good, ((good.shard or 0) + 1) % _SHARDS)
    assert refused.value.kind is RefusalKind.STATUS_UNKNOWN


def test_the_gate_of_one_part_holds_back_that_part_only(parts: Office, split: Wiring) -> None:
    frozen = parts.enrolled()
    freeze(parts.services, parts.reviewer, frozen.serial, reason="遗失")
    publish_crl(parts.services, parts.operator, "issuing")
    with split.database.engine.begin() as connection:
        row = CertificateRow
        tampered = update(row).where(row.serial == frozen.serial)
        connection.execute(tampered.values(status=CertificateStatus.ACTIVE, crl_entry=None))
    with pytest.raises(StateUnknown, match=frozen.serial):
        publish_crl(parts.services, parts.operator, "issuing")
    with parts.services.read() as uow:
        newest = {shard: uow.crls.outlines(f"issuing-s{shard}")[0] for shard in range(_SHARDS)}
    refused = [shard for shard, one in newest.items() if one and one.status is CrlStatus.REFUSED]
    assert refused == [frozen.shard]
    assert all(one is not None and one.number == 3 for one in newest.values())


def test_the_public_address_cannot_be_changed_under_parts_that_certificates_name(
    parts: Office, config: Config, clock: TestClock
) -> None:
    publish_crl(parts.services, parts.operator, "issuing")
    service = config.service.model_copy(update={"public_url": "http://elsewhere.example"})
    moved = Wiring(_with(config.model_copy(update={"service": service}), crl_shards=_SHARDS), clock=clock)
    with pytest.raises(Unavailable, match="public_url"):
        publish_crl(moved.services, parts.operator, "issuing")


def test_after_a_restore_every_part_goes_on_beyond_what_was_published_since(parts: Office) -> None:
    taken = datetime.now(UTC)
    published = publish_crl(parts.services, parts.operator, "issuing")
    begin_anew(parts.services, parts.operator, taken)
    again = publish_crl(parts.services, parts.operator, "issuing")
    assert again.number > published.number + 1000
    assert all(_latest(parts, f"issuing-s{shard}").number > 1000 for shard in range(_SHARDS))
