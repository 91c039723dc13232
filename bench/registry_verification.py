"""The registry's verification: a certificate that is known, a new one, and a revocation list of a million entries.

Run from the repository's root: `python -m bench.registry_verification [entries]`. The peer is the bare
pyhanko-certvalidator call on the same certificates with the same two lists.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule

import crl
from bench.crl_data import ECDSA_SHA256, entry, make_ca
from teacher_registry.gate import Gate, Trust
from teacher_registry.publications.crl_source import CrlSource
from teacher_registry.publications.fetch import Fetched
from tests.teacher_registry.authority import NOW, POLICY, Authority, shared_authority
from tests.teacher_registry.revocations import sign_crl

CERTIFICATES = 400
KNOWN_GOAL, NEW_GOAL = 20_000.0, 1.5  # a second; times the peer
LOAD_GOAL, MEMORY_GOAL, LOOK_UP_GOAL = 2.0, 300.0, 5.0  # seconds, MiB, microseconds
_CRL_REQUIRED = RevocationCheckingPolicy(RevocationCheckingRule.CRL_REQUIRED, RevocationCheckingRule.CRL_REQUIRED)


class _Shelf:
    """`Fetch` from memory."""

    def __init__(self, lists: dict[str, bytes]) -> None:
        self._lists = lists

    def get(self, url: str, etag: str | None) -> Fetched:
        """Never changed after the first time."""
        return Fetched(None if etag else self._lists[url], '"1"')

    def post(self, url: str, content_type: str, body: bytes) -> bytes:
        """Never called: the lists decide here, not OCSP."""
        raise NotImplementedError


def new_gate(authority: Authority, lists: dict[str, bytes]) -> Gate:
    """The gate of a registry without a responder: the lists decide."""
    root, issuing = authority.root.certificate, authority.issuing.certificate
    hour = timedelta(hours=1)
    return Gate(
        trust=Trust(root, issuing, POLICY),
        clock=lambda: NOW,
        root_crl=CrlSource("root", root, fetch=_Shelf(lists), clock=lambda: NOW, refresh=hour),
        issuing_crl=CrlSource("issuing", issuing, fetch=_Shelf(lists), clock=lambda: NOW, refresh=hour),
        ocsp=None,
    )


def bare(leaf: bytes, authority: Authority, lists: dict[str, bytes]) -> None:
    """What a program does that uses the library and nothing else."""
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(authority.root.der)],
        other_certs=[asn1_x509.Certificate.load(authority.issuing.der)],
        moment=NOW,
        allow_fetching=False,
        crls=[asn1_crl.CertificateList.load(octets) for octets in lists.values()],
        ocsps=[],
        revinfo_policy=CertRevTrustPolicy(_CRL_REQUIRED),
    )
    validator = CertificateValidator(asn1_x509.Certificate.load(leaf), validation_context=context)
    asyncio.run(validator.async_validate_path())


def seconds_each(work: Callable[[bytes], object], leaves: list[bytes]) -> float:
    """The median of the single times: the machine may be busy with others."""
    times = []
    for leaf in leaves:
        started = time.perf_counter()
        work(leaf)
        times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


def certificates() -> bool:
    """Known and new; True if both goals are met."""
    authority = shared_authority()
    lists = {"root": sign_crl(authority.root), "issuing": sign_crl(authority.issuing)}
    serials = count(0x10_0000)
    leaves = [authority.administrator(serial=next(serials)).der for _ in range(CERTIFICATES)]
    gate = new_gate(authority, lists)
    gate.admit(leaves[0])  # the lists are loaded, the imports done
    bare(leaves[0], authority, lists)
    new = seconds_each(gate.admit, leaves[1:])
    peer = seconds_each(lambda leaf: bare(leaf, authority, lists), leaves[1:])
    rounds = 20
    started = time.perf_counter()
    for _ in range(rounds):
        for leaf in leaves:
            gate.admit(leaf)
    known = rounds * len(leaves) / (time.perf_counter() - started)
    print(f"known certificate   {known:10,.0f} /s      goal {KNOWN_GOAL:,.0f}")
    print(f"new certificate     {new * 1e3:10.2f} ms     {new / peer:.2f} x the peer, goal {NEW_GOAL}")
    print(f"  bare library      {peer * 1e3:10.2f} ms")
    return known >= KNOWN_GOAL and new <= NEW_GOAL * peer


def big_list(entries: int, folder: Path) -> bool:
    """Make the list, load it in a process of its own; True if the goals are met."""
    key = ec.generate_private_key(ec.SECP256R1())
    ca = make_ca(key)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
    issuer = crl.CrlIssuer(ca.subject.public_bytes(), identifier, ECDSA_SHA256)
    now = datetime.now(UTC).replace(microsecond=0)
    tbs = crl.build_tbs(
        issuer,
        number=1,
        this_update=now,
        next_update=now + timedelta(days=1),
        entries=[entry(number) for number in range(entries)],
    )
    (folder / "list.crl").write_bytes(crl.assemble(tbs, ECDSA_SHA256, key.sign(tbs, ec.ECDSA(hashes.SHA256()))))
    (folder / "ca.cer").write_bytes(ca.public_bytes(Encoding.DER))
    done = subprocess.run(
        [sys.executable, "-m", "bench.registry_crl_load", str(folder)], check=True, capture_output=True
    )
    load, memory, look_up, found = (float(text) for text in done.stdout.split())
    print(f"list of {entries:,}   {load:10.2f} s      goal {LOAD_GOAL} s a million")
    print(f"  memory at most    {memory:10.0f} MiB    goal {MEMORY_GOAL:.0f}")
    print(f"  look-up           {look_up:10.2f} us     goal {LOOK_UP_GOAL}")
    return found == entries and load < LOAD_GOAL and memory < MEMORY_GOAL and look_up < LOOK_UP_GOAL


def main() -> int:
    """1 if a goal is missed."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    well = certificates()
    with tempfile.TemporaryDirectory() as folder:
        well = big_list(entries, Path(folder)) and well
    return 0 if well else 1


if __name__ == "__main__" and (failed := main()):
    sys.exit(failed)
