"""The OCSP service that the benchmarks let granian serve: the responder over the service's own SQLite source."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import ocsp
from bench.ocsp_world import ECDSA_SHA256
from ca_service.config import CaTable
from ca_service.store.database import Database
from ca_service.store.sealing import FieldKey, Sealer
from ca_service.store.status_source import SqlStatusSource


def served(folder: Path) -> ocsp.ServedIssuer:
    """Return the issuer of a world, with its signer's key in memory."""
    loaded = serialization.load_der_private_key((folder / "key.der").read_bytes(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    private, algorithm = loaded, ec.ECDSA(hashes.SHA256())
    key = ocsp.ResponderKey(
        (folder / "signer.der").read_bytes(), ECDSA_SHA256, lambda tbs: private.sign(tbs, algorithm)
    )
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731
    database = Database(f"sqlite:///{folder / 'ca.db'}", sealer=Sealer(FieldKey(bytes(32))), clock=clock)
    source = SqlStatusSource(database.reading, "issuing")
    return ocsp.ServedIssuer((folder / "ca.der").read_bytes(), source, lambda: key)


def application() -> ocsp.OcspApplication:
    """Build the WSGI callable for the world in the folder $BENCH_OCSP."""
    issuer = served(Path(os.environ["BENCH_OCSP"]))
    policy = ocsp.Policy(staleness=CaTable().status_staleness_seconds)
    return ocsp.OcspApplication(ocsp.Responder([issuer], lambda: datetime.now(UTC), policy=policy))
