"""The people of a drill: a unit, persons and tokens of its own, marked as such, with keys in memory.

What stands for a token keeps its binding key and certificate keys here, so that a drill needs neither real tokens nor
their owners. Nothing leaves the copy: no message is delivered, and its CA key is worth nothing elsewhere.
"""

import hashlib
import re
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from ca_service.domain.applications import Contact
from ca_service.domain.areas import leagues
from ca_service.domain.enrolments import BINDING_CONTEXT, CONFIRM_CONTEXT, RENEWAL_CONTEXT
from ca_service.domain.errors import NotFound
from ca_service.domain.messages import Channel
from ca_service.domain.persons import UserType
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind
from ca_service.workflows import custody, handovers
from ca_service.workflows.enrol_codes import issue_code
from ca_service.workflows.ports import Services, Since
from ca_service.workflows.push import PushedPerson, receive
from ca_service.workflows.units import create_unit

# Of a university a unit may have several administrators. Its five last digits are no 院校代码 of the region.
_UNIT, _NAME = "4115099999", "演练数据（不存在的学校）"
# Sequence number 000 is handed out to nobody.
_CONTACT = Contact("150302199001010004", "0473-3000001", "", "19900000001")


def officer(role: Role) -> Actor:
    """Somebody at the centre with one role; what they do is told apart in the copy's audit log."""
    return Actor(f"drill:{role}", CENTRE_CODE, frozenset({role}), "cli")


OPERATOR, REVIEWER, CUSTODIAN = (officer(role) for role in (Role.OPERATOR, Role.REVIEWER, Role.CUSTODIAN))
_DIRECTORY = officer(Role.DIRECTORY)


def new_key() -> bytes:
    """A P-256 key as it goes from process to process (PKCS#8 DER)."""
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True)
class Person:
    """Somebody with a token in hand: the keys on it (PKCS#8 DER), and the codes of a download."""

    holder: str
    token: str
    binding: bytes
    key: bytes
    reference: str
    code: str

    def with_new_key(self) -> "Person":
        """The same with another key, as for a renewal."""
        return replace(self, key=new_key())

    def request(self) -> bytes:
        """PKCS#10 by the certificate's key."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "drill")])
        builder = x509.CertificateSigningRequestBuilder().subject_name(name)
        return builder.sign(_loaded(self.key), hashes.SHA256()).public_bytes(Encoding.DER)

    def bound(self, nonce: bytes, request: bytes, *, renewal: bool = False) -> bytes:
        """The binding key's signature over nonce and request."""
        context = RENEWAL_CONTEXT if renewal else BINDING_CONTEXT
        return _signed(self.binding, context + nonce + hashlib.sha256(request).digest())

    def proof(self, challenge: bytes) -> bytes:
        """The certificate key's signature over the challenge."""
        return _signed(self.key, CONFIRM_CONTEXT + challenge)


def _loaded(key: bytes) -> ec.EllipticCurvePrivateKey:
    loaded = load_der_private_key(key, None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TypeError("a drill's keys are P-256")
    return loaded


def _signed(key: bytes, message: bytes) -> bytes:
    return _loaded(key).sign(message, ec.ECDSA(hashes.SHA256()))


def found_unit(services: Services) -> None:
    """The unit of all who take part, where it is not there yet."""
    with services.read() as uow:
        if uow.units.find(code=_UNIT):
            return
    unit = Unit(_UNIT, _NAME, UnitKind.UNIVERSITY, CENTRE_CODE, leagues()[0].code)
    create_unit(services, OPERATOR, unit, ground="故障演练（副本）")


def equipped(services: Services, number: str) -> Person:
    """A new person of the unit with a token handed over and codes issued."""
    pushed = PushedPerson(f"drill-{number}", _UNIT, "演练人", UserType.INFORMATION.value, _CONTACT)
    holder = receive(services, _DIRECTORY, [pushed], body=number.encode()).confirmations[0].holder_id
    token, binding = f"DRILL-{number}", new_key()
    custody.register(services, CUSTODIAN, [custody.NewMedium(token, "drill")])
    public = _loaded(binding).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    custody.initialise(services, CUSTODIAN, token, binding_key=public)
    handovers.hand_over(services, CUSTODIAN, token, holder_id=holder)
    reference, code = _codes(services, holder)
    return Person(holder, token, binding, new_key(), reference, code)


def _codes(services: Services, holder: str) -> tuple[str, str]:
    """Reference number and authorisation code, each read where its receiver reads it."""
    since = Since(services.clock())
    issued = issue_code(services, REVIEWER, holder)
    with services.read() as uow:
        found = uow.messages.find(channel=Channel.SMS, unit_code=_UNIT, created_at=since)
        texts = [message.letter.text for message in found]
    for code in (match[1] for text in texts if (match := re.search(r"授权码为 (\w+)", text))):
        if services.keyed_hash(f"code:{issued.reference_number}:{code}") == issued.enrolment.code_hash:
            return issued.reference_number, code
    raise NotFound("演练数据的授权码没有出现在待发消息中。")
