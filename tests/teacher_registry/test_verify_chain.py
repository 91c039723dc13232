"""`verify_chain` as a function: its arguments, hostile octets, and that it is whole seconds and any zone.

The chains themselves are in the suites `hostile` and `pkits`.
"""

from __future__ import annotations

import inspect
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from teacher_registry.refusal import RefusalError
from teacher_registry.verification import verify_chain
from tests.teacher_registry.authority import NOW, Authority, Identity
from tests.teacher_registry.revocations import HOLD, REVOKED, CrlWish, sign_crl


def judge(
    authority: Authority, leaf: Identity | bytes, *crls: bytes, at: datetime = NOW, purpose: str | None = "clientAuth"
) -> str:
    """ "good", or the kind of the refusal; without CRLs revocation is not asked for."""
    der = leaf if isinstance(leaf, bytes) else leaf.der
    above, anchors = [authority.issuing.der], [authority.root.der]
    try:
        verify_chain(der, above, anchors, list(crls), at, purpose=purpose, revocation="if-given")
    except RefusalError as refusal:
        return refusal.kind
    return "good"


def required(authority: Authority, crls: list[bytes]) -> str:
    """The same with revocation required."""
    leaf = authority.administrator().der
    try:
        verify_chain(leaf, [authority.issuing.der], [authority.root.der], crls, NOW)
    except RefusalError as refusal:
        return refusal.kind
    return "good"


def test_its_signature_is_the_published_one() -> None:
    parameters = inspect.signature(verify_chain).parameters
    assert list(parameters) == ["leaf", "intermediates", "anchors", "crls", "at", "purpose", "revocation"]
    assert parameters["purpose"].default == "clientAuth"
    assert parameters["revocation"].default == "required"
    assert parameters["purpose"].kind is inspect.Parameter.KEYWORD_ONLY


def test_a_certificate_of_our_ca_is_good(authority: Authority, admin: Identity) -> None:
    assert judge(authority, admin) == "good"


def test_an_authority_below_the_path_length_of_the_issuing_ca_is_foreign(authority: Authority, admin: Identity) -> None:
    """A person who issues, with the own certificate handed over."""
    forged = authority.administrator(serial=0x6666)
    chain = [authority.issuing.der, admin.der]
    with pytest.raises(RefusalError, match="foreign"):
        verify_chain(forged.der[:-1] + b"\0", chain, [authority.root.der], [], NOW, revocation="if-given")


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x30", b"\x30\x00", b"\x30\x80" * 5000, b"-----BEGIN CERTIFICATE-----", b"\x00" * 20_000],
    ids=["nothing", "one-octet", "empty", "nested", "pem", "zeros"],
)
def test_octets_that_are_no_certificate_are_malformed(authority: Authority, octets: bytes) -> None:
    assert judge(authority, octets) == "malformed"


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", b"\xff" * 64, b"\x30\x80" * 5000])
def test_octets_that_are_no_certificate_spoil_no_path(authority: Authority, admin: Identity, octets: bytes) -> None:
    above = [octets, authority.issuing.der, octets]
    verify_chain(admin.der, above, [authority.root.der], [], NOW, revocation="if-given")


@pytest.mark.parametrize("purpose", ["clientAuth", None])
def test_every_single_damaged_octet_is_refused(authority: Authority, admin: Identity, purpose: str | None) -> None:
    """One bit in each octet, none accepted, nothing but the typed refusal."""
    for position in range(0 if purpose else 1, len(admin.der), 2):
        damaged = bytearray(admin.der)
        damaged[position] ^= 0x04
        assert judge(authority, bytes(damaged), purpose=purpose) != "good", position


def test_every_truncation_is_malformed(authority: Authority, admin: Identity) -> None:
    for length in range(0, len(admin.der), 7):
        assert judge(authority, admin.der[:length]) == "malformed", length


def test_every_single_damaged_octet_of_a_list_is_refused(authority: Authority) -> None:
    """Nothing damaged passes for a list that says "good"."""
    good = sign_crl(authority.issuing)
    for position in range(len(good)):
        damaged = bytearray(good)
        damaged[position] ^= 0x04
        # A list of another name is a list of somebody else, and then our issuer has none.
        assert required(authority, [bytes(damaged), sign_crl(authority.root)]) != "good", position


def test_required_revocation_needs_a_crl_of_each_issuer(authority: Authority) -> None:
    both = [sign_crl(authority.issuing), sign_crl(authority.root)]
    assert required(authority, both) == "good"
    assert required(authority, both[:1]) == "status-unknown"
    assert required(authority, both[1:]) == "status-unknown"
    assert required(authority, []) == "status-unknown"


def test_a_crl_that_is_given_is_used_though_not_required(authority: Authority, admin: Identity) -> None:
    serial = admin.certificate.serial_number
    assert judge(authority, admin, sign_crl(authority.issuing, CrlWish(entries={serial: HOLD}))) == "frozen"
    assert judge(authority, admin, sign_crl(authority.issuing, CrlWish(entries={serial: REVOKED}))) == "revoked"
    assert judge(authority, admin, sign_crl(authority.issuing)) == "good"


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", b"not a crl", b"\x30\x80" * 5000])
def test_octets_that_are_no_crl_decide_nothing(authority: Authority, octets: bytes) -> None:
    assert required(authority, [octets]) == "status-unknown"


def test_hundreds_of_lists_are_not_read(authority: Authority) -> None:
    assert required(authority, [sign_crl(authority.issuing)] * 300) == "status-unknown"


def test_a_naive_time_an_unknown_purpose_or_no_anchor_is_a_mistake_of_the_caller(
    authority: Authority, admin: Identity
) -> None:
    for at, purpose, anchors in [
        (NOW.replace(tzinfo=None), "clientAuth", [authority.root.der]),
        (NOW, "anything", [authority.root.der]),
        (NOW, "clientAuth", []),
    ]:
        with pytest.raises(ValueError, match="needs an"):
            verify_chain(admin.der, [authority.issuing.der], anchors, [], at, purpose=purpose)


def test_another_time_zone_is_the_same_moment(authority: Authority) -> None:
    leaf = authority.administrator(not_before=NOW, not_after=NOW + timedelta(hours=1))
    shanghai = ZoneInfo("Asia/Shanghai")
    assert judge(authority, leaf, at=NOW.astimezone(shanghai)) == "good"
    assert judge(authority, leaf, at=(NOW + timedelta(hours=1)).astimezone(shanghai)) == "good"
    assert judge(authority, leaf, at=(NOW + timedelta(hours=1, seconds=1)).astimezone(shanghai)) == "expired"
