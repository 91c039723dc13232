"""`verify_chain`: one good and one bad certificate for each clause."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from teacher_registry.refusal import RefusalError
from teacher_registry.verification import verify_chain
from tests.teacher_registry.authority import ISSUING, NOW, POLICY, Authority, Identity, Wish, certify
from tests.teacher_registry.revocations import HOLD, REVOKED, CrlWish, sign_crl

SERIAL = Wish().serial


def judge(
    authority: Authority,
    leaf: Identity | bytes,
    *crls: bytes,
    at: datetime = NOW,
    policy: str | None = POLICY,
) -> str:
    """ "good", or the kind of the refusal; without CRLs revocation is not asked for."""
    der = leaf if isinstance(leaf, bytes) else leaf.der
    try:
        verify_chain(
            der,
            [authority.issuing.der],
            [authority.root.der],
            list(crls),
            at,
            revocation="if-given",
            policy_oid=policy,
        )
    except RefusalError as refusal:
        return refusal.kind
    return "good"


def lists(authority: Authority, **leaf_list: Any) -> list[bytes]:
    """A current CRL of the issuing CA (with the deviation) and one of the root."""
    wish = CrlWish(**leaf_list)
    return [sign_crl(authority.issuing, wish), sign_crl(authority.root)]


def required(authority: Authority, crls: list[bytes]) -> str:
    """The same with revocation required."""
    leaf = authority.administrator().der
    try:
        verify_chain(leaf, [authority.issuing.der], [authority.root.der], crls, NOW, policy_oid=POLICY)
    except RefusalError as refusal:
        return refusal.kind
    return "good"


def test_a_certificate_of_our_ca_is_good(authority: Authority, admin: Identity) -> None:
    assert judge(authority, admin) == "good"


def test_rsa_2048_is_good_and_1024_is_not(authority: Authority) -> None:
    strong = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    assert judge(authority, authority.administrator(key=strong)) == "good"
    assert judge(authority, authority.administrator(key=weak)) == "malformed"


def test_a_weak_curve_is_refused(authority: Authority) -> None:
    weak = authority.administrator(key=ec.generate_private_key(ec.SECP192R1()))
    assert judge(authority, weak) == "malformed"


def test_times_are_exact_to_the_second(authority: Authority) -> None:
    """RFC 5280 §4.1.2.5: valid from notBefore through notAfter, inclusive; nothing is added at the ends."""
    leaf = authority.administrator(not_before=NOW, not_after=NOW + timedelta(hours=1))
    second = timedelta(seconds=1)
    assert judge(authority, leaf, at=NOW - second) == "not-yet-valid"
    assert judge(authority, leaf, at=NOW) == "good"
    assert judge(authority, leaf, at=NOW + timedelta(hours=1)) == "good"
    assert judge(authority, leaf, at=NOW + timedelta(hours=1) + second) == "expired"


def test_the_same_names_with_other_keys_are_foreign(authority: Authority, stranger: Authority) -> None:
    assert judge(authority, stranger.administrator()) == "foreign"


def test_a_self_signed_certificate_is_foreign(authority: Authority) -> None:
    assert judge(authority, certify(Wish())) == "foreign"


def test_a_changed_octet_of_the_signature_is_foreign(authority: Authority, admin: Identity) -> None:
    damaged = admin.der[:-1] + bytes([admin.der[-1] ^ 1])
    assert judge(authority, damaged) == "foreign"


def test_a_changed_octet_of_the_name_is_foreign(authority: Authority, admin: Identity) -> None:
    assert judge(authority, admin.der.replace(b"H000001", b"H000009")) == "foreign"


def test_a_certificate_made_by_an_administrator_is_foreign(authority: Authority, admin: Identity) -> None:
    """RFC 5280 §6.1.4 (k): only an authority issues. The forger offers his own certificate as
    intermediate.
    """
    forged = certify(Wish(serial=0x6666, holder_id="H000666"), admin)
    with pytest.raises(RefusalError) as refusal:
        verify_chain(
            forged.der,
            [authority.issuing.der, admin.der],
            [authority.root.der],
            [],
            NOW,
            revocation="if-given",
        )
    assert refusal.value.kind == "foreign"


def test_an_authority_below_the_path_length_is_foreign(authority: Authority) -> None:
    """RFC 5280 §4.2.1.9: pathLenConstraint 0 leaves no room for one more authority."""
    third = certify(replace(ISSUING, common_name="多余的CA", serial=77, path_length=None), authority.issuing)
    leaf = certify(Wish(), third)
    with pytest.raises(RefusalError) as refusal:
        verify_chain(leaf.der, [authority.issuing.der, third.der], [authority.root.der], [], NOW, revocation="if-given")
    assert refusal.value.kind == "foreign"


def test_an_authority_is_not_a_person(authority: Authority) -> None:
    assert judge(authority, authority.issuing, policy=None) == "wrong-purpose"


@pytest.mark.parametrize(
    "usages", [(), (ExtendedKeyUsageOID.SERVER_AUTH,), (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)]
)
def test_only_client_auth_by_name_signs_in(authority: Authority, usages: tuple[ObjectIdentifier, ...]) -> None:
    assert judge(authority, authority.administrator(usages=usages)) == "wrong-purpose"


def test_key_usage_must_allow_signatures(authority: Authority) -> None:
    assert judge(authority, authority.administrator(digital_signature=False)) == "wrong-purpose"


def test_the_policy_of_the_information_administrator_is_needed(authority: Authority) -> None:
    assert judge(authority, authority.administrator(policies=("2.25.1.2",))) == "wrong-purpose"
    assert judge(authority, authority.administrator(policies=())) == "wrong-purpose"
    assert judge(authority, authority.administrator(policies=(), serial=5), policy=None) == "good"


def test_the_issuer_must_be_allowed_the_policy(authority: Authority) -> None:
    """RFC 5280 §6.1.3 (d): a policy that the issuing CA was not given is not valid for the path."""
    issuing = certify(replace(ISSUING, policies=("2.25.9",)), authority.root)
    narrow = Authority(authority.root, issuing, authority.ocsp_signer)
    assert judge(narrow, narrow.administrator()) == "foreign"


def test_an_unknown_critical_extension_is_refused_and_an_uncritical_one_is_not(authority: Authority) -> None:
    """RFC 5280 §4.2."""
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("2.25.4711"), b"\x05\x00")
    assert judge(authority, authority.administrator(extra=((unknown, False),))) == "good"
    assert judge(authority, authority.administrator(extra=((unknown, True),))) == "malformed"


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x30", b"\x30\x00", b"\x30\x80" * 5000, b"-----BEGIN CERTIFICATE-----", b"\x00" * 20_000],
)
def test_octets_that_are_no_certificate_are_malformed(authority: Authority, octets: bytes) -> None:
    assert judge(authority, octets) == "malformed"


def test_octets_after_the_certificate_are_malformed(authority: Authority, admin: Identity) -> None:
    assert judge(authority, admin.der + b"\x00") == "malformed"


def test_every_single_damaged_octet_is_refused(authority: Authority, admin: Identity) -> None:
    """One bit in each octet, none accepted, nothing but the typed refusal."""
    for position in range(len(admin.der)):
        damaged = bytearray(admin.der)
        damaged[position] ^= 0x04
        assert judge(authority, bytes(damaged)) != "good", position


def test_required_revocation_needs_a_crl_of_each_issuer(authority: Authority) -> None:
    assert required(authority, lists(authority)) == "good"
    assert required(authority, lists(authority)[:1]) == "status-unknown"
    assert required(authority, lists(authority)[1:]) == "status-unknown"
    assert required(authority, []) == "status-unknown"


def test_a_hold_is_frozen_and_other_reasons_are_revoked(authority: Authority) -> None:
    assert required(authority, lists(authority, entries={SERIAL: HOLD})) == "frozen"
    assert required(authority, lists(authority, entries={SERIAL: REVOKED})) == "revoked"
    assert required(authority, lists(authority, entries={SERIAL + 1: REVOKED})) == "good"


def test_a_revoked_issuer_takes_its_certificates_along(authority: Authority) -> None:
    crls = [sign_crl(authority.issuing), sign_crl(authority.root, CrlWish(entries={2: REVOKED}))]
    assert required(authority, crls) == "revoked"


def test_a_crl_that_is_given_is_used_though_not_required(authority: Authority, admin: Identity) -> None:
    frozen = sign_crl(authority.issuing, CrlWish(entries={SERIAL: HOLD}))
    assert judge(authority, admin, frozen) == "frozen"
    assert judge(authority, admin, sign_crl(authority.issuing)) == "good"


def test_a_crl_out_of_date_decides_nothing(authority: Authority) -> None:
    assert required(authority, lists(authority, next_update=NOW - timedelta(seconds=1))) == "status-unknown"


def test_a_crl_of_a_stranger_with_our_name_decides_nothing(authority: Authority, stranger: Authority) -> None:
    crls = [sign_crl(stranger.issuing), sign_crl(authority.root)]
    assert required(authority, crls) == "status-unknown"


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", b"not a crl"])
def test_octets_that_are_no_crl_decide_nothing(authority: Authority, octets: bytes) -> None:
    assert required(authority, [octets]) == "status-unknown"


def test_a_naive_time_an_unknown_purpose_or_no_anchor_is_a_mistake_of_the_caller(
    authority: Authority, admin: Identity
) -> None:
    for at, purpose, anchors in [
        (NOW.replace(tzinfo=None), "clientAuth", [authority.root.der]),
        (NOW, "anything", [authority.root.der]),
        (NOW, "clientAuth", []),
    ]:
        with pytest.raises(ValueError, match="verify_chain needs"):
            verify_chain(admin.der, [authority.issuing.der], anchors, [], at, purpose=purpose)


def test_another_time_zone_is_the_same_moment(authority: Authority, admin: Identity) -> None:
    assert judge(authority, admin, at=NOW.astimezone(UTC) + timedelta(days=1096)) == "expired"
