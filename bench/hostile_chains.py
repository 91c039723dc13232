"""The suite of hostile and legitimate chains against our verifier and two peers: who accepts what is wrong, refuses
what is right, or takes longer than a second.

Run from the repository's root: `python -m bench.hostile_chains [-v]`.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.validate import validate_usage

from teacher_registry.verification import verify_chain
from tests.teacher_registry.hostile.cases import CASES, Chain, octets

MOST_SECONDS = 1.0
_PATIENCE = 10  # seconds, then it hangs


class _TooLongError(BaseException):
    """The alarm: not an Exception, so that no verifier catches it."""


def ours(chain: Chain) -> None:
    """The whole of `verify_chain`, from octets."""
    verify_chain(
        octets(chain.leaf),
        [octets(one) for one in chain.intermediates],
        [octets(one) for one in chain.anchors],
        list(chain.crls),
        chain.at,
        purpose=chain.purpose,
        revocation=chain.revocation,
    )


def library(chain: Chain) -> None:
    """pyhanko-certvalidator, with constraints derived from the anchors; all certificates need a CRL where one is
    given."""
    rule = RevocationCheckingRule.CRL_REQUIRED if chain.crls else RevocationCheckingRule.NO_CHECK
    required = chain.revocation == "required"
    context = ValidationContext(
        trust_roots=[
            CertTrustAnchor(asn1_x509.Certificate.load(octets(one)), derive_default_quals_from_cert=True)
            for one in chain.anchors
        ],
        other_certs=[asn1_x509.Certificate.load(octets(one)) for one in chain.intermediates],
        moment=chain.at,
        allow_fetching=False,
        crls=[asn1_crl.CertificateList.load(one) for one in chain.crls],
        ocsps=[],
        revinfo_policy=CertRevTrustPolicy(
            RevocationCheckingPolicy(rule, rule if required else RevocationCheckingRule.NO_CHECK)
        ),
        time_tolerance=timedelta(0),
    )
    validator = CertificateValidator(asn1_x509.Certificate.load(octets(chain.leaf)), validation_context=context)
    path = asyncio.run(validator.async_validate_path())
    if chain.purpose is not None:
        validate_usage(path.last, {"digital_signature"}, {"client_auth"}, extended_optional=False)


def rust(chain: Chain) -> None:
    """cryptography's verifier, with as few demands on extensions as it allows. It knows no CRLs."""
    ca = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.CRITICAL, None)
    verifier = (
        PolicyBuilder()
        .store(Store([x509.load_der_x509_certificate(octets(one)) for one in chain.anchors]))
        .time(chain.at)
        .extension_policies(ca_policy=ca, ee_policy=ExtensionPolicy.permit_all())
        .build_client_verifier()
    )
    leaf = x509.load_der_x509_certificate(octets(chain.leaf))
    verifier.verify(leaf, [x509.load_der_x509_certificate(octets(one)) for one in chain.intermediates])


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise _TooLongError

    signal.signal(signal.SIGALRM, ring)
    signal.alarm(_PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)


def tally(judge: Callable[[Chain], None], *, says: bool) -> Counter[str]:
    """How often what went wrong."""
    counted: Counter[str] = Counter()
    for case in CASES:
        chain = case.make()
        started = time.perf_counter()
        accepted = True
        try:
            with _alarm():
                judge(chain)
        except Exception:  # whatever a peer raises is a refusal
            accepted = False
        except _TooLongError:
            accepted = False
            counted["hanging"] += 1
        counted["slow"] += time.perf_counter() - started > MOST_SECONDS
        wrong = ("wrongly accepted" if case.is_hostile else "wrongly refused") if accepted is case.is_hostile else ""
        counted[wrong] += 1
        if wrong and says:
            print(f"    {wrong}: {case.name}")
    return counted


def main() -> int:
    """1 if ours is wrong once."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    hostile = sum(case.is_hostile for case in CASES)
    print(f"{hostile} hostile chains, {len(CASES) - hostile} legitimate ones")
    results = {}
    for name, judge in (("teacher registry", ours), ("pyhanko-certvalidator", library), ("cryptography", rust)):
        results[name] = counted = tally(judge, says="-v" in sys.argv)
        kinds = ("wrongly accepted", "wrongly refused", "slow", "hanging")
        print(f"{name:24}" + "   ".join(f"{counted[kind]:3} {kind}" for kind in kinds), flush=True)
    return int(any(count for kind, count in results["teacher registry"].items() if kind))


if __name__ == "__main__" and (failed := main()):
    sys.exit(failed)
