"""People in every role and the shortest way to any state: tests say only what deviates."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca_service.domain.applications import Contact
from ca_service.domain.certificates import Certificate
from ca_service.domain.changes import ChangeKind
from ca_service.domain.enrolments import BINDING_CONTEXT, CONFIRM_CONTEXT
from ca_service.domain.holders import HolderStatus
from ca_service.domain.messages import Channel
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE, UnitKind
from ca_service.workflows import change, custody, enrol, handovers
from ca_service.workflows.enrol_certificate import Delivered, certificate
from ca_service.workflows.enrol_codes import IssuedCode, issue_code
from ca_service.workflows.enrol_sessions import Session
from ca_service.workflows.ports import Services
from ca_service.workflows.push import Confirmation, PushedPerson, receive
from ca_service.workflows.units import import_units
from tests.road.roster import make_scan_pdf, make_units

LEAGUE, BANNER = "150300", "150302"
UNIVERSITY = "4115099901"
CONTACT = Contact("150302199001010004", "0473-3000001", "teacher@example.com", "19900000001")
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def actor(role: Role, unit: str = CENTRE_CODE, login: str = "", via: str = "cli") -> Actor:
    """Somebody with one role."""
    return Actor(login or f"{role}-{unit}", unit, frozenset({role}), via)


@dataclass(frozen=True)
class SoftwareKeyInPlaceOfToken:
    """Stands for a token: the binding key and the new key are in memory. tests/road uses real tokens."""

    serial: str
    binding: ec.EllipticCurvePrivateKey
    key: PrivateKey

    def csr(self) -> bytes:
        """A PKCS#10 request by the new key."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ignored")])
        builder = x509.CertificateSigningRequestBuilder().subject_name(name)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def bind(self, nonce: bytes, csr: bytes) -> bytes:
        """The binding key's signature."""
        message = BINDING_CONTEXT + nonce + hashlib.sha256(csr).digest()
        return self.binding.sign(message, ec.ECDSA(hashes.SHA256()))

    def prove(self, challenge: bytes) -> bytes:
        """The new key's signature."""
        assert isinstance(self.key, ec.EllipticCurvePrivateKey)
        return self.key.sign(CONFIRM_CONTEXT + challenge, ec.ECDSA(hashes.SHA256()))


def software_token(serial: str) -> SoftwareKeyInPlaceOfToken:
    """A fresh one."""
    return SoftwareKeyInPlaceOfToken(
        serial, ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    )


@dataclass
class Office:
    """The service as its staff use it."""

    services: Services

    clerk = actor(Role.CLERK, LEAGUE)
    reviewer = actor(Role.REVIEWER)
    custodian = actor(Role.CUSTODIAN)
    operator = actor(Role.OPERATOR)
    directory = actor(Role.DIRECTORY)

    @cached_property
    def school(self) -> str:
        """A school of the banner; the units are imported on the way."""
        units = make_units(schools=60, league_code=LEAGUE)
        import_units(self.services, self.operator, units.csv, filename="units.csv")
        return next(unit.code for unit in units.units if unit.parent_code == BANNER)

    @property
    def scan(self) -> bytes:
        """A stamped form."""
        return make_scan_pdf()

    def person(self, external_id: str = "A1", **changes: str) -> PushedPerson:
        """An approved person of the school."""
        fields = {"unit_code": self.school, "name": "示范人", "user_type": "信息管理员"} | changes
        return PushedPerson(external_id=external_id, contact=CONTACT, **fields)

    def holder(self, external_id: str = "A1") -> str:
        """A registered person's id; a school has one administrator, so each new one is of another school."""
        return self.push([self.person(external_id, unit_code=self._place_of(external_id))])[0].holder_id

    def colleague(self, external_id: str) -> str:
        """A registered person's id at the university, which may have any number of administrators."""
        return self.push([self.person(external_id, unit_code=UNIVERSITY)])[0].holder_id

    def _place_of(self, external_id: str) -> str:
        first = self.school
        with self.services.read() as uow:
            here = {h.external_id: h.unit_code for h in uow.holders.find(status=HolderStatus.ACTIVE)}
            schools = [first, *(unit.code for unit in uow.units.find(kind=UnitKind.SCHOOL, within=LEAGUE))]
        return here.get(external_id) or next(code for code in schools if code not in here.values())

    def push(self, persons: Sequence[PushedPerson]) -> Sequence[Confirmation]:
        """The CA's confirmations of persons that the user directory pushes."""
        return receive(self.services, self.directory, persons, body=repr(persons).encode()).confirmations

    def token(self, serial: str = "T1") -> SoftwareKeyInPlaceOfToken:
        """An initialised token in the centre's stock."""
        made = software_token(serial)
        custody.register(self.services, self.custodian, [custody.NewMedium(serial, "test")])
        public = made.binding.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        custody.initialise(self.services, self.custodian, serial, binding_key=public)
        return made

    def handed_over(self, number: str = "1") -> tuple[str, SoftwareKeyInPlaceOfToken]:
        """A person with a token in hand."""
        holder, token = self.holder(f"A{number}"), self.token(f"T{number}")
        handovers.hand_over(self.services, self.custodian, token.serial, holder_id=holder)
        return holder, token

    def codes(self, holder: str) -> tuple[str, str]:
        """Reference number and authorisation code, each read where its receiver reads it."""
        issued: IssuedCode = issue_code(self.services, self.reviewer, holder)
        with self.services.read() as uow:
            texts = {message.created_at: message.letter.text for message in uow.messages.find(channel=Channel.SMS)}
        found = re.search(r"授权码为 (\w+)", texts[max(texts)])
        assert found
        return issued.reference_number, found.group(1)

    def unlock_asked(self, holder: str) -> str:
        """The change case of a person who asks for an unlock."""
        form = change.Form(ChangeKind.UNLOCK, holder, "PIN", "", False, self.scan, "form.pdf")
        return change.submit(self.services, self.clerk, form).id

    def unlock(self, holder: str) -> None:
        """Ask for an unlock and carry it out, by two people."""
        case = self.unlock_asked(holder)
        change.decide(self.services, self.reviewer, case, change.Decision(approve=True))
        change.execute(self.services, self.reviewer, case)

    def released(self, holder: str) -> str:
        """The release code of a person whose token is reported as locked."""
        self.unlock(holder)
        with self.services.read() as uow:
            texts = {message.created_at: message.letter.text for message in uow.messages.find(channel=Channel.SMS)}
        found = re.search(r"解锁码为 (\w+)", texts[max(texts)])
        assert found
        return found.group(1)

    def told(self, channel: Channel, words: str) -> list[str]:
        """The texts with these words that went out by this way, oldest first."""
        with self.services.read() as uow:
            found = uow.messages.find(channel=channel, order="created_at")
        return [message.letter.text for message in found if words in message.letter.text]

    def begin(self, token: SoftwareKeyInPlaceOfToken, codes: tuple[str, str]) -> enrol.Begun:
        """Open a download session."""
        return enrol.begin(self.services, reference=codes[0], code=codes[1], medium_serial=token.serial)

    def fetch(self, token: SoftwareKeyInPlaceOfToken, begun: enrol.Begun) -> Delivered:
        """Ask for the certificate."""
        csr = token.csr()
        signature = token.bind(begun.nonce, csr)
        return certificate(self.services, Session(begun.session), csr=csr, binding_signature=signature)

    def enrolled(self, number: str = "1") -> Certificate:
        """A person's active certificate."""
        holder, token = self.handed_over(number)
        begun = self.begin(token, self.codes(holder))
        return self.confirm(token, begun, self.fetch(token, begun))

    def confirm(self, token: SoftwareKeyInPlaceOfToken, begun: enrol.Begun, delivered: Delivered) -> Certificate:
        """Prove the new key."""
        return enrol.confirm(self.services, Session(begun.session), signature=token.prove(delivered.challenge))
