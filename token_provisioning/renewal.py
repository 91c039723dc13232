"""Renewal before expiry (更新): a new key on the same token; the old certificate is good until the new one is confirmed
by its first signature.

1. Which certificate is renewed: the oldest on the token that the CA still takes. Two are there when an earlier
   run was broken off: then the newer one is this renewal's own, or the CA has superseded the older one already.
2. begin, over TLS with that certificate.
3. Key, request, check, write, proof: `issuance`, never with the old key.
4. The old certificate and its key leave the token: nothing can be done with them any more.

Dead between the CA's confirmation and 4: the next run is told `superseded` at 2 and does 4. Dead within 4: the
journal says so, and the next run does what is missing of it.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from token_provisioning import certificates, holdings, issuance
from token_provisioning.attributes import AUTH_LABEL
from token_provisioning.ca_client import Begun, RenewalClient
from token_provisioning.device import Device
from token_provisioning.errors import CaRefusedError, NoCertificateError, NotRenewableError
from token_provisioning.holdings import Holding
from token_provisioning.issuance import Opened, Step, Surroundings
from token_provisioning.journal import Journal

BINDING_CONTEXT = b"educa-renewal-v1\0"
_TIDIED = "tidied"  # a step of the journal
# What the CA calls it.
_SUPERSEDED, _NOT_LIVE, _NOT_DUE = "superseded", "certificate-not-live", "renewal-not-due"

Connect = Callable[[Holding], AbstractContextManager[RenewalClient]]


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """The certificate on the token now, and the serial number of the one that it took the place of."""

    holding: Holding
    superseded: str


def renew(device: Device, connect: Connect, around: Surroundings) -> Renewed:
    """Run the steps; `connect` opens TLS with the certificate it is given. Repeat it as often as needed.

    Raises `NoCertificateError`, `NotRenewableError` where all have expired, and what the device and the CA raise.
    """
    binding = issuance.binding_key(device)
    if pending := _untidied(around.journal):
        return _tidy(device, around.journal, {pending})
    candidates = _in_time(holdings.all_of(device), around.clock())
    superseded: set[str] = set()
    for old in candidates:
        with connect(old) as ca:
            begun = _begin(device, ca, last=old is candidates[-1], superseded=bool(superseded))
            if isinstance(begun, Begun):
                around.journal.note(issuance.BEGUN, renews=old.certificate.serial)
                around.report(Step.BEGUN)
                keys = frozenset({old.pair.key_id})
                opened = Opened(begun=begun, binding=binding, context=BINDING_CONTEXT, old=keys)
                issuance.complete(device, ca, opened, around)
                return _tidy(device, around.journal, superseded | {old.certificate.serial})
        if begun == _SUPERSEDED:
            superseded.add(old.certificate.serial)
    return _tidy(device, around.journal, superseded)


def _untidied(journal: Journal) -> str:
    """Return the certificate that an earlier run has renewed and not taken off the token, empty if there is none."""
    steps = {entry.step: entry for entry in journal.since(issuance.BEGUN)}
    done = issuance.CONFIRMED in steps and _TIDIED not in steps
    return steps[issuance.BEGUN].facts.get("renews", "") if done else ""


def _in_time(found: list[Holding], at: datetime) -> list[Holding]:
    if not found:
        raise NoCertificateError
    live = [holding for holding in found if holding.certificate.not_after > at]
    if not live:
        raise NotRenewableError(until=found[-1].certificate.not_after.strftime("%Y-%m-%d"))
    return live


def _begin(device: Device, ca: RenewalClient, *, last: bool, superseded: bool) -> Begun | str:
    """Step 2; a text says why this certificate is not renewed while another one may be, or all is done."""
    try:
        return ca.begin(token_serial=device.serial)
    except CaRefusedError as error:
        done = error.problem == _NOT_DUE and superseded
        if done or (error.problem in (_SUPERSEDED, _NOT_LIVE) and not last):
            return error.problem
        raise


def _tidy(device: Device, journal: Journal, old: set[str]) -> Renewed:
    """Step 4; the key goes first: a key without certificate could be taken for one that waits for its own."""
    pairs = {pair.public_key: pair for pair in device.key_pairs(AUTH_LABEL)}
    for stored in device.certificates():
        if stored.label != AUTH_LABEL or certificates.serial_or_none(stored.der) not in old:
            continue
        pair = pairs.get(certificates.spki(stored.der))
        if pair is not None:
            device.remove_pair(AUTH_LABEL, pair)
        device.remove_certificate(stored)
    journal.note(_TIDIED)
    return Renewed(holding=holdings.current(device), superseded=", ".join(sorted(old)))
