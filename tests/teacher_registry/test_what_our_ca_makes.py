"""What the CA's own compiler and list builder make keeps every rule that the registry demands, in each profile."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

import crl
from teacher_registry.refusal import RefusalError
from teacher_registry.verification import verify_chain
from tests.profiles import support

AT = support.EPOCH + timedelta(days=1)
ADMINISTRATOR = "information-administrator"


def published(
    authority: support.Authority, number: int, entries: Iterable[bytes] = (), base_number: int | None = None
) -> bytes:
    """A list as the CA publishes it."""
    issuer = crl.CrlIssuer(authority.issuer.name, authority.issuer.key_identifier, authority.issuer.signature_algorithm)
    tbs = crl.build_tbs(
        issuer,
        number=number,
        this_update=AT - timedelta(hours=1),
        next_update=AT + timedelta(hours=23),
        entries=entries,
        base_number=base_number,
        freshest_url=authority.issuer.delta_crl_url if base_number is None else None,
    )
    algorithm, signature = support.sign(authority.key, tbs)
    return crl.assemble(tbs, algorithm, signature)


def verdict(profile: str, purpose: str | None, *lists: bytes, public_key: bytes | None = None) -> str:
    """ "good", or the kind of the refusal."""
    leaf = support.certificate(profile, public_key=public_key)
    above, anchors = [support.certificate("issuing")], [support.certificate("root")]
    crls = [published(support.root_authority(), 1), *(lists or [published(support.issuing_authority(), 1)])]
    try:
        verify_chain(leaf, above, anchors, crls, AT, purpose=purpose)
    except RefusalError as refusal:
        return refusal.kind
    return "good"


@pytest.mark.parametrize(
    ("profile", "purpose"),
    [
        (ADMINISTRATOR, "clientAuth"),
        ("staff", "clientAuth"),
        ("tls-server", "serverAuth"),
        ("ocsp-signer", "OCSPSigning"),
        (ADMINISTRATOR, None),
    ],
)
def test_each_profile_is_good_for_its_purpose(profile: str, purpose: str | None) -> None:
    assert verdict(profile, purpose) == "good"


def test_an_rsa_key_is_as_good() -> None:
    assert verdict(ADMINISTRATOR, "clientAuth", public_key=support.spki(support.rsa_key("registry"))) == "good"


@pytest.mark.parametrize(("profile", "purpose"), [("tls-server", "clientAuth"), ("ocsp-signer", "clientAuth")])
def test_no_profile_is_good_for_another_purpose(profile: str, purpose: str) -> None:
    assert verdict(profile, purpose) == "wrong-purpose"


def test_freeze_and_release_by_the_cas_deltas() -> None:
    authority = support.issuing_authority()
    others = [crl.encode_entry(serial, AT - timedelta(days=1), reason) for serial, reason in enumerate(_REASONS, 1)]
    hold = crl.encode_entry(support.SERIAL, AT - timedelta(hours=2), crl.Reason.CERTIFICATE_HOLD)
    release = crl.encode_entry(support.SERIAL, AT - timedelta(hours=1), crl.Reason.REMOVE_FROM_CRL)
    complete = published(authority, 4, [*others, hold])
    assert verdict(ADMINISTRATOR, "clientAuth", complete) == "frozen"
    assert verdict(ADMINISTRATOR, "clientAuth", complete, published(authority, 5, [release], base_number=4)) == "good"
    both = (published(authority, 4, others), published(authority, 5, [hold], base_number=4))
    assert verdict(ADMINISTRATOR, "clientAuth", *both) == "frozen"


_REASONS = [reason for reason in crl.Reason if reason is not crl.Reason.REMOVE_FROM_CRL]
