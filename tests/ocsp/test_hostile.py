"""Whatever is sent to the responder, an answer comes, in time, and what is no request is called so."""

from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given, settings

import ocsp
from ocsp import der
from tests.hostile import answered_in_time, anything

from .test_request import extensions, nonce_extension, with_extensions
from .test_wsgi import call
from .world import World, load, make_authority, make_multi_request, make_request

GOLDEN = Path(__file__).parent / "golden"
WORLD = World()
SAMPLES = [
    *(path.read_bytes() for path in sorted(GOLDEN.glob("*.post"))),
    make_request(12),
    make_request(12, nonce=b"n" * 32),
    make_request(12, authority=make_authority("外来CA")),
    make_multi_request(*map(make_request, (12, 13, 999))),
    with_extensions(der.tlv(der.SEQUENCE, der.tlv(der.OID, b"\x2a\x03"), der.tlv(der.OCTET_STRING, b"\x05\x00"))),
]


@settings(max_examples=250)
@given(anything(SAMPLES))
def test_every_request_is_answered_in_time(data: bytes) -> None:
    with answered_in_time():
        answer = WORLD.responder.answer(data)
    told = load(answer.body).response_status.name
    try:
        ocsp.parse_request(data)
    except ocsp.MalformedRequest:
        assert told == "MALFORMED_REQUEST"
    else:
        assert told in ("SUCCESSFUL", "UNAUTHORIZED")


@settings(max_examples=120)
@given(anything([b64encode(sample) for sample in SAMPLES]))
def test_every_path_is_answered_in_time(path: bytes) -> None:
    with answered_in_time():
        reply = call(WORLD, "GET", "/ocsp/" + path.decode("latin-1"))
    assert reply.status == 200
    assert load(reply.body).response_status.name in ("SUCCESSFUL", "UNAUTHORIZED", "MALFORMED_REQUEST")


def nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = der.tlv(der.SEQUENCE, data)
    return data


LONG = {
    "two-hundred-certificates": make_multi_request(*(make_request(1 << 64 | serial) for serial in range(200))),
    "one-certificate-two-hundred-times": make_multi_request(*[make_request(12)] * 200),
    "nested": nested(3000),
    "open-ended": b"\x30\x84\x00\xff\xff\xff" * 2700,
    "many-extensions": make_multi_request(
        make_request(12),
        extensions=extensions(
            *(
                der.tlv(der.SEQUENCE, der.tlv(der.OID, b"\x2a" + n.to_bytes(2, "big")), der.tlv(der.OCTET_STRING, b""))
                for n in range(0x100, 0x600)
                if not n & 0x80
            )
        ),
    ),
    "longest-nonce": make_multi_request(make_request(12), extensions=extensions(nonce_extension(bytes(16_000)))),
    "long-requestor": make_multi_request(make_request(12), before=der.tlv(0xA1, der.tlv(0x82, bytes(16_000)))),
    "too-long": bytes(1_000_000),
    "long-oid": make_request(12).replace(b"\x06\x05\x2b\x0e\x03\x02\x1a", b"\x06\x05" + b"\xff" * 5),
}


@pytest.mark.parametrize("name", LONG)
def test_longest_requests_are_answered_in_time(name: str) -> None:
    with answered_in_time():
        answer = WORLD.responder.answer(LONG[name])
    expected = "SUCCESSFUL" if name in ("two-hundred-certificates", "one-certificate-two-hundred-times") else None
    told = load(answer.body).response_status.name
    assert told == expected or (expected is None and told in ("SUCCESSFUL", "MALFORMED_REQUEST"))
