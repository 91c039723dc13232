"""From a session at the CA to a confirmed certificate on the token: what enrolment and renewal have in common.

1. The key: reused if one is there, made on the token if not; its attributes are read back.
2. The request: CSR by the key, binding signature by the binding key; the CA answers with the certificate.
3. The certificate is checked: our key, our CA, for client authentication, now.
4. It is written beside its key, read back, and older ones for the same key are removed.
5. Proof: the key signs the challenge, the certificate verifies it, the CA confirms.
6. Keys that were made on the way and got no certificate are destroyed.

Every step looks before it acts, so that a run broken off anywhere is repeated from the top: the same
key is found again (1), the CA answers the same certificate (2), what is there is not written twice (4).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from cryptography import x509

from token_provisioning import certificates, signatures
from token_provisioning.attributes import AUTH_LABEL, BINDING_LABEL, CA_LABEL, KeyAttributes
from token_provisioning.ca_client import Begun, CertificateCalls, Confirmed, EnrolmentState, Issued
from token_provisioning.csr import build_csr
from token_provisioning.device import Device, KeyPair, StoredCertificate
from token_provisioning.errors import (
    CaAnswerInvalidError,
    CaRefusedError,
    KeyLostError,
    NotInitialisedError,
    TokenError,
    TokenFailedError,
    TokenFullError,
)
from token_provisioning.journal import Journal

CONFIRM_CONTEXT = b"educa-confirm-v1\0"
KEY_ID_OCTETS = 16
_OTHER_KEY = frozenset({"key-in-use", "code-used"})
# Steps of the journal.
BEGUN, _MAKING, _ISSUED, _WRITTEN, CONFIRMED = "begun", "making-key", "issued", "written", "confirmed"


class Step(StrEnum):
    """The steps after login, as they are reported when done."""

    BEGUN = "begun"
    KEY_READY = "key-ready"
    ISSUED = "issued"
    CHECKED = "checked"
    WRITTEN = "written"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the steps need of the world; the clock is aware UTC, `report` is told of each step done."""

    anchors: list[x509.Certificate]
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    report: Callable[[Step], None]
    journal: Journal


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A session at the CA, and what the binding key has to put before nonce and CSR hash.

    `old` are the CKA_IDs of keys that are not to be used: the one that is renewed.
    """

    begun: Begun
    binding: KeyPair
    context: bytes
    old: frozenset[bytes] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """A confirmed certificate on the token, and the key that it belongs to."""

    begun: Begun
    pair: KeyPair
    attributes: KeyAttributes
    certificate: bytes
    confirmed: Confirmed


def binding_key(device: Device) -> KeyPair:
    """Return the binding key; raises `NotInitialisedError` on a token that is none of ours."""
    pairs = device.key_pairs(BINDING_LABEL)
    if not pairs:
        raise NotInitialisedError(missing="缺少绑定密钥")
    return pairs[0]


def complete(device: Device, ca: CertificateCalls, opened: Opened, around: Surroundings) -> Enrolled:
    """Run the steps; raises what the device and the CA raise. Repeat it, with a new session, as often as needed."""
    pair, attributes, issued = _obtain(device, ca, opened, around)
    serial = certificates.summary(issued.certificate).serial
    around.journal.note(_ISSUED, certificate=serial)
    around.report(Step.ISSUED)
    path = certificates.require_ours(
        issued.certificate,
        chain=issued.chain,
        public_key=pair.public_key,
        anchors=around.anchors,
        at=around.clock(),
    )
    around.report(Step.CHECKED)
    _write(device, pair, issued.certificate)
    _write_chain(device, path)
    around.journal.note(_WRITTEN, certificate=serial)
    around.report(Step.WRITTEN)
    confirmed = _prove(device, ca, opened.begun, pair, issued)
    around.journal.note(CONFIRMED, certificate=serial)
    _remove_unused(device, around.journal)
    around.report(Step.CONFIRMED)
    return Enrolled(
        begun=opened.begun, pair=pair, attributes=attributes, certificate=issued.certificate, confirmed=confirmed
    )


def _obtain(
    device: Device, ca: CertificateCalls, opened: Opened, around: Surroundings
) -> tuple[KeyPair, KeyAttributes, Issued]:
    """Steps 1 and 2: the first key that the CA takes; nearly always there is exactly one candidate."""
    refusal: TokenError = KeyLostError()
    for pair in _candidates(device, opened, around):
        attributes = device.key_attributes(pair)
        attributes.require_token_born()
        around.report(Step.KEY_READY)
        try:
            return pair, attributes, _request(device, ca, opened, pair)
        except CaRefusedError as error:
            if error.problem not in _OTHER_KEY:
                raise
            refusal = error
    raise refusal


def _candidates(device: Device, opened: Opened, around: Surroundings) -> Iterator[KeyPair]:
    """Yield the keys that may be this session's, likeliest first; while it is open, lastly a new one.

    A key that has a certificate on the token while the enrolment is open is an earlier enrolment's.
    Once the CA has issued nothing is destroyed or made: only the key that it issued for will do.
    """
    still_open = opened.begun.state is EnrolmentState.OPEN
    algorithm = opened.begun.key_algorithm
    if still_open:
        device.remove_orphans(AUTH_LABEL)  # halves of a key whose generation was broken off
    certified = {stored.key_id for stored in device.certificates() if stored.label == AUTH_LABEL}
    ours = _made_by(around.journal)
    pairs = [p for p in device.key_pairs(AUTH_LABEL) if p.algorithm is algorithm and p.key_id not in opened.old]
    pairs.sort(key=lambda pair: pair.key_id.hex() not in ours)
    yield from (pair for pair in pairs if pair.key_id not in certified)
    if still_open:
        key_id = around.random_bytes(KEY_ID_OCTETS)
        around.journal.note(_MAKING, key_id=key_id.hex())
        yield device.generate(label=AUTH_LABEL, key_id=key_id, algorithm=algorithm)
    else:
        yield from (pair for pair in pairs if pair.key_id in certified)


def _made_by(journal: Journal) -> set[str]:
    return {entry.facts.get("key_id", "") for entry in journal.entries if entry.step == _MAKING}


def _request(device: Device, ca: CertificateCalls, opened: Opened, pair: KeyPair) -> Issued:
    csr = build_csr(
        pair.public_key,
        pair.algorithm,
        common_name=device.serial,
        sign=lambda message: device.sign(pair, message),
    )
    bound = opened.context + opened.begun.nonce + sha256(csr).digest()
    signature = device.sign(opened.binding, bound)
    return ca.certificate(session=opened.begun.session, csr=csr, binding_signature=signature)


def _write(device: Device, pair: KeyPair, der: bytes) -> None:
    """Step 4: the new certificate is there before an older one for the same key goes."""
    wanted = StoredCertificate(label=AUTH_LABEL, key_id=pair.key_id, der=der)
    if wanted not in device.certificates():
        device.store_certificate(wanted)
    present = device.certificates()
    if wanted not in present:
        raise TokenFailedError(code="CKA_VALUE")
    for stored in present:
        if stored.label == AUTH_LABEL and stored.key_id == pair.key_id and stored != wanted:
            device.remove_certificate(stored)


def _write_chain(device: Device, chain: list[bytes]) -> None:
    """Write the CA certificates where there is room: programs find the path by themselves, then."""
    present = {stored.der for stored in device.certificates()}
    for link in chain:
        if link in present:
            continue
        key_id = sha256(certificates.spki(link)).digest()[:KEY_ID_OCTETS]
        try:
            device.store_certificate(StoredCertificate(label=CA_LABEL, key_id=key_id, der=link))
        except TokenFullError:
            return


def _prove(device: Device, ca: CertificateCalls, begun: Begun, pair: KeyPair, issued: Issued) -> Confirmed:
    """Step 5; a signature that the certificate on the token does not verify is never sent."""
    message = CONFIRM_CONTEXT + issued.challenge
    signature = device.sign(pair, message)
    signatures.verify(certificates.spki(issued.certificate), signature, message)
    confirmed = ca.confirm(session=begun.session, signature=signature)
    if confirmed.serial != certificates.summary(issued.certificate).serial:
        raise CaAnswerInvalidError(reason="serial")
    return confirmed


def _remove_unused(device: Device, journal: Journal) -> None:
    """Step 6: only keys that this helper made for this token, and never one with a certificate."""
    unused = _made_by(journal) - {stored.key_id.hex() for stored in device.certificates()}
    if not unused:
        return  # to find the pairs costs a signature each, on some tokens a second
    for pair in device.key_pairs(AUTH_LABEL):
        if pair.key_id.hex() in unused:
            device.remove_pair(AUTH_LABEL, pair)
