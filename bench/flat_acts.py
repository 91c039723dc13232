"""What a full service is asked for: each act as it comes from HTTP or a command, without those, and beside one another.

Every act is done to other persons, units and certificates than the one before, spread over everything that is stored.
"""

import base64
import json
import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import ocsp
from bench.filled import FILLER
from bench.flat_fill import id_number, serial, unit_code
from bench.ocsp_world import request
from bench.roster_data import person, write_roster_file
from ca_service.app import responder
from ca_service.domain.areas import banners, leagues
from ca_service.domain.audit import Tag
from ca_service.domain.audit_filter import AuditFilter
from ca_service.domain.roles import Actor, Role
from ca_service.domain.sign_in import Origin
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind
from ca_service.intake.columns import COLUMNS, Column
from ca_service.wiring import Wiring
from ca_service.workflows import review
from ca_service.workflows.audit_log import Cursor, log_page
from ca_service.workflows.campaign import board
from ca_service.workflows.certificate_status import freeze, unfreeze
from ca_service.workflows.change_cases import people
from ca_service.workflows.enrol_certificate import certificate
from ca_service.workflows.enrol_sessions import Session
from ca_service.workflows.entry import enter
from ca_service.workflows.holders import list_holders
from ca_service.workflows.listing import Window
from ca_service.workflows.person_form import PersonForm
from ca_service.workflows.publish_crl import publish_crl
from ca_service.workflows.register import Upload, import_batch
from ca_service.workflows.sign_in import by_password
from ca_service.workflows.units import register
from ocsp.signer import certificate_facts
from tests.road.roster import make_scan_pdf

IMPORTED = 100
_FREE = 500_000  # the first of the schools that have nobody yet
_PLACES = [banner for league in leagues() for banner in banners(league.code)]
_SHOWN = Window(50)
Act = Callable[[], object]


class Acts:
    """Makes acts for a service that holds so many filled things."""

    def __init__(self, wiring: Wiring, folder: Path, bodies: Sequence[bytes]) -> None:
        self._wiring = wiring
        self._services = wiring.services
        self._folder = folder
        self._bodies = iter(bodies)
        self._free = _FREE
        self._accounts = count()
        self._entered: list[str] = []
        self._chance = random.Random(20261124)
        self._clerk = _actor(Role.CLERK)
        self._reviewer = _actor(Role.REVIEWER)

    def prepare(self, schools: int) -> None:
        """Units that nobody has applied for yet, and accounts: each signs in once, or would be throttled."""
        now, clerk = self._services.clock(), frozenset({Role.CLERK})
        plain: dict[str, Any] = {"must_change_password": False, "active": True, "created_at": now}
        accounts = [Staff(f"bench-{n}", "示范人员", CENTRE_CODE, clerk, "-", **plain) for n in range(schools)]
        with self._services.begin() as uow:
            register(uow, FILLER, [_school(n) for n in range(_FREE, _FREE + schools)], at=now, ground="bench")
            uow.staff.add_all(accounts)

    def issue(self, body: bytes) -> None:
        """Issue for the key that is asked for."""
        given = json.loads(body)
        csr, signature = (base64.b64decode(given[name]) for name in ("csr", "binding_signature"))
        certificate(self._services, Session(given["session"]), csr=csr, binding_signature=signature)

    def each(self, filled: int, repeats: int) -> Iterator[tuple[str, Sequence[Act]]]:
        """The acts by name, in an order in which each finds what it needs."""
        some = [self._chance.randrange(filled) for _ in range(repeats)]
        yield "issue a certificate", [partial(self.issue, next(self._bodies)) for _ in some]
        yield from self._statuses(sorted(set(some)))
        yield "sign in", [self._sign_in for _ in some]
        yield "enter an application", [partial(self._enter, self._next(1), make_scan_pdf()) for _ in some]
        yield "review: forward one", [partial(self._forward, application) for application in self._entered]
        self._entered.clear()
        yield f"import {IMPORTED} rows", [partial(self._import, self._sheet()) for _ in some[:3]]
        yield from self._pages(some)

    def _statuses(self, some: Sequence[int]) -> Iterator[tuple[str, Sequence[Act]]]:
        """What is done to a certificate, and asked of it."""
        services, reviewer = self._services, self._reviewer
        serials = [serial(n) for n in some]
        yield "OCSP, not in the cache", self._questions(serials)
        yield "freeze", [partial(freeze, services, reviewer, one, reason="bench") for one in serials]
        yield "release", [partial(unfreeze, services, reviewer, one, reason="bench") for one in serials]
        yield "publish list and delta", [partial(publish_crl, services, _actor(Role.OPERATOR), "issuing")] * 3

    def _pages(self, some: Sequence[int]) -> Iterator[tuple[str, Sequence[Act]]]:
        services, auditor, reviewer = self._services, _actor(Role.AUDITOR), self._reviewer
        places = [_PLACES[n % len(_PLACES)].code for n in some]
        whole, end = AuditFilter(), Cursor()
        filters = [AuditFilter(unit=code, tags=(Tag.STAFF_SIGNED_IN,)) for code in places]
        yield "board of the region", [partial(board, services, reviewer, CENTRE_CODE, _SHOWN)] * 3
        yield "board of a banner", [partial(board, services, reviewer, code, _SHOWN) for code in places[:5]]
        yield "audit log, last page", [partial(log_page, services, auditor, whole, end, size=50) for _ in some]
        yield "audit log, an act in a banner", [partial(log_page, services, auditor, f, end, size=50) for f in filters]
        yield (
            "holders of a school",
            [partial(list_holders, services, reviewer, _SHOWN, unit_code=unit_code(n)) for n in some],
        )
        yield "holder by ID number", [partial(people, services, self._clerk, id_number(n)) for n in some]

    def _questions(self, serials: Sequence[str]) -> Sequence[Act]:
        answering = responder(self._wiring)
        with self._services.read() as uow:
            issuing = uow.issuers.get("issuing").certificate
        writer = ocsp.CertIdWriter(certificate_facts(issuing), ocsp.HashAlgorithm.SHA1)
        asked = [request(writer.write(int(one, 16)), None) for one in serials]
        return [partial(answering.answer, question) for question in asked]

    def _sign_in(self) -> None:
        # The password is taken as right: argon2 costs the same whatever is stored, and would hide everything else.
        number = next(self._accounts)
        here = Origin(f"198.51.{number // 250}.{number % 250}", "bench")
        by_password(self._services, f"bench-{number}", "-", here, verifier=lambda _hash, _typed: True)

    def _next(self, wanted: int) -> int:
        # One row in fifty is damaged, on purpose: a form with it would be refused.
        self._free += wanted + (wanted == 1 and self._free % 50 == 0)
        return self._free - wanted

    def _enter(self, number: int, scan: bytes) -> None:
        values = {column: str(value) for column, value in zip(COLUMNS, person(number), strict=True)}
        values |= {Column.USER_TYPE: "信息管理员", Column.CERTIFICATE: "是"}
        form = PersonForm(values, has_account=False, scan=scan, scan_name="form.pdf")
        self._entered.append(enter(self._services, self._clerk, form))

    def _forward(self, application: str) -> None:
        with self._services.read() as uow:
            place = uow.applications.get(application).at_unit
        review.forward(self._services, _actor(Role.REVIEWER, place), [application])

    def _sheet(self) -> bytes:
        path = self._folder / "roster.xlsx"
        write_roster_file(path, first=self._next(IMPORTED), rows=IMPORTED)
        return path.read_bytes()

    def _import(self, sheet: bytes) -> None:
        upload = Upload(CENTRE_CODE, sheet, "roster.xlsx", make_scan_pdf(), "form.pdf")
        report = import_batch(self._services, self._clerk, upload)
        if len(report.taken) + len(report.bad) != IMPORTED:
            raise RuntimeError(f"{len(report.taken)} taken, {len(report.bad)} bad")


def _actor(role: Role, unit: str = CENTRE_CODE) -> Actor:
    return Actor(f"bench-{role.value}", unit, frozenset({role}), "bench")


def _school(number: int) -> Unit:
    banner = _PLACES[number % len(_PLACES)]
    name = f"{banner.code}{banner.name}第{number}示范小学"
    return Unit(f"2115{number:06d}", name, UnitKind.SCHOOL, banner.code, banner.code, "211")
