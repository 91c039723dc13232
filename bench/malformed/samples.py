"""Sound contents for the requests to the CA: files, texts by field, API documents with a live session behind them."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from io import BytesIO
from random import Random
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp as other
from PIL import Image

from bench.malformed.request import Draft, Upload
from ca_service.domain.enrolments import Enrolment, EnrolmentStatus
from ca_service.domain.media import MediumStatus
from ca_service.intake.columns import COLUMNS, Column
from ca_service.intake.template import write_roster
from ca_service.web.front import CERTIFICATE
from ca_service.wiring import Wiring
from tests.ca_service.authorisation.entry import BELOW, LEAGUE
from tests.ca_service.office import SoftwareKeyInPlaceOfToken, software_token
from tests.road.roster import make_scan_pdf, make_units

_SPKI = PublicFormat.SubjectPublicKeyInfo
_SESSION = "q7-session"
_NONCE = bytes(range(32))
_ENROLMENT, _MEDIUM = "enrolment-q7", "medium-q7"
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "reason": ("按上级文件要求办理",), "ground": ("盟教发〔2026〕1号",),
    "explanation": ("工作调动",), "opinion": ("同意",),
    "name": ("示范单位", "张三"), "login": ("new-one", f"clerk-at-{LEAGUE}"), "role": ("clerk", "reviewer", "auditor"),
    "page": ("1", "2"), "kind": ("学校", "stop", "unlock", "information"), "act": ("good", "all", "check", "approve"),
    "decision": ("approve", "refuse", "keep-both"), "seen": ("submitted", "active"), "school_type": ("211",),
    "id_number": ("150302199001010004",), "mobile": ("19900000001",), "email": ("one@example.com",),
    "office_phone": ("0471-3000001",), "password": ("wrong password",), "code": ("123456", "9115030299"),
    "since": ("2026-01-01",), "until": ("2026-12-31",), "below": ("100",), "above": ("1",), "courier": ("SF1",),
    "serials": ("T-1 T-2",), "has_account": ("yes", "no"), "compared_with_card": ("1",), "status": ("submitted",),
    "q": ("示范",), "look": ("1",), "crl_reason": ("UNSPECIFIED", "KEY_COMPROMISE"), "duty": ("leader",),
}  # fmt: skip


@dataclass
class Samples:
    """`token` has its binding key registered and an open download session in the database."""

    token: SoftwareKeyInPlaceOfToken
    certificate: bytes
    issuing: x509.Certificate

    def text(self, rng: Random, name: str, unit: str) -> str:
        """A value that the field of this name may well have."""
        if name in ("unit", "to", "parent", "at", "UNIT", "target"):
            return unit
        return rng.choice(_TEXTS.get(name, ("1", "x", "yes", "示范", "2026-11-20")))

    def upload(self, rng: Random, endpoint: str, name: str) -> Upload:
        """A file that the field of this name may well have; a PDF seldom: it is looked at in a child process."""
        if name == "csr":
            return Upload(name, "request.csr", self.csr)
        if name in ("scan", "scans"):
            return Upload(name, "form.pdf", self.pdf) if rng.random() < 0.03 else Upload(name, "form.png", self.png)
        if "units" in endpoint:
            return Upload(name, *rng.choice((("units.csv", self.units), ("units.xlsx", self.roster))))
        return Upload(name, "sheet.xlsx", self.roster)

    @cached_property
    def csr(self) -> bytes:
        """A request for a certificate, DER."""
        return self.token.csr()

    @cached_property
    def pdf(self) -> bytes:
        """A stamped form."""
        return make_scan_pdf()

    @cached_property
    def png(self) -> bytes:
        """A stamped form, photographed."""
        buffer = BytesIO()
        Image.new("L", (400, 560), 255).save(buffer, "PNG")
        return buffer.getvalue()

    @cached_property
    def units(self) -> bytes:
        """CSV with three schools below the league."""
        return make_units(schools=3, league_code=LEAGUE).csv

    @cached_property
    def roster(self) -> bytes:
        """A registration sheet of two people."""
        row = ("示范学校", "示范人", "150302198001010001", "0473-3000001", "t@example.com", "19900000001", "211",
               "教师系统信息管理员", "乌海市示范路 1 号")  # fmt: skip
        return write_roster([dict(zip(COLUMNS, row, strict=True)), {Column.NAME: "只有名字"}])

    @cached_property
    def status_requests(self) -> tuple[bytes, ...]:
        """OCSP requests about a known and an unknown certificate, with and without a nonce."""
        found = []
        for algorithm in (hashes.SHA1(), hashes.SHA256()):
            for serial in (0xC9115030201, 7):
                key = self.issuing.public_key().public_bytes(Encoding.DER, _SPKI)
                name = _digest(self.issuing.subject.public_bytes(), algorithm)
                builder = other.OCSPRequestBuilder().add_certificate_by_hash(
                    name, _digest(key[26:], algorithm), serial, algorithm
                )
                found.append(builder.build().public_bytes(Encoding.DER))
                with_nonce = builder.add_extension(x509.OCSPNonce(b"q" * 16), critical=False)
                found.append(with_nonce.build().public_bytes(Encoding.DER))
        return tuple(found)

    def document(
        self, rng: Random, endpoint: str, form: Mapping[str, object]
    ) -> tuple[Any, Callable[[Draft], Draft], Mapping[str, object]]:
        """The body of an API call, what puts it right after the spoiling, and what the TLS server adds."""
        environ = {CERTIFICATE: self.certificate} if "renewals" in endpoint and rng.random() < 0.8 else {}
        name = endpoint.removeprefix("api.")
        finish = _rebound(self.bind) if name.endswith(".certificate") else _as_it_is
        if name == "registrations.push":
            return {"records": [self._person(rng) for _ in range(rng.choice((1, 2, 5)))]}, finish, environ
        return self._documents.get(name) or dict(form) or self._proof, finish, environ

    @cached_property
    def _documents(self) -> Mapping[str, Mapping[str, str]]:
        """Bodies that are the same each time, by endpoint."""
        csr, signature = (base64.b64encode(octets).decode() for octets in (self.csr, self.bind(self.csr)))
        certificate = {"session": _SESSION, "csr": csr, "binding_signature": signature}
        sealed = dict.fromkeys(("binding_public_key", "reader", "next_so_pin_sealed"), csr)
        return {
            "enrolments.begin": dict.fromkeys(("reference_number", "authorisation_code", "token_serial"), "ABCD2345"),
            "enrolments.certificate": certificate,
            "renewals.begin": {"token_serial": _MEDIUM},
            "renewals.certificate": certificate,
            "unblocks.begin": {"token_serial": _MEDIUM, "release_code": "ABCD2345"},
            "unblocks.release": {"session": _SESSION, **sealed},
        }

    @cached_property
    def _proof(self) -> Mapping[str, str]:
        return {"session": _SESSION, "signature": base64.b64encode(self.bind(b"x")).decode()}

    def _person(self, rng: Random) -> dict[str, str]:
        return {
            "external_id": f"q7-{rng.randrange(99)}", "unit_code": BELOW, "name": "示范人", "user_type": "信息管理员",
            "id_number": "150302199001010004", "office_phone": "0473-3000001", "email": "t@example.com",
            "mobile": "19900000001",
        }  # fmt: skip

    def bind(self, csr: bytes) -> bytes:
        """The binding key's signature over this request in the open session."""
        return self.token.bind(_NONCE, csr)


def _digest(data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _as_it_is(draft: Draft) -> Draft:
    return draft


def _rebound(bind: Callable[[bytes], bytes]) -> Callable[[Draft], Draft]:
    """The binding signature made anew over whatever the request for a certificate has become."""

    def finish(draft: Draft) -> Draft:
        document = draft.document
        try:
            signature = bind(base64.b64decode(document["csr"], validate=True))
        except (TypeError, KeyError, ValueError):
            return draft
        return replace(draft, document={**document, "binding_signature": base64.b64encode(signature).decode()})

    return finish


def open_session(wiring: Wiring) -> Samples:
    """Put a person's token with an open download session into the database, and return what goes with them."""
    services, token = wiring.services, software_token(_MEDIUM)
    now = services.clock()
    with services.begin() as uow:
        holder = uow.holders.get(f"holder-{BELOW}")
        example = uow.media.get(f"medium-{BELOW}")
        public = token.binding.public_key().public_bytes(Encoding.DER, _SPKI)
        uow.media.add(
            replace(
                example, serial=_MEDIUM, status=MediumStatus.HANDED_OVER, holder_id=holder.id,
                binding_key=public,
            )
        )  # fmt: skip
        uow.enrolments.add(
            Enrolment(
                _ENROLMENT, holder.id, _MEDIUM, "0" * 64, "0" * 64, EnrolmentStatus.OPEN, 5, "q7", now,
                now + timedelta(days=1), services.keyed_hash(f"session:{_SESSION}"), now + timedelta(days=1), _NONCE,
                _NONCE,
            )
        )  # fmt: skip
        issuing = uow.issuers.get("issuing").certificate
    return Samples(token, issuing, x509.load_der_x509_certificate(issuing))
