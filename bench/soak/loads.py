"""Who does what during the run. Each actor is one thread; `act` does one thing and notes what was acknowledged."""

import base64
import itertools
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from bench.downloading import Equipped, download
from bench.soak.console import OddAnswerError, Person, hidden
from bench.soak.journal import Journal
from bench.soak.wire import Answer, Wire
from ca_service.domain.units import Unit
from ca_service.intake.columns import COLUMNS
from ca_service.intake.template import write_roster
from tests.ca_service.sheets import id_number
from tests.road.roster import make_scan_pdf

_SETTLED = 1.0
"""Seconds after an acknowledged change from which on every OCSP answer must tell it: what is promised."""

_BEING_SIGNED = 150.0
"""A process that died between intent and record blocks that download until the worker has closed it, after a minute."""


class Downloader:
    """Downloads, one person after the other, each until it is confirmed."""

    def __init__(self, wire: Wire, journal: Journal, people: Iterator[Equipped]) -> None:
        self._wire, self._journal, self._people = wire, journal, people

    def act(self) -> None:
        """The next person's download, as the helper does it: what is refused for now is begun anew."""
        person = next(self._people, None)
        if person is None:
            return
        csr, until = person.token.csr(), time.monotonic() + _BEING_SIGNED
        while not self._download(person, csr):
            if time.monotonic() > until:
                raise OddAnswerError(f"no download for {person.holder}")
            time.sleep(2)

    def _download(self, person: Equipped, csr: bytes) -> bool:
        certificate = download(person, csr, self._step)
        if certificate is None:
            return False
        self._journal.downloads[person.holder] = f"{x509.load_der_x509_certificate(certificate).serial_number:x}"
        return True

    def _step(self, step: str, body: Mapping[str, str]) -> Mapping[str, str] | None:
        headers = {"Content-Type": "application/json", "X-Forwarded-For": "10.78.0.1"}
        answer = self._wire.ask("download", "POST", f"/api/v1/enrolments/{step}", json.dumps(body).encode(), headers)
        if answer.status == 409:
            return None
        if answer.status != 200:
            raise OddAnswerError(f"{step}: {answer.status} {answer.text[:300]}")
        found: dict[str, str] = json.loads(answer.body)
        return found


class Officer:
    """Freezes, releases and now and then revokes certificates that nobody else touches, and asks OCSP about each."""

    def __init__(self, person: Person, relying: "Relying", journal: Journal, serials: Sequence[str], seed: int) -> None:
        self._person, self._relying, self._journal = person, relying, journal
        self._live, self._random = list(serials), random.Random(seed)
        self._status = dict.fromkeys(serials, "active")
        self._numbers = itertools.count(1)

    def act(self) -> None:
        """One change of one certificate; the status that was acknowledged last must be the one that is shown."""
        serial = self._random.choice(self._live)
        page = f"/certificates/{serial}"
        shown = hidden(self._person.get(page).text, "seen") if self._status[serial] != "revoked" else "revoked"
        if shown != self._status[serial]:
            self._journal.is_wrong(f"{serial} is {shown} and was acknowledged as {self._status[serial]}")
        act = self._next(serial)
        mark = f"{self._person.login} {next(self._numbers)}"
        fields = {"seen": shown, "act": act, "reason": mark, "crl_reason": "AFFILIATION_CHANGED"}
        if self._told(self._person.post(f"{page}/status", fields, page=page), page):
            self._note(serial, act, mark)

    def _next(self, serial: str) -> str:
        if len(self._live) > 2 and self._random.random() < 0.02:
            return "revoke"
        return "unfreeze" if self._status[serial] == "frozen" else "freeze"

    def _told(self, answer: Answer, page: str) -> bool:
        """Whether the change is done. After a try that was broken off the page of the certificate tells."""
        if answer.status == 302 and answer.headers["location"].endswith(page):
            return True
        if answer.repeated and answer.status in (409, 422):
            return True
        raise OddAnswerError(f"{page}: {answer.status} {answer.text[:300]}")

    def _note(self, serial: str, act: str, mark: str) -> None:
        self._journal.acts[serial].append((act, mark))
        self._status[serial] = {"freeze": "frozen", "unfreeze": "active", "revoke": "revoked"}[act]
        told = time.monotonic()
        if act == "revoke":
            self._live.remove(serial)
            self._journal.revoked[serial] = told
        time.sleep(max(0.0, told + _SETTLED - time.monotonic()))
        self._relying.expect(serial, good=act == "unfreeze")


@dataclass
class Relying:
    """Asks for statuses and lists, as relying systems do."""

    wire: Wire
    journal: Journal
    issuing: x509.Certificate
    serials: Sequence[str]
    seed: int
    _number: int = 0
    _requests: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Its own dice."""
        self._random = random.Random(self.seed)

    def ask(self) -> None:
        """The status of some certificate; one whose revocation was acknowledged is never good again."""
        serial = self._random.choice(self.serials)
        asked = time.monotonic()
        good = self._good(serial)
        revoked = self.journal.revoked.get(serial)
        if good and revoked is not None and revoked + _SETTLED < asked:
            self.journal.is_wrong(f"OCSP calls {serial} good, which was revoked before")

    def expect(self, serial: str, *, good: bool) -> None:
        """What it must be now."""
        if self._good(serial) is not good:
            self.journal.is_wrong(f"OCSP does not call {serial} {'good' if good else 'revoked'}")

    def fetch(self) -> None:
        """The complete list; its number never goes back."""
        answer = self.wire.ask("CRL", "GET", "/crl/issuing.crl")
        found = x509.load_der_x509_crl(answer.body)
        number = found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        if number < self._number:
            self.journal.is_wrong(f"CRL number {number} after {self._number}")
        if number > self._number and not found.is_signature_valid(self.issuing.public_key()):  # type: ignore[arg-type]
            self.journal.is_wrong(f"CRL {number} has a wrong signature")
        self._number = number
        self.journal.lists += 1

    def _good(self, serial: str) -> bool:
        headers = {"Content-Type": "application/ocsp-request"}
        answer = self.wire.ask("OCSP", "POST", "/ocsp", self._request(serial), headers)
        if answer.status != 200:
            raise OddAnswerError(f"OCSP: {answer.status}")
        found = ocsp.load_der_ocsp_response(answer.body)
        if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL or found.serial_number != int(serial, 16):
            raise OddAnswerError(f"OCSP: {found.response_status}")
        self.journal.answers[found.certificate_status.name] += 1
        return found.certificate_status is ocsp.OCSPCertStatus.GOOD

    def _request(self, serial: str) -> bytes:
        if serial not in self._requests:
            key = x509.SubjectKeyIdentifier.from_public_key(self.issuing.public_key()).digest
            name = hashes.Hash(hashes.SHA1())
            name.update(self.issuing.subject.public_bytes())
            builder = ocsp.OCSPRequestBuilder()
            builder = builder.add_certificate_by_hash(name.finalize(), key, int(serial, 16), hashes.SHA1())
            self._requests[serial] = builder.build().public_bytes(serialization.Encoding.DER)
        return self._requests[serial]


class Visitors:
    """People who sign in, look, and sign out; each on a connection of their own."""

    def __init__(self, people: Sequence[Person], journal: Journal) -> None:
        self._people, self._journal = itertools.cycle(people), journal

    def act(self) -> None:
        """Sign in, look at the overview, sign out; the sign-in is noted, so that the audit log can be compared."""
        person = next(self._people)
        person.sign_in()
        self._journal.sign_ins[person.login] += 1
        person.get("/overview")
        person.sign_out()


@dataclass
class Importer:
    """A clerk uploads a sheet of one person; two reviewers let the application pass; the worker pushes it."""

    clerk: Person
    reviewers: Sequence[Person]
    journal: Journal
    schools: Iterator[Unit]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(2_000))

    def act(self) -> None:
        """One sheet, from its upload to the approval."""
        school = next(self.schools, None)
        if school is None:
            return
        number = id_number(school.area_code, next(self._numbers))
        values = (
            school.name, "示范人", number, "0473-3000001", f"{school.code}@example.com", "19900000001",
            school.school_type or "", "教师系统信息管理员", "乌海市示范路 1 号",
        )  # fmt: skip
        batch = self._entered(write_roster([dict(zip(COLUMNS, values, strict=True))]))
        for reviewer in self.reviewers:
            self._pass(reviewer, batch)
        self.journal.approved[school.code] = number

    def _entered(self, sheet: bytes) -> str:
        """The batch. A sheet that comes again is recognised, so what was broken off is simply begun anew."""
        while True:
            files = {"sheet": ("roster.xlsx", sheet), "scan": ("form.pdf", make_scan_pdf())}
            examined = self.clerk.upload("/applications/import", {"unit": "150300"}, files)
            draft = examined.headers.get("location", "")
            if examined.status != 302:
                raise OddAnswerError(f"upload: {examined.status} {examined.text[:300]}")
            page = self.clerk.get(draft)
            fields = {"csrf_token": hidden(page.text, "csrf_token"), "act": "good"}
            taken = self.clerk.submit(draft, fields)
            if taken.status == 302:
                return taken.headers["location"].rpartition("/")[2]
            if not taken.repeated:
                raise OddAnswerError(f"import: {taken.status} {taken.text[:300]}")

    def _pass(self, reviewer: Person, batch: str) -> None:
        page = reviewer.get(f"/review?batch={batch}").text
        if 'name="shown"' not in page:
            raise OddAnswerError(f"nothing to review of {batch}: {page[:300]}")
        own = hidden(page, "shown")
        fields = {"csrf_token": hidden(page, "csrf_token"), "shown": own, "pass": own.partition(":")[0]}
        answer = reviewer.submit("/review", fields)
        if answer.status != 200 and not (answer.repeated and answer.status == 409):
            raise OddAnswerError(f"review: {answer.status} {answer.text[:300]}")


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
