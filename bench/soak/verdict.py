"""In the end: everything that was acknowledged is looked for, and what keeps watch over the service is asked."""

import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography import x509

from bench.soak.course import Course
from bench.soak.machines import PARTS
from ca_service.domain.applications import ApplicationStatus
from ca_service.domain.audit import Tag
from ca_service.domain.certificates import ENDED, CertificateStatus
from ca_service.domain.crls import CrlStatus
from ca_service.domain.messages import Channel, MessageStatus
from ca_service.workflows.ports import UnitOfWork

_PROFILE = "information-administrator"
_SETTLES_WITHIN = 120.0


def judge(course: Course) -> Sequence[str]:
    """Everything that is lost, wrong or not as promised; called while the service runs."""
    _let_it_settle(course)
    services = course.stage.wiring.services
    found = list(course.journal.wrong)
    with services.read() as uow:
        for look in (_status_changes, _downloads, _applications, _messages, _sign_ins, _lists):
            found += look(course, uow)
    return [*found, *_published(course), *_commands(course), *_promises(course), *_tracebacks(course)]


def _let_it_settle(course: Course) -> None:
    """Until the worker has published the last change and pushed the last approval, and closed what a death left."""
    until = time.monotonic() + _SETTLES_WITHIN
    services = course.stage.wiring.services
    while time.monotonic() < until:
        with services.read() as uow:
            newest = uow.crls.standing("issuing")
            version = uow.issuers.get("issuing").status_version
            open_ = uow.applications.count(status=ApplicationStatus.APPROVED)
            open_ += uow.certificates.count(status=CertificateStatus.SIGNING)
            open_ += uow.messages.count(status=[MessageStatus.PENDING])
        if newest is not None and newest.status_version == version and not open_:
            return
        time.sleep(0.5)
    course.journal.is_wrong("the worker did not come to an end: lists, pushes, messages or interrupted signatures")


def _status_changes(course: Course, uow: UnitOfWork) -> Iterator[str]:
    for serial, acts in course.journal.acts.items():
        steps = uow.status_events.find(serial=serial, order="seq")
        kept = [(step.event.value, step.reason) for step in steps if step.reason.startswith("officer-")]
        if kept != acts:
            yield f"{serial}: acknowledged {acts[-3:]}, in the history {kept[-3:]} ({len(acts)} and {len(kept)})"


def _downloads(course: Course, uow: UnitOfWork) -> Iterator[str]:
    told = course.journal.downloads
    live: dict[str, list[str]] = {holder: [] for holder in told}
    for one in uow.certificates.find(profile=_PROFILE):
        touched = one.serial in course.journal.acts
        if one.holder_id in live and (one.status not in ENDED or touched) and one.confirmed_at is not None:
            live[one.holder_id].append(one.serial)
    for holder, serial in told.items():
        if live[holder] != [serial]:
            yield f"{holder}: acknowledged {serial}, in force {live[holder]}"


def _applications(course: Course, uow: UnitOfWork) -> Iterator[str]:
    for school in course.journal.approved:
        made = [one.status for one in uow.applications.find(unit_code=school)]
        people = uow.holders.count(unit_code=school)
        if made != [ApplicationStatus.CONFIRMED] or people != 1:
            yield f"{school}: approved, but applications {made} and {people} persons"


def _messages(course: Course, uow: UnitOfWork) -> Iterator[str]:
    """Each person registered by an approval is told once, whichever of the workers did it and however it ended."""
    sent = Counter(one.letter.to for one in uow.messages.find(channel=Channel.EMAIL))
    for school in course.journal.approved:
        if sent[f"{school}@example.com"] != 1:
            yield f"{school}: {sent[f'{school}@example.com']} messages about the registration"


def _sign_ins(course: Course, uow: UnitOfWork) -> Iterator[str]:
    entered = Counter(entry.subject for entry in uow.audit.entries() if entry.tag == Tag.STAFF_SIGNED_IN)
    for login, times in course.journal.sign_ins.items():
        if entered[login] < times:
            yield f"{login}: {times} sign-ins acknowledged, {entered[login]} in the audit log"


def _lists(course: Course, uow: UnitOfWork) -> Iterator[str]:
    published = uow.crls.find(name="issuing", status=CrlStatus.PUBLISHED, order="number")
    if uow.crls.count(status=CrlStatus.REFUSED):
        yield "the gate refused a list"
    versions = [one.status_version for one in published]
    if versions != sorted(versions):
        yield "a list tells less than the one before"
    newest = x509.load_der_x509_crl(published[-1].der or b"")
    listed = {f"{entry.serial_number:x}" for entry in newest}
    for serial, acts in course.journal.acts.items():
        if (serial in listed) is (acts[-1][0] == "unfreeze"):
            yield f"{serial}: last acknowledged {acts[-1][0]}, {'on' if serial in listed else 'not on'} the last CRL"


def _published(course: Course) -> Iterator[str]:
    """Both machines publish the same list."""
    bodies = set()
    for one in course.stage.machines:
        with urllib.request.urlopen(f"http://{one.publication}/crl/issuing.crl", timeout=30) as answer:
            bodies.add(answer.read())
    if len(bodies) != 1:
        yield "the two machines publish different lists"


def _commands(course: Course) -> Iterator[str]:
    urls = [part for one in course.stage.machines for part in ("--url", f"http://{one.publication}")]
    for command in (["audit", "verify", "--as", "auditor"], ["audit", "status", "--as", "auditor", "--all", *urls]):
        program = [sys.executable, "-m", "ca_service.cli.main", "--config", str(course.stage.machines[0].config)]
        done = subprocess.run(
            [*program, *command], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
        )
        if done.returncode:
            yield f"educa {' '.join(command[:2])}: {done.stdout[-1500:]} {done.stderr[-500:]}"


def _promises(course: Course) -> Iterator[str]:
    journal, plan = course.journal, course.plan
    if not course.failed_over or course.kills < int(plan.seconds / plan.kill_every) - 1:
        yield f"only {course.kills} kills, failover {course.failed_over}"
    if journal.error_rate > plan.highest_error_rate:
        yield f"{journal.errors.total()} errors in {journal.requests.total()} requests: {json.dumps(journal.errors)}"
    if any(not number for number in journal.counts().values()):
        yield f"something was never done: {dict(journal.counts())}"
    for name, (level, gained) in course.memory.growth(plan.seconds).items():
        if gained > plan.most_growth:
            yield f"memory of {name}: {level:.0f} MiB after the warm-up, and {gained:.0f} MiB more in the end"


def _tracebacks(course: Course) -> Iterator[str]:
    for one in course.stage.machines:
        for part in PARTS:
            lines = [line for line in one.log(part).splitlines() if "Traceback" in line]
            # A responder that could not ask says so with all that it knows, and answered "try later".
            if lines and part != "publication":
                yield f"{one.name} {part}: {len(lines)} tracebacks, the first {lines[0][:1500]}"
