"""NIST PKITS: all 247 cases by the path validation, and no case accepted by `verify_chain` that is invalid.

`verify_chain` is stricter than RFC 3280, for which the suite was made. What it refuses though PKITS accepts it is
listed here with its reason; the list is complete and exact.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import pytest
from asn1crypto.algos import SignedDigestAlgorithm
from asn1crypto.keys import PublicKeyInfo
from pyhanko_certvalidator.sig_validate import (
    DEFAULT_VALIDATION_CONTEXT,
    DefaultSignatureValidator,
    SignatureValidationContext,
)

from teacher_registry.refusal import RefusalError
from teacher_registry.verification import verify_chain
from teacher_registry.verification.certificates import ReadCertificate, read_leniently
from teacher_registry.verification.chain import Demand, judge
from teacher_registry.verification.path_builder import Pool
from teacher_registry.verification.rules import Strictness
from teacher_registry.verification.section6 import ANY_POLICY, LibraryRevocation, PolicyInputs
from tests.teacher_registry.pkits.suite import AT, Case, cases, material

pytestmark = [
    # One certificate of the suite has the serial -1, on purpose.
    pytest.mark.filterwarnings("ignore:Parsed a serial number:cryptography.utils.CryptographyDeprecationWarning")
]

# Valid in PKITS, refused by verify_chain(purpose=None): number -> the rule of RFC 5280, or the limit of our profile.
STRICTER = {
    "4.1.4": "signature-algorithm-strong",  # DSA with SHA-1
    "4.1.5": "not a certificate",  # DSA without parameters: one of the two parsers does not read it
    "4.2.4": "times-encoded-by-year",  # GeneralizedTime before 2050
    "4.3.6": "no-unique-identifiers",
    "4.4.14": "serial number that is not positive",  # an entry of the CRL
    "4.4.19": "another issuer",  # certificates and lists signed with two keys of one name
    "4.5.4": "distribution-point-by-address",
    "4.5.6": "distribution-point-by-address",
    "4.6.4": "basic-constraints-critical",
    "4.8.6": "policy-constraints-critical",
    "4.8.10": "policy-constraints-critical",
    "4.8.11": "policy-constraints-critical",
    "4.10.9": "policy-constraints-critical",
    "4.10.11": "policy-constraints-critical",
    "4.10.13": "policy-constraints-critical",
    "4.10.14": "policy-constraints-critical",
    "4.12.2": "policy-constraints-critical",
    "4.12.3": "policy-constraints-critical",
    "4.12.7": "policy-constraints-critical",
    "4.12.9": "policy-constraints-critical",
    "4.14.1": "distribution-point-by-address",  # the points are directory names
    "4.14.4": "distribution-point-by-address",
    "4.14.5": "list-of-one-issuer-for-all-reasons",  # a name relative to the CRL issuer
    "4.14.7": "list-of-one-issuer-for-all-reasons",
    "4.14.18": "list-of-one-issuer-for-all-reasons",  # one list for each reason
    "4.14.19": "list-of-one-issuer-for-all-reasons",
    "4.14.22": "list-of-one-issuer-for-all-reasons",  # indirect lists
    "4.14.24": "no revocation list",
    "4.14.25": "no revocation list",
    "4.14.28": "distribution-point-by-address",
    "4.14.29": "distribution-point-by-address",
    "4.14.30": "no revocation list",
    "4.14.33": "no revocation list",
}


class _InheritedDsaParameters(DefaultSignatureValidator):
    """For 4.1.5: a list signed with a DSA key that has its parameters from the authority above (RFC 3279 §2.3.2).
    The library knows that for certificates, not for lists."""

    def __init__(self, donors: list[ReadCertificate]) -> None:
        keys = [certificate.asn1.public_key for certificate in donors]
        self._parameters = [
            key["algorithm"]["parameters"] for key in keys if key.algorithm == "dsa" and key.hash_algo is not None
        ]

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: PublicKeyInfo,
        signature_algorithm: SignedDigestAlgorithm,
        context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        """As the library, after the parameters were filled in."""
        if public_key_info.algorithm == "dsa" and public_key_info.hash_algo is None and self._parameters:
            public_key_info = public_key_info.copy()
            public_key_info["algorithm"]["parameters"] = self._parameters[0].copy()
        super().validate_signature(signature, signed_data, public_key_info, signature_algorithm, context)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The library logs each candidate that it drops, with its traceback."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _readable(certificates: list[bytes]) -> Iterator[ReadCertificate]:
    """Two of the suite's bad signatures are not even whole octets."""
    for der in certificates:
        with contextlib.suppress(RefusalError):
            yield read_leniently(der)


def _judged(case: Case) -> str:
    """ "valid", or the reason; path validation as such, with the library's revocation."""
    given = material(case.leaf)
    issuers = list(_readable(given.issuers))
    inputs = PolicyInputs(
        case.policies or frozenset({ANY_POLICY}),
        explicit="explicit" in case.flags,
        inhibit_mapping="no-mapping" in case.flags,
        inhibit_any="no-any" in case.flags,
    )
    try:
        judge(
            read_leniently(given.leaf),
            Pool([read_leniently(given.anchor)], issuers, Strictness.PATH),
            Demand(AT, None, Strictness.PATH, inputs=inputs),
            library_revocation=LibraryRevocation(given.lists, issuers, _InheritedDsaParameters(issuers)),
        )
    except RefusalError as refusal:
        return str(refusal)
    return "valid"


def test_the_suite_is_complete() -> None:
    assert len(cases()) == 247


@pytest.mark.parametrize("section", sorted({case.number.rpartition(".")[0] for case in cases()}))
def test_path_validation_decides_as_pkits_does(section: str) -> None:
    judged = {case: _judged(case) for case in cases() if case.number.rpartition(".")[0] == section}
    assert {case: reason for case, reason in judged.items() if (reason == "valid") is not case.valid} == {}


def _verified(case: Case) -> str:
    given = material(case.leaf)
    try:
        verify_chain(given.leaf, given.issuers, [given.anchor], given.lists, AT, purpose=None)
    except RefusalError as refusal:
        return refusal.detail
    return "valid"


def test_verify_chain_accepts_nothing_that_pkits_refuses() -> None:
    """With any inputs: a subtest that only some inputs make invalid does not count."""
    invalid = {case.leaf for case in cases()} - {case.leaf for case in cases() if case.valid}
    accepted = [case for case in cases() if case.leaf in invalid and _verified(case) == "valid"]
    assert accepted == []
    assert len(invalid) == 121


def test_what_verify_chain_refuses_beyond_pkits_is_listed_with_its_reason() -> None:
    valid = [case for case in cases() if case.valid and case.has_default_inputs]
    refused = {case.number: reason for case in valid if (reason := _verified(case)) != "valid"}
    assert refused.keys() == STRICTER.keys()
    assert {number: reason for number, reason in refused.items() if STRICTER[number] not in reason} == {}
