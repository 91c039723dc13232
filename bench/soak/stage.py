"""Before the run: the CA on the pair of servers, its people, tokens in their hands, codes for them."""

import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from asn1crypto import pem

from bench.downloading import Equipped
from bench.soak.console import PASSWORD
from bench.soak.machines import Machine, machine
from bench.soak.plan import Plan
from ca_service import config as configuration
from ca_service import founding
from ca_service.domain.messages import Channel
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE, Unit, UnitKind
from ca_service.passwords import hash_password
from ca_service.wiring import Wiring
from ca_service.workflows import handovers
from ca_service.workflows.enrol_codes import issue_code
from ca_service.workflows.units import import_units
from tests.ca_service.office import CONTACT, LEAGUE, Office, SoftwareKeyInPlaceOfToken
from tests.ca_service.sheets import id_number
from tests.road.roster import make_units

OFFICERS = 2
VISITORS = 40
POOL = 8
"""Certificates that each officer freezes, releases and revokes."""
_STAFF = (
    ("clerk", LEAGUE, Role.CLERK), ("reviewer-league", LEAGUE, Role.REVIEWER), ("reviewer", CENTRE_CODE, Role.REVIEWER),
    *((f"officer-{number}", CENTRE_CODE, Role.REVIEWER) for number in range(OFFICERS)),
    *((f"visitor-{number}", CENTRE_CODE, Role.AUDITOR) for number in range(VISITORS)),
)  # fmt: skip


@dataclass
class Stage:
    """Everything that the run needs. `schools` have no administrator yet; `equipped` can download."""

    folder: Path
    machines: Sequence[Machine]
    wiring: Wiring
    schools: Sequence[Unit]
    equipped: Sequence[Equipped]

    @property
    def root(self) -> Path:
        """PEM file of the root, which clients trust."""
        return self.folder / "root.pem"

    @property
    def issuing(self) -> bytes:
        """The issuing CA's certificate, DER."""
        der: bytes = pem.unarmor((self.folder / "issuing.pem").read_bytes())[2]
        return der


def set_stage(plan: Plan, folder: Path, url: str) -> Stage:
    """Found the CA and let everybody get ready; nothing is served yet."""
    machines = [machine(name, folder) for name in ("a", "b")]
    for one in machines:
        _configure(one, machines[0], url)
    _run("init", config=machines[0].config)
    # The harness signs nothing, so it opens no token and may be a process that has opened others.
    wiring = Wiring(configuration.load(machines[0].config))
    schools = make_units(schools=10 * plan.imports + plan.downloads + OFFICERS * POOL, league_code=LEAGUE)
    office = Office(wiring.services)
    import_units(office.services, office.operator, schools.csv, filename="units.csv")
    _employ(wiring)
    people = [unit for unit in schools.units if unit.kind is UnitKind.SCHOOL][: plan.downloads + OFFICERS * POOL]
    direct = [unit for unit in schools.units if unit.kind is UnitKind.DIRECT_SCHOOL]
    return Stage(folder, machines, wiring, direct, _equip(office, people))


def _configure(one: Machine, first: Machine, url: str) -> None:
    """Both publish under the address that stands in certificates, and listen at their own."""
    founding.write_configuration(one.config, founding.Addresses(one.console, one.publication, "127.0.0.1:1"))
    text = one.config.read_text(encoding="utf-8")
    text = re.sub(r'public_url = ".*"', f'public_url = "http://{first.publication}"', text, count=1)
    text = text.replace('url = "sqlite:///educa.db"', f'url = "{url}"')
    text += '\n[console]\nsecond_factor = "optional"\ntrusted_proxies = ["127.0.0.1"]\n'
    one.config.write_text(text, encoding="utf-8")


def _run(*arguments: str, config: Path) -> None:
    command = [sys.executable, "-m", "ca_service.cli.main", "--config", str(config), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    if done.returncode:
        raise RuntimeError(f"educa {' '.join(arguments)}: {done.stderr}")


def _employ(wiring: Wiring) -> None:
    """All with one password, which was hashed once."""
    password, now = hash_password(PASSWORD), wiring.clock()
    with wiring.services.begin() as uow:
        uow.staff.add_all(
            Staff(
                login, "示范人员", unit, frozenset({role}), password,
                must_change_password=False, active=True, created_at=now, person_hash=wiring.services.keyed_hash(login),
            )
            for login, unit, role in _STAFF
        )  # fmt: skip


def _equip(office: Office, schools: Sequence[Unit]) -> Sequence[Equipped]:
    persons = []
    for number, unit in enumerate(schools):
        contact = replace(CONTACT, id_number=id_number(unit.area_code, number), mobile=f"1990000{number:04d}")
        persons.append(replace(office.person(f"S{unit.code}", unit_code=unit.code), contact=contact))
    answers = [one for at in range(0, len(persons), 200) for one in office.push(persons[at : at + 200])]
    with ThreadPoolExecutor(4) as hands:
        made = list(hands.map(lambda numbered: _hand_over(office, *numbered), enumerate(a.holder_id for a in answers)))
    with office.services.read() as uow:
        texts = {m.letter.to: m.letter.text for m in uow.messages.find(channel=Channel.SMS)}
    return [
        Equipped(holder, token, (reference, _code_in(texts[person.contact.mobile])))
        for (holder, token, reference), person in zip(made, persons, strict=True)
    ]


def _hand_over(office: Office, number: int, holder: str) -> tuple[str, SoftwareKeyInPlaceOfToken, str]:
    token = office.token(f"S{number:05d}")
    handovers.hand_over(office.services, office.custodian, token.serial, holder_id=holder)
    return holder, token, issue_code(office.services, office.reviewer, holder).reference_number


def _code_in(text: str) -> str:
    found = re.search(r"授权码为 (\w+)", text)
    if not found:
        raise RuntimeError("a message without its code")
    return found.group(1)
