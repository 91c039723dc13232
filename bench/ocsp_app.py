"""The OCSP service that `bench.ocsp_http` lets granian serve: one issuer, all certificates good."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import ocsp

ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


class AllGood:
    """A source in which nothing ever changes."""

    def version(self) -> int:
        """Return the only version."""
        return 1

    def changes_since(self, version: int) -> ocsp.Changes:
        """Return no changes."""
        return ocsp.Changes(version, ())

    def status(self, serials: Sequence[int]) -> Mapping[int, ocsp.Status]:
        """Return good for each."""
        return {serial: ocsp.Good() for serial in serials}


def application() -> ocsp.OcspApplication:
    """Build the WSGI callable from the CA, signer and key that the benchmark left in $BENCH_OCSP."""
    folder = Path(os.environ["BENCH_OCSP"])
    loaded = serialization.load_der_private_key((folder / "key.der").read_bytes(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    private = loaded
    key = ocsp.ResponderKey(
        (folder / "signer.der").read_bytes(),
        ECDSA_SHA256,
        lambda tbs: private.sign(tbs, ec.ECDSA(hashes.SHA256())),
    )
    issuer = ocsp.ServedIssuer((folder / "ca.der").read_bytes(), AllGood(), lambda: key)
    return ocsp.OcspApplication(ocsp.Responder([issuer], lambda: datetime.now(UTC)))
