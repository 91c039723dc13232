"""Reading: everything that was written comes back, everything else is MalformedCrl."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from hypothesis import given, settings
from hypothesis import strategies as st

import crl
from crl import Reason, der
from tests.hostile import answered_in_time

from .ca import DAY, NOW, make_ca

moments = st.datetimes(datetime(1950, 1, 1), datetime(2149, 1, 1), timezones=st.just(UTC), allow_imaginary=False).map(
    lambda moment: moment.replace(microsecond=0)
)
serials = st.integers(1, (1 << 159) - 1)
reasons = st.sampled_from([None, *(reason for reason in Reason if reason)])


@given(
    st.dictionaries(serials, st.tuples(moments, reasons), max_size=8),
    st.integers(2, (1 << 159) - 1),
    moments,
)
def test_what_was_built_comes_back(
    revoked: dict[int, tuple[datetime, Reason | None]], number: int, this_update: datetime
) -> None:
    entries = [crl.encode_entry(serial, *revocation) for serial, revocation in revoked.items()]
    ca = make_ca()
    encoded = ca.issue(entries, number=number, base_number=1, this_update=this_update, next_update=this_update + DAY)
    parsed = crl.parse(encoded)
    assert dict(parsed.entries) == revoked
    assert (parsed.number, parsed.base_number) == (number, 1)
    assert (parsed.this_update, parsed.next_update) == (this_update, this_update + DAY)
    assert (parsed.issuer, parsed.key_identifier) == (ca.issuer.name, ca.issuer.key_identifier)
    assert crl.assemble(parsed.tbs, parsed.signature_algorithm, parsed.signature) == encoded


def test_urls_come_back() -> None:
    parsed = crl.parse(
        make_ca().issue(freshest_url="http://ca.example/d.crl", distribution_point="http://ca.example/issuing-3.crl")
    )
    assert parsed.freshest_url == "http://ca.example/d.crl"
    assert parsed.distribution_point == "http://ca.example/issuing-3.crl"


def test_crl_of_another_make_is_read() -> None:
    """One made by `cryptography`, with an invalidityDate, which this CA does not use and does not mind."""
    ca = make_ca()
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(77)
        .revocation_date(NOW)
        .add_extension(x509.CRLReason(x509.ReasonFlags.superseded), critical=False)
        .add_extension(x509.InvalidityDate(datetime(2026, 1, 1)), critical=False)
        .build()
    )
    theirs = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.certificate.subject)
        .last_update(NOW)
        .next_update(NOW + DAY)
        .add_extension(x509.CRLNumber(3), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier(ca.issuer.key_identifier, None, None),
            critical=False,
        )
        .add_revoked_certificate(entry)
        .sign(ca.key, hashes.SHA256())
    )
    parsed = crl.parse(theirs.public_bytes(serialization.Encoding.DER))
    assert dict(parsed.entries) == {77: (NOW, Reason.SUPERSEDED)}


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_malformed(data: bytes) -> None:
    with pytest.raises(crl.MalformedCrl):
        crl.parse(data)


SAMPLE = make_ca().issue(
    [crl.encode_entry(300, NOW, Reason.CERTIFICATE_HOLD), crl.encode_entry(5, NOW, None)],
    freshest_url="http://ca.example/d.crl",
)


@settings(max_examples=500)
@given(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255), st.integers(-2, 2))
def test_damaged_crl_is_malformed_or_still_strict_der(at: int, octet: int, shift: int) -> None:
    """One octet changed, dropped or doubled: either refused, or what it now says is encoded just so."""
    data = SAMPLE[:at] + bytes([octet]) + SAMPLE[max(at + 1 + shift, 0) :]
    try:
        parsed = crl.parse(data)
    except crl.MalformedCrl:
        return
    assert crl.assemble(parsed.tbs, parsed.signature_algorithm, parsed.signature) == data


@given(st.binary(max_size=80))
def test_arbitrary_entries_are_malformed_or_what_we_would_write(tail: bytes) -> None:
    data = der.tlv(der.SEQUENCE, der.integer(7), der.time(NOW), tail)
    try:
        entries = crl.entry.decode_entries(data, 0, len(data))
    except crl.MalformedCrl:
        return
    assert set(entries) == {7}
    assert tail[:1] in (b"", b"\x30")


def entries_of(*entries: bytes) -> bytes:
    """A complete CRL whose entries are as given, right or wrong."""
    return make_ca().issue(entries)


def raw_entry(*parts: bytes) -> bytes:
    return der.tlv(der.SEQUENCE, *parts)


def entry_extension(oid: bytes, value: bytes, *flag: bytes) -> bytes:
    extension = der.tlv(der.SEQUENCE, der.tlv(der.OID, oid), *flag, der.tlv(der.OCTET_STRING, value))
    return raw_entry(der.integer(1), der.time(NOW), der.tlv(der.SEQUENCE, extension))


GOOD = crl.encode_entry(1, NOW, None)
REASON = b"\x55\x1d\x15"


MALFORMED = [
    (entries_of(GOOD, GOOD), "twice"),
    (entries_of(raw_entry(der.integer(0), der.time(NOW))), "zero"),
    (entries_of(raw_entry(b"\x02\x01\xff", der.time(NOW))), "negative"),
    (entries_of(raw_entry(b"\x02\x02\x00\x05", der.time(NOW))), "zeros"),
    (entries_of(raw_entry(b"\x02\x00", der.time(NOW))), "negative"),
    (entries_of(raw_entry(b"\x02\x15\x01" + bytes(20), der.time(NOW))), "too long"),
    (entries_of(raw_entry(b"\x02\x09\x01\x01")), "longer"),
    (entries_of(raw_entry(der.integer(1))), "end"),
    (entries_of(raw_entry(der.integer(1), b"\x17\x0d261301000000Z")), "calendar"),
    (entries_of(raw_entry(der.integer(1), b"\x17\x0d260101240000Z")), "calendar"),
    (entries_of(raw_entry(der.integer(1), b"\x17\x0d260101000060Z")), "calendar"),
    (entries_of(raw_entry(der.integer(1), b"\x17\x0b2601010000Z")), "form"),
    (entries_of(raw_entry(der.integer(1), b"\x17\x0d260101000000+")), "YYMMDD"),
    (entries_of(raw_entry(der.integer(1), b"\x18\x0f20260101000000Z")), "form"),
    (entries_of(raw_entry(der.integer(1), b"\x18\x1120500101000000.5Z")), "YYYY"),
    (entries_of(raw_entry(der.integer(1), der.time(NOW), b"\x30\x00")), "empty list of ext"),
    (entries_of(raw_entry(der.integer(1), der.time(NOW), b"\x05\x00")), "expected"),
    (entries_of(entry_extension(REASON, b"\x0a\x01\x07")), "reason"),
    (entries_of(entry_extension(REASON, b"\x0a\x02\x00\x01")), "reason"),
    (entries_of(entry_extension(REASON, b"\x0a\x01\x01\x00")), "follow"),
    (entries_of(entry_extension(b"\x55\x1d\x1d", b"\x30\x00", der.TRUE)), "does not use"),
    (entries_of(entry_extension(REASON, b"\x0a\x01\x01", b"\x01\x01\x00")), "criticality"),
    (entries_of(b"\x05\x00"), "expected"),
    (entries_of(b"\x30"), "end"),
    (entries_of(GOOD[:-1]), "end|longer"),
    (SAMPLE + b"\0", "follow"),
    (SAMPLE[:-1], "longer"),
    (b"", "end"),
    (b"\x30\x80\x00\x00", "not DER"),
    (b"\x30\x81\x01\x00", "not DER"),
    (b"\x30\x82\x00\x80" + bytes(128), "not DER"),
    (b"\x30\x85\x01\x00\x00\x00\x00", "not DER"),
]


# Numbered: these bytes hold fresh signatures, and parallel runs must agree on the names of the tests.
@pytest.mark.parametrize(("encoded", "message"), MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_crl_is_refused_with_the_place(encoded: bytes, message: str) -> None:
    with pytest.raises(crl.MalformedCrl, match=message):
        crl.parse(encoded)


def edited(**parts: bytes) -> bytes:
    """A CRL put together from valid parts, some of them replaced; `extensions` are a list's contents."""
    number = der.tlv(der.SEQUENCE, der.tlv(der.OID, b"\x55\x1d\x14"), der.tlv(der.OCTET_STRING, der.integer(7)))
    issuer = make_ca().issuer
    tbs = der.tlv(
        der.SEQUENCE,
        parts.get("version", b"\x02\x01\x01"),
        parts.get("inner_algorithm", issuer.signature_algorithm),
        parts.get("name", issuer.name),
        der.time(NOW),
        der.time(NOW + timedelta(hours=1)),
        parts.get("revoked", b""),
        der.tlv(0xA0, der.tlv(der.SEQUENCE, parts.get("extensions", number))),
        parts.get("after", b""),
    )
    signature = der.tlv(der.BIT_STRING, parts.get("signature", b"\0s"))
    return der.tlv(der.SEQUENCE, tbs, issuer.signature_algorithm, signature)


def crl_extension(oid: bytes, value: bytes, *flag: bytes) -> bytes:
    return der.tlv(der.SEQUENCE, der.tlv(der.OID, oid), *flag, der.tlv(der.OCTET_STRING, value))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"version": b""}, "expected"),
        ({"version": b"\x02\x01\x00"}, "version 2"),
        ({"inner_algorithm": bytes.fromhex("300a06082a8648ce3d040303")}, "algorithms differ"),
        ({"name": b"\x30\x00"}, "empty issuer"),
        ({"name": b"\x30\x02\x31\x00"}, "end"),
        ({"revoked": b"\x30\x00"}, "empty list of revoked"),
        ({"extensions": b""}, "empty list of ext"),
        ({"extensions": crl_extension(b"\x55\x1d\x14", b"\x02\x01\x07")}, "key identifier"),
        ({"extensions": crl_extension(b"\x55\x1d\x14", b"\x02\x01\x07") * 2}, "twice"),
        ({"extensions": crl_extension(b"\x55\x1d\x14", b"\x02\x01\x07", der.TRUE)}, "criticality"),
        ({"extensions": crl_extension(b"\x55\x1d\x1b", b"\x02\x01\x07")}, "criticality"),
        ({"extensions": crl_extension(b"\x55\x1d\x23", b"\x30\x02\x80\x00")}, "empty key"),
        ({"extensions": crl_extension(b"\x55\x1d\x23", b"\x30\x00")}, "end"),
        ({"extensions": crl_extension(b"\x55\x1d\x63", b"\x05\x00")}, "does not use"),
        (
            {"extensions": crl_extension(b"\x55\x1d\x1c", bytes.fromhex("3007a005a0038601ff"), der.TRUE)},
            "ASCII",
        ),
        ({"extensions": crl_extension(b"\x55\x1d\x1c", b"\x30\x03\x84\x01\xff", der.TRUE)}, "expected"),
        ({"after": b"\x05\x00"}, "follow"),
        ({"signature": b""}, "signature"),
        ({"signature": b"\x00"}, "signature"),
        ({"signature": b"\x03s"}, "signature"),
    ],
)
def test_crl_with_a_wrong_part_is_refused(parts: dict[str, bytes], message: str) -> None:
    with pytest.raises(crl.MalformedCrl, match=message):
        crl.parse(edited(**parts))


def odd_entry(serial: int) -> bytes:
    """With an invalidityDate, which this CA does not write."""
    date = der.tlv(der.OCTET_STRING, der.tlv(der.GENERALIZED_TIME, b"20260101000000Z"))
    extension = der.tlv(der.SEQUENCE, der.tlv(der.OID, b"\x55\x1d\x18"), date)
    return raw_entry(der.integer(serial), der.time(NOW), der.tlv(der.SEQUENCE, extension))


HOSTILE = {
    "nested": b"\x30\x82\xff\xff" * 16_000,
    "long-integer": der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, der.tlv(der.INTEGER, b"\x01" * 60_000))),
    "many-rdns": der.tlv(
        der.SEQUENCE, der.tlv(der.SET, der.tlv(der.SEQUENCE, der.tlv(der.OID, b"\x55\x04\x03"), b"\x0c\x01a")) * 5000
    ),
    "entries-of-another-make": b"".join(odd_entry(serial) for serial in range(1, 1300)),
    "almost-an-entry": (crl.encode_entry(1 << 126, NOW, Reason.SUPERSEDED) * 1300)[:-1],
    "one-serial-over-and-over": crl.encode_entry(1 << 126, NOW, Reason.SUPERSEDED) * 1300,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_sixty_kilobytes_keep_the_parser_busy(name: str) -> None:
    """As a CRL, as its entries and as its issuer's name: refused or read, within 200 ms."""
    data = HOSTILE[name]
    with answered_in_time():
        for encoded in (data, edited(revoked=der.tlv(der.SEQUENCE, data)), edited(name=data)):
            with contextlib.suppress(crl.MalformedCrl):
                crl.parse(encoded)


def test_entries_of_another_make_are_all_read() -> None:
    assert len(crl.parse(entries_of(HOSTILE["entries-of-another-make"])).entries) == 1299
