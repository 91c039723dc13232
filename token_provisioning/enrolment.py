"""From two codes to a working certificate on the token.

1. The first PIN is changed (`settle_pin`, before this module has a logged-in device).
2. begin: the CA knows the codes and this token.
3. The key: reused if one is there, made on the token if not; its attributes are read back.
4. The request: CSR by the key, binding signature by the binding key; the CA answers with the certificate.
5. The certificate is checked: our key, our CA, for client authentication, now.
6. It is written beside its key, read back, and older ones for the same key are removed.
7. Proof: the key signs the challenge, the certificate verifies it, the CA confirms.

Every step looks before it acts, so that a run broken off anywhere is repeated from the top: the same
key is found again (3), the CA answers the same certificate (4), what is there is not written twice (6).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from cryptography import x509

from token_provisioning import certificates, signatures
from token_provisioning.attributes import AUTH_LABEL, BINDING_LABEL, CA_LABEL, KeyAttributes
from token_provisioning.ca_client import Begun, CaClient, EnrolmentState, Issued
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

BINDING_CONTEXT = b"educa-enrolment-v1\0"
CONFIRM_CONTEXT = b"educa-confirm-v1\0"
KEY_ID_OCTETS = 16
_OTHER_KEY = frozenset({"key-in-use", "code-used"})


class Step(StrEnum):
    """The steps after login, as they are reported when done."""

    BEGUN = "begun"
    KEY_READY = "key-ready"
    ISSUED = "issued"
    CHECKED = "checked"
    WRITTEN = "written"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True)
class Codes:
    """What reached the holder by two ways."""

    reference: str
    authorisation_code: str


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the steps need of the world; the clock is aware UTC, `report` is told of each step done."""

    anchors: list[x509.Certificate]
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    report: Callable[[Step], None]


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """A confirmed certificate on the token, and the key that it belongs to."""

    begun: Begun
    pair: KeyPair
    attributes: KeyAttributes
    certificate: bytes


def enrol(device: Device, ca: CaClient, codes: Codes, around: Surroundings) -> Enrolled:
    """Run steps 2 to 7; raises what the device and the CA raise. Repeat it as often as needed."""
    binding = _binding_key(device)
    begun = ca.begin(reference=codes.reference, code=codes.authorisation_code, token_serial=device.serial)
    around.report(Step.BEGUN)
    pair, attributes, issued = _obtain(device, ca, begun, binding, around)
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
    around.report(Step.WRITTEN)
    _prove(device, ca, begun, pair, issued)
    around.report(Step.CONFIRMED)
    return Enrolled(begun=begun, pair=pair, attributes=attributes, certificate=issued.certificate)


def _binding_key(device: Device) -> KeyPair:
    pairs = device.key_pairs(BINDING_LABEL)
    if not pairs:
        raise NotInitialisedError(missing="缺少绑定密钥")
    return pairs[0]


def _obtain(
    device: Device, ca: CaClient, begun: Begun, binding: KeyPair, around: Surroundings
) -> tuple[KeyPair, KeyAttributes, Issued]:
    """Steps 3 and 4: the first key that the CA takes; nearly always there is exactly one candidate."""
    refusal: TokenError = KeyLostError()
    for pair in _candidates(device, begun, around.random_bytes):
        attributes = device.key_attributes(pair)
        attributes.require_token_born()
        around.report(Step.KEY_READY)
        try:
            return pair, attributes, _request(device, ca, begun, binding, pair)
        except CaRefusedError as error:
            if error.kind not in _OTHER_KEY:
                raise
            refusal = error
    raise refusal


def _candidates(device: Device, begun: Begun, random_bytes: Callable[[int], bytes]) -> Iterator[KeyPair]:
    """Yield the keys that may be this enrolment's, likeliest first; while it is open, lastly a new one.

    A key that has a certificate on the token while the enrolment is open is an earlier enrolment's.
    Once the CA has issued nothing is destroyed or made: only the key that it issued for will do.
    """
    still_open = begun.state is EnrolmentState.OPEN
    if still_open:
        device.remove_orphans(AUTH_LABEL)  # halves of a key whose generation was broken off
    certified = {stored.key_id for stored in device.certificates() if stored.label == AUTH_LABEL}
    pairs = [p for p in device.key_pairs(AUTH_LABEL) if p.algorithm is begun.key_algorithm]
    yield from (pair for pair in pairs if pair.key_id not in certified)
    if still_open:
        key_id = random_bytes(KEY_ID_OCTETS)
        yield device.generate(label=AUTH_LABEL, key_id=key_id, algorithm=begun.key_algorithm)
    else:
        yield from (pair for pair in pairs if pair.key_id in certified)


def _request(device: Device, ca: CaClient, begun: Begun, binding: KeyPair, pair: KeyPair) -> Issued:
    csr = build_csr(
        pair.public_key,
        pair.algorithm,
        common_name=device.serial,
        sign=lambda message: device.sign(pair, message),
    )
    bound = BINDING_CONTEXT + begun.nonce + sha256(csr).digest()
    return ca.certificate(session=begun.session, csr=csr, binding_signature=device.sign(binding, bound))


def _write(device: Device, pair: KeyPair, der: bytes) -> None:
    """Step 6: the new certificate is there before an older one for the same key goes."""
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


def _prove(device: Device, ca: CaClient, begun: Begun, pair: KeyPair, issued: Issued) -> None:
    """Step 7; a signature that the certificate on the token does not verify is never sent."""
    message = CONFIRM_CONTEXT + issued.challenge
    signature = device.sign(pair, message)
    signatures.verify(certificates.spki(issued.certificate), signature, message)
    serial = ca.confirm(session=begun.session, signature=signature)
    if serial.lstrip("0") != certificates.summary(issued.certificate).serial:
        raise CaAnswerInvalidError(reason="serial")
