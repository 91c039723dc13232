"""Delta CRLs beside the complete ones, judged by others, and the gate that refuses a change without a cause."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from asn1crypto import pem
from cryptography import x509
from sqlalchemy import update

import crl
from ca_service.app import publication_pages
from ca_service.config import Config
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import Certificate, CertificateStatus, RevocationReason
from ca_service.domain.crls import CrlStatus, PublishedCrl
from ca_service.domain.errors import StateUnknown, Unavailable
from ca_service.periodic import WORKER
from ca_service.store.database import Database
from ca_service.store.models import CertificateRow
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze, revoke, unfreeze
from ca_service.workflows.ports import Authority
from ca_service.workflows.publish_crl import publish_crl, publish_if_due
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

_WHY = "电话报失"
_AT = datetime(2026, 1, 2, tzinfo=UTC)


def _publish(office: Office) -> PublishedCrl:
    return publish_crl(office.services, office.operator, "issuing")


def _delta(published: PublishedCrl) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(published.delta or b"")


def _freeze(office: Office, certificate: Certificate) -> None:
    freeze(office.services, office.reviewer, certificate.serial, reason=_WHY)


def _release(office: Office, certificate: Certificate) -> None:
    unfreeze(office.services, office.reviewer, certificate.serial, reason=_WHY)


def _revoke(office: Office, certificate: Certificate) -> None:
    lost = RevocationReason.KEY_COMPROMISE
    revoke(office.services, office.reviewer, certificate.serial, reason=_WHY, crl_reason=lost)


def test_a_delta_tells_by_pyca_what_became_of_each_since_its_base(office: Office) -> None:
    frozen, revoked, released, came_and_went, untouched = (office.enrolled(str(n)) for n in range(5))
    _freeze(office, released)
    base = _publish(office)
    _release(office, released)
    _freeze(office, came_and_went)
    _release(office, came_and_went)
    _freeze(office, frozen)
    _revoke(office, revoked)
    published = _publish(office)
    delta, complete = _delta(published), x509.load_der_x509_crl(published.der or b"")
    said = {
        f"{entry.serial_number:x}": entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        for entry in delta
    }
    assert said == {
        frozen.serial: x509.ReasonFlags.certificate_hold,
        revoked.serial: x509.ReasonFlags.key_compromise,
        released.serial: x509.ReasonFlags.remove_from_crl,
        came_and_went.serial: x509.ReasonFlags.remove_from_crl,
    }
    assert {f"{entry.serial_number:x}" for entry in complete} == {frozen.serial, revoked.serial}
    assert untouched.serial not in said
    # The base is the oldest list that is still current: the one of the ceremony.
    indicator = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert (indicator.critical, indicator.value.crl_number) == (True, 1)
    number = delta.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    assert number == published.number == base.number + 1
    assert delta.last_update_utc == complete.last_update_utc


def test_openssl_refuses_by_delta_what_the_old_complete_list_lets_pass(
    office: Office, wiring: Wiring, tmp_path: Path
) -> None:
    certificate = office.enrolled()
    base = _publish(office)
    _freeze(office, certificate)
    published = _publish(office)
    files = {
        "person.pem": pem.armor("CERTIFICATE", certificate.der or b""),
        "old.pem": pem.armor("X509 CRL", base.der or b""),
        "delta.pem": pem.armor("X509 CRL", published.delta or b""),
        **{f"{name}.pem": pem.armor("CERTIFICATE", der) for name, der in wiring.ca_certificates().items()},
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    def verify(*lists: str) -> str:
        crls = [word for name in lists for word in ("-CRLfile", str(tmp_path / name))]
        command = [
            "openssl", "verify", "-partial_chain", "-trusted", str(tmp_path / "issuing.pem"), "-crl_check",
            "-extended_crl", "-use_deltas", *crls, str(tmp_path / "person.pem"),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    assert "OK" in verify("old.pem")
    assert "certificate revoked" in verify("old.pem", "delta.pem")


def test_certificates_and_complete_lists_say_where_the_delta_is_and_it_is_there(
    office: Office, wiring: Wiring, config: Config
) -> None:
    certificate, published = office.enrolled(), _publish(office)
    url = f"{config.service.public_url}/crl/delta/issuing.crl"
    for signed in (
        x509.load_der_x509_certificate(certificate.der or b""),
        x509.load_der_x509_crl(published.der or b""),
    ):
        (point,) = signed.extensions.get_extension_for_class(x509.FreshestCRL).value
        assert point.full_name is not None
        assert [name.value for name in point.full_name] == [url]
    client = publication_pages(wiring).test_client()
    answer = client.get("/crl/delta/issuing.crl")
    assert (answer.status_code, answer.content_type, answer.data) == (200, "application/pkix-crl", published.delta)
    again = client.get("/crl/delta/issuing.crl", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert [client.get(f"/crl/delta/{name}.crl").status_code for name in ("root", "nobody")] == [404, 404]


def test_an_issuer_without_deltas_publishes_none_and_names_none(office: Office, config: Config) -> None:
    plain = config.model_copy(update={"ca": config.ca.model_copy(update={"delta_crls": False})})
    published = publish_crl(Wiring(plain).services, office.operator, "issuing")
    assert published.delta is None
    with pytest.raises(x509.ExtensionNotFound):
        x509.load_der_x509_crl(published.der or b"").extensions.get_extension_for_class(x509.FreshestCRL)


def test_what_expired_leaves_the_list_by_the_delta_too(office: Office, clock: TestClock) -> None:
    certificate = office.enrolled()
    _revoke(office, certificate)
    clock.passed = certificate.not_after - clock() - timedelta(hours=1)
    base = _publish(office)
    clock.pass_time(hours=2)
    _publish(office)
    clock.pass_time(hours=2)
    published = _publish(office)
    assert crl.parse(published.der or b"").entries == {}
    delta = crl.parse(published.delta or b"")
    assert delta.base_number == base.number
    assert [entry.reason for entry in delta.entries.values()] == [crl.Reason.REMOVE_FROM_CRL]


def _tamper(database: Database, serial: str, **values: object) -> None:
    with database.engine.begin() as connection:
        connection.execute(update(CertificateRow).where(CertificateRow.serial == serial).values(**values))


def _freed(database: Database, frozen: str, _active: str) -> None:
    _tamper(database, frozen, status=CertificateStatus.ACTIVE, crl_entry=None)


def _listed(database: Database, _frozen: str, active: str) -> None:
    entry = crl.encode_entry(int(active, 16), _AT, crl.Reason.KEY_COMPROMISE)
    _tamper(database, active, status=CertificateStatus.REVOKED, crl_entry=entry)


def _other_reason(database: Database, frozen: str, _active: str) -> None:
    entry = crl.encode_entry(int(frozen, 16), _AT, crl.Reason.KEY_COMPROMISE)
    _tamper(database, frozen, crl_entry=entry)


@pytest.mark.parametrize("tamper", [_freed, _listed, _other_reason])
def test_a_list_that_changed_without_a_cause_is_refused_noted_and_not_asked_for_all_the_time(
    office: Office, wiring: Wiring, clock: TestClock, tamper: Callable[[Database, str, str], None]
) -> None:
    frozen, active = office.enrolled("1"), office.enrolled("2")
    _freeze(office, frozen)
    good = _publish(office)
    tamper(wiring.database, frozen.serial, active.serial)
    with pytest.raises(StateUnknown, match="未通过发布前检查"):
        _publish(office)
    with office.services.read() as uow:
        latest = uow.crls.latest("issuing")
        entries = [entry for entry in uow.audit.entries() if entry.tag == Tag.CRL_REFUSED]
    assert latest is not None
    assert latest.der == good.der
    assert [entry.subject for entry in entries] == [f"issuing#{good.number + 1}"]
    named = active if tamper is _listed else frozen
    assert named.serial in entries[0].detail
    soon = replace(office.services, terms=replace(office.services.terms, crl_interval=timedelta(seconds=1)))
    clock.pass_time(seconds=5)
    assert publish_if_due(soon, WORKER, "issuing") == []
    clock.pass_time(minutes=10)
    with pytest.raises(StateUnknown):
        publish_if_due(soon, WORKER, "issuing")


def test_a_tampered_change_is_refused_though_it_has_a_cause(office: Office, wiring: Wiring) -> None:
    frozen = office.enrolled()
    _freeze(office, frozen)
    _other_reason(wiring.database, frozen.serial, "")
    with pytest.raises(StateUnknown, match=frozen.serial):
        _publish(office)


class _GoneBeforeTheDelta:
    """A CA whose key is away when the complete list is signed and the delta is not."""

    def __init__(self, real: Authority) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def sign_delta(self, tbs: bytes, *, base: bytes, complete: bytes) -> bytes:
        raise Unavailable("away")


def test_a_key_that_goes_away_before_the_delta_costs_the_delta_and_not_the_signed_list(office: Office) -> None:
    _freeze(office, office.enrolled())
    services = office.services
    gone = replace(services, authority=lambda name: cast(Authority, _GoneBeforeTheDelta(services.authority(name))))
    published = publish_crl(gone, office.operator, "issuing")
    assert (published.status, published.delta) == (CrlStatus.PUBLISHED, None)
    assert len(x509.load_der_x509_crl(published.der or b"")) == 1
    assert _delta(_publish(office)).extensions.get_extension_for_class(x509.DeltaCRLIndicator)
