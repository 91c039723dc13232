"""The offsets of DER elements: strict lengths, nothing outside, nothing overlapping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teacher_registry.verification.der import SEQUENCE, DerError, children, element, whole


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30",
        b"\x30\x01",
        b"\x30\x80\x00\x00",
        b"\x30\x81\x01\x00",
        b"\x30\x82\x00\x80" + bytes(128),
        b"\x30\x85\x00\x00\x00\x00\x01\x00",
        b"\x30\x84\x7f\xff\xff\xff",
        b"\x1f\x81\x01\x00",
        b"\x30\x82\x01",
    ],
)
def test_what_is_not_der_is_refused(octets: bytes) -> None:
    with pytest.raises(DerError):
        element(octets, 0)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_every_length_has_one_form(length: int) -> None:
    size = b"" if length < 128 else length.to_bytes((length.bit_length() + 7) // 8, "big")
    head = bytes([SEQUENCE, length]) if length < 128 else bytes([SEQUENCE, 0x80 | len(size)]) + size
    found = whole(head + bytes(length), SEQUENCE)
    assert (found.content, found.end) == (len(head), len(head) + length)


def test_a_child_cannot_reach_out_of_its_parent() -> None:
    octets = b"\x30\x03\x02\x05\x01\x02\x03\x04\x05"
    with pytest.raises(DerError):
        list(children(octets, element(octets, 0)))


def test_octets_after_the_value_or_another_type_are_refused() -> None:
    with pytest.raises(DerError):
        whole(b"\x30\x00\x00", SEQUENCE)
    with pytest.raises(DerError):
        whole(b"\x31\x00", SEQUENCE)


@given(st.binary(max_size=40))
def test_any_octets_give_an_element_inside_them_or_the_typed_error(octets: bytes) -> None:
    try:
        found = element(octets, 0)
    except DerError:
        return
    assert 0 == found.start < found.content <= found.end <= len(octets)
