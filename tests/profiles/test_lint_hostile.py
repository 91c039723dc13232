"""Octets that are no certificate at all end in a LintFailure, whatever they are."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

import profiles
from profiles.errors import CertificateValueError
from profiles.lint.canonical import canonical
from tests.profiles import support

PROFILE = profiles.load("information-administrator")
GOOD = support.tbs("information-administrator")


def _lint(tbs: bytes) -> None:
    profiles.lint(tbs, PROFILE, signature_algorithm=support.ECDSA_SHA256)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30",
        b"\x30\x80",
        b"\x30\x00",
        b"\xff" * 40,
        GOOD[:-1],
        GOOD + b"\x00",
        b"\x30\x84\xff\xff\xff\xff",
    ],
)
def test_octets_that_are_no_tbs_are_a_finding(octets: bytes) -> None:
    with pytest.raises(profiles.LintFailure, match="parseable"):
        _lint(octets)


def test_an_oversized_tbs_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(profiles.LintFailure, match="at most 16384"):
        _lint(bytes(16_385))


@given(position=st.integers(0, len(GOOD) - 1), octet=st.integers(0, 255))
def test_a_changed_octet_never_ends_in_a_traceback(position: int, octet: int) -> None:
    mutated = GOOD[:position] + bytes([octet]) + GOOD[position + 1 :]
    # Octets that still make a good certificate (a letter of a name) may pass; all else is a LintFailure.
    with suppress(profiles.LintFailure):
        _lint(mutated)


@given(st.binary(max_size=300))
def test_random_octets_never_pass(octets: bytes) -> None:
    with pytest.raises(profiles.LintFailure):
        _lint(octets)


@pytest.mark.parametrize(
    ("encoded", "reencoded"),
    [
        ("010101", "0101ff"),  # BOOLEAN TRUE other than FF
        ("02020001", "020101"),  # INTEGER with a superfluous zero
        ("0202ff80", "020180"),  # the same below zero
        ("03020701", "03020700"),  # BIT STRING with a set unused bit
        ("060455808004", "06025504"),  # OBJECT IDENTIFIER with a padded arc
        ("318103020100", "3103020100"),  # a short length in the long form
        ("30800201000000", "3003020100"),  # indefinite length
    ],
)
def test_non_canonical_der_comes_out_different(encoded: str, reencoded: str) -> None:
    assert canonical(bytes.fromhex(encoded)).hex() == reencoded


def test_a_set_in_the_wrong_order_is_not_canonical() -> None:
    assert canonical(bytes.fromhex("3106020102020101")) == bytes.fromhex("3106020101020102")


def test_deep_nesting_is_refused_and_does_not_exhaust_the_stack() -> None:
    octets = b""
    for _ in range(40):
        octets = bytes([0x30, len(octets)]) + octets
    with pytest.raises(CertificateValueError, match="levels"):
        canonical(octets)


@pytest.mark.parametrize("octets", ["1303e4bda0", "0c02c328", "170b3236303330313038305a", "0300", "030108"])
def test_strings_outside_their_type_are_refused(octets: str) -> None:
    with pytest.raises(CertificateValueError):
        canonical(bytes.fromhex(octets))
