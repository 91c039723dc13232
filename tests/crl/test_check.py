"""The gate: one good CRL, and one bad for each rule."""

from dataclasses import replace

import pytest

import crl
from crl import Reason, der

from .ca import DAY, NOW, Ca, make_ca

FRESHEST = "http://ca.example/crl/d.crl"


def check(encoded: bytes, *, ca: Ca | None = None, previous: crl.ParsedCrl | None = None) -> crl.ParsedCrl:
    return crl.check(encoded, issuer_certificate=(ca or make_ca()).certificate_der, previous=previous)


def rejected(encoded: bytes, *, ca: Ca | None = None, previous: bytes | None = None) -> str:
    """The rule by which the gate refuses this CRL."""
    with pytest.raises(crl.CrlRejected) as caught:
        check(encoded, ca=ca, previous=crl.parse(previous) if previous else None)
    assert caught.value.clause.startswith("RFC 5280 ")
    return caught.value.rule


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_good_crl_passes_after_the_one_before_it(kind: str) -> None:
    ca = make_ca(kind=kind)
    entries = [crl.encode_entry(5, NOW, Reason.CERTIFICATE_HOLD)]
    first = check(ca.issue(entries, number=7), ca=ca)
    assert check(ca.issue(number=8), ca=ca, previous=first).number == 8
    assert dict(first.entries) == {5: (NOW, Reason.CERTIFICATE_HOLD)}


def test_delta_with_a_removal_passes() -> None:
    entries = [crl.encode_entry(5, NOW, Reason.REMOVE_FROM_CRL)]
    assert check(make_ca().issue(entries, base_number=2)).base_number == 2


def test_complete_and_delta_issued_together_share_their_number() -> None:
    """RFC 5280 5.2.4: a delta and a complete CRL issued at the same time MUST have the same CRL number."""
    complete = crl.parse(make_ca().issue(number=8))
    assert check(make_ca().issue(number=8, base_number=7), previous=complete).number == 8


def test_garbage_is_rejected() -> None:
    assert rejected(b"\x30\x03\x02\x01\x01") == "well-formed"


def test_certificate_listed_twice_is_rejected() -> None:
    """Told apart by no parser alone: the entries are right, and so is their signature."""
    held, revoked = (crl.encode_entry(5, NOW, why) for why in (Reason.CERTIFICATE_HOLD, Reason.SUPERSEDED))
    assert rejected(make_ca().issue([held, revoked])) == "parsers-agree"


def test_another_name_is_rejected() -> None:
    stranger = make_ca(name="外来CA")
    assert rejected(make_ca().issue(issuer=stranger.issuer)) == "issuer"


def test_another_key_identifier_is_rejected() -> None:
    issuer = replace(make_ca().issuer, key_identifier=b"another key identity")
    assert rejected(make_ca().issue(issuer=issuer)) == "authority-key-identifier"


def test_certificate_that_may_not_sign_crls_is_rejected() -> None:
    ca = make_ca(crl_sign=False)
    assert rejected(ca.issue(), ca=ca) == "crl-sign"


def test_signature_of_another_key_is_rejected() -> None:
    parsed = crl.parse(make_ca().issue())
    forged = make_ca(name="外来CA").sign(parsed.tbs)
    assert rejected(crl.assemble(parsed.tbs, parsed.signature_algorithm, forged)) == "signature"


def test_signature_over_other_content_is_rejected() -> None:
    first, second = crl.parse(make_ca().issue(number=1)), crl.parse(make_ca().issue(number=2))
    mixed = crl.assemble(second.tbs, second.signature_algorithm, first.signature)
    assert rejected(mixed) == "signature"


def test_unusable_issuer_certificate_is_rejected() -> None:
    with pytest.raises(crl.CrlRejected, match="issuer-certificate"):
        crl.check(make_ca().issue(), issuer_certificate=b"0\0", previous=None)


@pytest.mark.parametrize("number", [6, 7])
def test_number_that_does_not_grow_is_rejected(number: int) -> None:
    """RFC 5280 5.2.3: a monotonically increasing sequence number for a given CRL scope and CRL issuer."""
    assert rejected(make_ca().issue(number=number), previous=make_ca().issue(number=7)) == "number"


def test_delta_with_a_smaller_number_than_the_last_complete_is_rejected() -> None:
    delta = make_ca().issue(number=6, base_number=5)
    assert rejected(delta, previous=make_ca().issue(number=7)) == "number"


def test_time_that_goes_back_is_rejected() -> None:
    earlier = make_ca().issue(number=8, this_update=NOW - DAY)
    assert rejected(earlier, previous=make_ca().issue(number=7)) == "time"


def test_previous_crl_of_another_shard_is_rejected() -> None:
    shard = make_ca().issue(number=6, distribution_point="http://ca.example/crl/1.crl")
    assert rejected(make_ca().issue(number=7), previous=shard) == "scope"


def signed(parsed: crl.ParsedCrl, old: bytes, new: bytes) -> bytes:
    """The CRL with some octets of its TBS replaced by as many others, signed by the right key."""
    assert parsed.tbs.count(old) == 1
    assert len(old) == len(new)
    tbs = parsed.tbs.replace(old, new)
    return crl.assemble(tbs, parsed.signature_algorithm, make_ca().sign(tbs))


def test_removal_in_a_complete_crl_is_rejected() -> None:
    """Pkilint does not mind this one."""
    held = crl.parse(make_ca().issue([crl.encode_entry(5, NOW, Reason.CERTIFICATE_HOLD)]))
    assert rejected(signed(held, b"\x0a\x01\x06", b"\x0a\x01\x08")) == "remove-from-crl"


def test_next_update_before_this_update_is_rejected() -> None:
    parsed = crl.parse(make_ca().issue())
    assert rejected(signed(parsed, der.time(NOW + DAY), der.time(NOW - DAY))) == "validity"


def test_delta_whose_base_is_itself_is_rejected() -> None:
    parsed = crl.parse(make_ca().issue(number=7, base_number=3))
    assert rejected(signed(parsed, b"\x04\x03\x02\x01\x03", b"\x04\x03\x02\x01\x07")) == "delta-base"


def test_delta_that_points_to_a_fresher_one_is_rejected() -> None:
    # Extensions are neighbours in the TBS: a second number turns into a delta indicator by its OID.
    point = der.tlv(0xA0, der.tlv(0xA0, der.tlv(0x86, FRESHEST.encode())))
    freshest = crl.build._extension(crl.build.FRESHEST_CRL, der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, point)))
    parsed = crl.parse(make_ca().issue(base_number=3))
    reader = der.Reader(parsed.tbs).enter(der.SEQUENCE)
    head = b"".join(reader.raw(reader.peek()) for _ in range(5))
    extensions = reader.enter(0xA0).contents(der.SEQUENCE)
    tbs = der.tlv(der.SEQUENCE, head, der.tlv(0xA0, der.tlv(der.SEQUENCE, extensions, freshest)))
    encoded = crl.assemble(tbs, parsed.signature_algorithm, make_ca().sign(tbs))
    assert rejected(encoded) == "freshest-in-delta"
