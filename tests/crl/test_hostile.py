"""Whatever is given to the parser of CRLs and to the gate, they answer in time, and with their own errors."""

import contextlib

from cryptography import x509
from hypothesis import given, settings

import crl
from crl import Reason
from tests.hostile import answered_in_time, anything

from .ca import NOW, make_ca

ENTRIES = [crl.encode_entry(serial, NOW, Reason.CERTIFICATE_HOLD) for serial in (5, 300, 1 << 126)]
REMOVED = crl.encode_entry(7, NOW, Reason.REMOVE_FROM_CRL)
SAMPLES = [
    make_ca().issue(),
    make_ca().issue(ENTRIES, freshest_url="http://ca.example/d.crl"),
    make_ca().issue([*ENTRIES, REMOVED], base_number=3),
    make_ca().issue(ENTRIES, distribution_point="http://ca.example/1.crl", number=8),
]
LAST = crl.parse(SAMPLES[1])


@settings(max_examples=300)
@given(anything(SAMPLES))
def test_what_is_read_is_what_it_says_and_the_rest_is_malformed(data: bytes) -> None:
    with answered_in_time():
        try:
            parsed = crl.parse(data)
        except crl.MalformedCrl:
            return
    assert crl.assemble(parsed.tbs, parsed.signature_algorithm, parsed.signature) == data
    assert crl.read_outline(data).number == parsed.number
    try:
        theirs = x509.load_der_x509_crl(data)
    except ValueError:
        # Ours does not look into the strings of the issuer's name: the gate compares it whole.
        assert parsed.issuer != make_ca().issuer.name
        return
    assert [entry.serial_number for entry in theirs] == list(parsed.entries)


@settings(max_examples=150)
@given(anything(SAMPLES))
def test_gate_lets_nothing_through_but_what_it_is_told(data: bytes) -> None:
    with answered_in_time(), contextlib.suppress(crl.CrlRejected):
        checked = crl.check(data, issuer_certificate=make_ca().certificate_der, previous=None)
        assert data in SAMPLES
        crl.check_difference(LAST, checked, {})
        assert checked.entries == LAST.entries
