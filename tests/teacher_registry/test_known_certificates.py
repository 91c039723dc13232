"""Certificates judged once: by the pinned authorities only, with the policy that gives a role, within their time."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from teacher_registry.refusal import RefusalError
from teacher_registry.verification.known import KnownCertificates, Pinned
from tests.teacher_registry.authority import ISSUING, NOW, POLICY, Authority, Identity, Wish, certify

OTHER_ROLE = "2.25.1.7"


def known_by(authority: Authority) -> KnownCertificates:
    """Pinned: this hierarchy; two roles."""
    roles = {POLICY: "information-administrator", OTHER_ROLE: "auditor"}
    return KnownCertificates(Pinned(authority.root.der, authority.issuing.der, roles))


def judge(known: KnownCertificates, leaf: Identity, at: datetime = NOW) -> str:
    """The role, or the kind of the refusal."""
    try:
        return known.judged(leaf.der, hashlib.sha256(leaf.der).digest(), at).administrator.role
    except RefusalError as refusal:
        return refusal.kind


def test_the_policy_gives_the_role(authority: Authority) -> None:
    known = known_by(authority)
    assert judge(known, authority.administrator()) == "information-administrator"
    assert judge(known, authority.administrator(policies=(OTHER_ROLE,), serial=5)) == "auditor"


@pytest.mark.parametrize("policies", [(), ("2.25.1.2",), ("2.5.29.32.0",), (POLICY, OTHER_ROLE)])
def test_no_policy_another_or_two_roles_are_the_wrong_purpose(authority: Authority, policies: tuple[str, ...]) -> None:
    assert judge(known_by(authority), authority.administrator(policies=policies)) == "wrong-purpose"


def test_the_issuer_must_be_allowed_the_policy(authority: Authority) -> None:
    """RFC 5280 §6.1.3 (d): a policy that the issuing CA was not given is not valid for the path."""
    narrow = replace(authority, issuing=certify(replace(ISSUING, policies=("2.25.9",)), authority.root))
    assert judge(known_by(narrow), narrow.administrator()) == "foreign"


def test_only_the_pinned_issuing_ca_makes_administrators(authority: Authority, stranger: Authority) -> None:
    known = known_by(authority)
    sister = certify(replace(ISSUING, common_name="姐妹CA", serial=9), authority.root)
    assert judge(known, certify(Wish(), sister)) == "foreign"
    assert judge(known, certify(Wish(), authority.root)) == "foreign"
    assert judge(known, stranger.administrator()) == "foreign"


def test_the_time_counts_also_for_a_certificate_that_is_known(authority: Authority) -> None:
    leaf = authority.administrator(not_before=NOW, not_after=NOW + timedelta(hours=1))
    known = known_by(authority)
    second = timedelta(seconds=1)
    assert judge(known, leaf) == "information-administrator"
    assert judge(known, leaf, NOW - second) == "not-yet-valid"
    assert judge(known, leaf, NOW + timedelta(hours=1, milliseconds=5)) == "information-administrator"
    assert judge(known, leaf, NOW + timedelta(hours=1) + second) == "expired"
    assert judge(known, leaf) == "information-administrator"


def test_a_purpose_or_a_form_that_is_wrong_is_refused_every_time(authority: Authority) -> None:
    known = known_by(authority)
    server = authority.administrator(usages=(ExtendedKeyUsageOID.SERVER_AUTH,))
    nameless = authority.administrator(holder_id=None)
    for _ in range(2):
        assert judge(known, server) == "wrong-purpose"
        assert judge(known, nameless) == "malformed"


def test_pinned_certificates_that_break_a_rule_open_for_nobody(authority: Authority) -> None:
    """The anchor is held to the rules like any other."""
    weak = certify(
        replace(ISSUING, common_name="教育CA签发", usages=(ExtendedKeyUsageOID.SERVER_AUTH,)), authority.root
    )
    pinned = replace(authority, issuing=weak)
    assert judge(known_by(pinned), pinned.administrator()) == "foreign"
