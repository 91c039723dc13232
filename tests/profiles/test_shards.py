"""Where the CRL is split, each certificate says which part would list it, for ever."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import profiles
from tests.profiles import support
from tests.profiles.support import EPOCH, ONE_SECOND

ADMINISTRATOR = "information-administrator"
FULL, DELTA = "http://pki.edu.example/crl/issuing-{shard}.crl", "http://pki.edu.example/crl/issuing-{shard}-delta.crl"


def by_remainder(serial: int, count: int) -> int:
    return serial % count


def split(shards: profiles.Shards, **urls: str) -> profiles.IssuerContext:
    named: dict[str, Any] = {"crl_url": FULL, "delta_crl_url": DELTA} | urls
    return replace(support.issuing_authority().issuer, shards=shards, **named)


SIXTEEN = split(profiles.Shards(count=16, of=by_remainder))


def issue(template: profiles.Template, serial: int) -> bytes:
    return template.tbs(
        subject=support.SUBJECTS[ADMINISTRATOR],
        public_key=support.spki(support.ec_key("t")),
        serial=serial,
        not_before=EPOCH,
        not_after=EPOCH + ONE_SECOND,
    )


def urls_of(tbs: bytes) -> tuple[str, str]:
    """The location of the full and of the delta CRL, as `cryptography` reads them."""
    found = x509.load_der_x509_certificate(profiles.assemble(tbs, support.ECDSA_SHA256, b"\x00")).extensions
    points = (
        found.get_extension_for_class(x509.CRLDistributionPoints).value[0],
        found.get_extension_for_class(x509.FreshestCRL).value[0],
    )
    full, delta = (str(names[0].value) for point in points if (names := point.full_name))
    return full, delta


@given(st.lists(st.integers(1, (1 << 159) - 1), min_size=1, max_size=8))
def test_both_locations_are_those_of_the_shard_whatever_was_issued_before(serials: list[int]) -> None:
    """RFC 5280 §5.2.5: the CRL's distribution point is a name from every certificate that it covers."""
    template = profiles.compile(profiles.load(ADMINISTRATOR), SIXTEEN)
    for serial in serials:
        shard = str(serial % 16)
        assert urls_of(issue(template, serial)) == (FULL.replace("{shard}", shard), DELTA.replace("{shard}", shard))


def test_certificate_with_a_shard_passes_the_linter() -> None:
    profile = profiles.load(ADMINISTRATOR)
    tbs = issue(profiles.compile(profile, SIXTEEN), 17)
    profiles.lint(tbs, profile, signature_algorithm=support.ECDSA_SHA256)


def test_profile_without_a_crl_has_no_shard() -> None:
    profile = profiles.load("ocsp-signer")
    tbs = profiles.compile(profile, SIXTEEN).tbs(
        subject=support.SUBJECTS["ocsp-signer"],
        public_key=support.spki(support.ec_key("ocsp-signer")),
        serial=5,
        not_before=EPOCH,
        not_after=EPOCH + profile.validity,
    )
    assert b"issuing-5" not in tbs
    profiles.lint(tbs, profile, signature_algorithm=support.ECDSA_SHA256)


@pytest.mark.parametrize("count", [0, -1, 1025])
def test_number_of_shards_out_of_range_is_refused(count: int) -> None:
    with pytest.raises(profiles.IssuerError, match="shards"):
        profiles.Shards(count=count, of=by_remainder)


@pytest.mark.parametrize(
    ("key", "url"),
    [
        ("crl_url", "http://pki.edu.example/crl/issuing.crl"),
        ("crl_url", "http://pki.edu.example/{shard}/{shard}.crl"),
        ("delta_crl_url", "http://pki.edu.example/crl/issuing-delta.crl"),
        ("crl_url", "https://pki.edu.example/crl/{shard}.crl"),
        ("ocsp_url", "http://pki.edu.example/ocsp/{shard}"),
    ],
)
def test_location_without_a_place_for_the_shard_is_refused(key: str, url: str) -> None:
    with pytest.raises(profiles.IssuerError) as caught:
        split(profiles.Shards(count=4, of=by_remainder), **{key: url})
    assert caught.value.key == key


def test_place_for_a_shard_where_there_are_none_is_refused() -> None:
    with pytest.raises(profiles.IssuerError, match="crl_url"):
        replace(support.issuing_authority().issuer, crl_url=FULL)


@pytest.mark.parametrize("shard", [-1, 4])
def test_function_that_names_no_shard_is_refused(shard: int) -> None:
    template = profiles.compile(
        profiles.load(ADMINISTRATOR), split(profiles.Shards(count=4, of=lambda _serial, _count: shard))
    )
    with pytest.raises(profiles.IssuerError, match="shards"):
        issue(template, 7)
