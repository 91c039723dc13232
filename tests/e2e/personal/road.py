"""A real road with planted people through console, API and command line: registration, certificate, change, exports."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ca_service import founding
from ca_service.intake.columns import Column
from ca_service.intake.template import write_roster
from ca_service.push_tokens import mint
from tests.ca_service.office import BANNER, LEAGUE
from tests.ca_service.sheets import SCHOOLS
from tests.ca_service.sheets import person as row_of
from tests.e2e.personal.planted import Person
from tests.e2e.personal.visitor import Visitor
from tests.road.roster import make_scan_pdf, make_units
from tests.road.stick import Stick
from tests.road.tokens import _issue_code
from tests.road.world import Ports, World, wait_for

FIRST, SECOND, IN_A_BAD_ROW, PUSHED, AFTER_THE_CHANGE, MISPLACED = (Person(number) for number in range(1, 7))
PEOPLE = (FIRST, SECOND, IN_A_BAD_ROW, PUSHED, AFTER_THE_CHANGE, MISPLACED)
_HERE = [number for number, school in enumerate(SCHOOLS) if school.parent_code == BANNER]
_STAFF = {
    "clerk-league": (LEAGUE, "clerk"),
    "reviewer-banner": (BANNER, "reviewer"),
    "reviewer-league": (LEAGUE, "reviewer"),
    "reviewer-centre": ("150000", "reviewer"),
    "custodian-centre": ("150000", "custodian"),
}


@dataclass
class Walk:
    """`public` collects what was sent to everybody or to a relying system; `world.folder` is the machine's disk."""

    world: World
    desk: Path
    passwords: dict[str, str] = field(default_factory=dict)
    public: dict[str, bytes] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def found(self, database: str) -> None:
        """The CA, its units and staff; the programs are started."""
        config, ports = self.world.config, self.world.ports
        addresses = (f"127.0.0.1:{port}" for port in (ports.console, ports.publication, ports.registry))
        founding.write_configuration(config, founding.Addresses(*addresses))
        text = config.read_text(encoding="utf-8")
        text = text.replace("sqlite:///educa.db", database) if database else text
        config.write_text(f'{text}\n[console]\nsecond_factor = "optional"\n', encoding="utf-8")
        assert self.world.run("educa", "init", "--json").code == 0
        units = self.desk / "units.csv"
        units.write_bytes(make_units(schools=60, league_code=LEAGUE).csv)
        self.world.educa("units", "import", str(units))
        for login, (unit, role) in _STAFF.items():
            arguments = ("--name", "示范人员", "--unit", unit, "--role", role)
            added = self.world.educa("staff", "add", login, *arguments, by="security-admin")
            self.world.educa("proposals", "confirm", added["proposal"], by="ca-admin")
            self.passwords[login] = added["password"]
        self.world.serve("educa", ready=f"{self.world.console}/readyz")

    def visitor(self, login: str) -> Visitor:
        """A member of the staff at a browser."""
        made = Visitor(self.world.console, self.world.folder / "root.pem", self.seen)
        made.sign_in(login, self.passwords[login])
        return made

    def register(self) -> None:
        """A sheet with a bad row through the console, forms filled in wrongly, review on the way up, the push."""
        clerk = self.visitor("clerk-league")
        name = f"登记表-{MISPLACED.mobile}"
        bad = _row(_HERE[2], IN_A_BAD_ROW) | {Column.SCHOOL_TYPE: "没有这种类型"}
        sheet = write_roster([_row(_HERE[0], FIRST), _row(_HERE[1], SECOND), bad])
        files = {"sheet": (f"{name}.xlsx", sheet), "scan": (f"{MISPLACED.id_number}.pdf", _scan(FIRST))}
        draft = clerk.post("/applications/import", unit=LEAGUE, files=files)
        assert "办学类型" in draft.text, draft.text
        assert clerk.get(f"{draft.url.path}/marked.xlsx").content[:2] == b"PK"
        taken = clerk.post(draft.url.path, act="good")
        batch = taken.url.path.rpartition("/")[2]
        self._mistakes(clerk)
        self._upwards(batch)
        clerk.close()

    def _mistakes(self, clerk: Visitor) -> None:
        """What people type into the wrong field, and what is answered with 4xx."""
        wrong = clerk.post(
            "/applications/new", UNIT=MISPLACED.id_number, NAME=MISPLACED.mobile, ID_NUMBER=MISPLACED.mobile,
            MOBILE=MISPLACED.id_number, EMAIL=MISPLACED.email,
        )  # fmt: skip
        assert wrong.status_code == 422
        stranger = Visitor(self.world.console, self.world.folder / "root.pem", self.seen)
        assert stranger.post("/login", login=MISPLACED.mobile, password=MISPLACED.id_number).status_code == 401
        stranger.close()
        assert clerk.post("/changes/new", words=MISPLACED.id_number).status_code == 200
        refused = clerk.post(
            "/applications/import", unit=MISPLACED.id_number, files={"sheet": ("a.xlsx", b"x"), "scan": ("a.pdf", b"x")}
        )
        assert refused.status_code in (404, 422)
        damaged = self.desk / f"{MISPLACED.mobile}.xlsx"
        damaged.write_bytes(MISPLACED.id_number.encode() * 10)
        scan = self.desk / "form.pdf"
        scan.write_bytes(_scan(MISPLACED))
        arguments = ("registrations", "import", str(damaged), "--unit", LEAGUE, "--scan", str(scan))
        assert self.world.educa_raw(*arguments, by="clerk-league").code == 1
        for words in (MISPLACED.id_number, MISPLACED.mobile):
            assert self.world.educa_raw("registrations", "forward", words, by="reviewer-banner").code == 1
            assert self.world.educa_raw("media", "register", words, "--model", "x", by="clerk-league").code == 1

    def _upwards(self, batch: str) -> None:
        one, *_ = self.world.educa("registrations", "list", "--batch", batch)
        for spoken in (f"电话 {MISPLACED.mobile} 打不通", f"证件号码 {MISPLACED.id_number} 与身份证不符"):
            arguments = ("registrations", "return", one["id"], "--reason", spoken)
            assert self.world.educa_raw(*arguments, by="reviewer-banner").code == 1, spoken
        self.world.educa("registrations", "forward", "--batch", batch, by="reviewer-banner")
        self.world.educa("registrations", "forward", "--batch", batch, by="reviewer-league")
        self.world.educa("registrations", "approve", "--batch", batch, by="reviewer-centre")
        wait_for(lambda: len(self.world.educa("holders", "list")) == 2, what="two persons pushed and confirmed")

    def push(self) -> None:
        """A directory's push over the API: a body refused as a whole, then one with a bad record and a good one."""
        visitor = Visitor(self.world.console, self.world.folder / "root.pem", self.seen)
        record = {
            "external_id": "X1", "unit_code": SCHOOLS[_HERE[3]].code, "name": "示范人", "user_type": "培训管理员",
            "id_number": PUSHED.id_number, "office_phone": PUSHED.office_phone, "email": PUSHED.email,
            "mobile": PUSHED.mobile,
        }  # fmt: skip
        bad = record | {"external_id": "X2", "id_number": PUSHED.mobile, "mobile": PUSHED.id_number}
        for body in ({"records": [record | {"surplus": PUSHED.id_number}]}, {"records": [bad, record]}):
            octets = json.dumps(body).encode()
            secret = (self.world.folder / "secrets/push.token").read_text().strip()
            token = mint(secret, octets, at=datetime.now(UTC))
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            answer = visitor.send("/api/v1/registrations", octets, headers)
            self.public[f"answer to a push {len(self.public)}"] = answer.content
        visitor.close()

    def certify(self) -> tuple[str, str]:
        """A token handed over, codes by two ways, the download by the real helper; holder and certificate serial."""
        holder = next(row["id"] for row in self.world.educa("holders", "list") if row["unit"] == SCHOOLS[_HERE[0]].code)
        stick = Stick.from_vendor(self.world, 1)
        self.world.educa("media", "register", stick.serial, "--model", "SoftHSM v2", by="custodian-centre")
        self.world.educa("media", "initialise", str(stick.initialise()), by="custodian-centre")
        self.world.educa("media", "hand-over", stick.serial, "--holder", holder, by="custodian-centre")
        custodian = self.visitor("custodian-centre")
        assert custodian.get(f"/media/{stick.serial}").status_code == 200
        assert custodian.post("/dispatch-record", "/dispatch-record/export").content[:2] == b"PK"
        custodian.close()
        done = stick.enroll(*_issue_code(self.world, holder))
        assert done.code == 0, done.text
        self.public["helper"] = done.text.encode()
        (certificate,) = (c for c in self.world.educa("certs", "list") if c["holder"] == holder)
        return holder, str(certificate["serial"])

    def change(self, holder: str) -> None:
        """An information change whose paper, explanation and refusals are full of numbers."""
        clerk = self.visitor_again("clerk-league")
        asked: dict[str, Any] = {
            "kind": "information-change", "holder": holder, "after_mobile": AFTER_THE_CHANGE.mobile,
            "after_email": AFTER_THE_CHANGE.email, "after_office_phone": AFTER_THE_CHANGE.office_phone,
        }  # fmt: skip
        scan = {"scan": ("form.pdf", _scan(AFTER_THE_CHANGE))}
        page = f"/changes/new/{holder}"
        spoken = f"手机号由 {FIRST.mobile} 改为 {AFTER_THE_CHANGE.mobile}"
        assert clerk.post(page, "/changes", files=scan, explanation=spoken, **asked).status_code == 422
        made = clerk.post(page, "/changes", files=scan, explanation="换号", **asked)
        case = made.url.path.rpartition("/")[2]
        assert clerk.get(f"/changes/{case}/form.pdf").content[:4] == b"%PDF"
        clerk.close()
        self.world.educa("changes", "decide", case, "--approve", by="reviewer-centre")
        self.world.educa("changes", "execute", case, by="reviewer-centre")

    def visitor_again(self, login: str) -> Visitor:
        """A second sign-in of the same account."""
        made = Visitor(self.world.console, self.world.folder / "root.pem", self.seen)
        made.post("/login", login=login, password="planted horse battery staple")
        return made

    def publish(self, serial: str) -> None:
        """Freeze, publish and ask, as relying systems do; the log as an auditor reads it; a backup."""
        self.world.educa("certs", "freeze", serial, "--reason", "电话挂失", by="reviewer-centre")
        assert self.world.run("educa", "crl", "publish").code == 0
        for name in ("crl/issuing.crl", "ca/issuing.cer", "ca/root.cer"):
            answer = subprocess.run(
                ["curl", "-sS", f"{self.world.publication}/{name}"], capture_output=True, check=True
            )
            self.public[name] = answer.stdout
        self.public["certificate"] = self.world.run("educa", "certs", "export", serial).out.encode()
        self._ask_ocsp(serial)
        self.public["audit log"] = json.dumps(
            self.world.educa("audit", "list", "--limit", "1000"), ensure_ascii=False
        ).encode()
        lists = (
            ("holders", "list"),
            ("registrations", "list"),
            ("changes", "list"),
            ("messages", "list"),
            ("registrations", "batches"),
        )
        for words in lists:
            self.public[" ".join(words)] = json.dumps(self.world.educa(*words), ensure_ascii=False).encode()
        made = subprocess.run(
            ["age-keygen", "-o", str(self.desk / "age.key")], capture_output=True, text=True, check=True
        )
        found = re.search(r"age1\w+", made.stderr)
        assert found
        assert self.world.run("educa", "backup", str(self.world.folder / "ca.age"), "--recipient", found[0]).code == 0

    def _ask_ocsp(self, serial: str) -> None:
        issuing, root = str(self.world.folder / "issuing.pem"), str(self.world.folder / "root.pem")
        answer = self.desk / "ocsp.der"
        done = self.world.run(
            "openssl", "ocsp", "-issuer", issuing, "-CAfile", root, "-serial", f"0x{serial}",
            "-url", f"{self.world.publication}/ocsp", "-respout", str(answer),
        )  # fmt: skip
        assert answer.exists(), done.text
        self.public["OCSP answer"] = answer.read_bytes()


def _row(place: int, person: Person) -> dict[Column, str]:
    contact = {
        Column.ID_NUMBER: person.id_number, Column.MOBILE: person.mobile, Column.OFFICE_PHONE: person.office_phone,
        Column.EMAIL: person.email,
    }  # fmt: skip
    return row_of(place) | contact


def _scan(person: Person) -> bytes:
    """A scan that holds the person's numbers, as every stamped form does."""
    return make_scan_pdf() + f"\n% {' '.join(person.values.values())}\n".encode()


def walk(folder: Path, *, database: str) -> Walk:
    """The whole road; the servers have ended when it returns."""
    machine, desk = folder / "machine", folder / "desk"
    machine.mkdir()
    desk.mkdir()
    made = Walk(World(machine, Ports.free()), desk)
    try:
        made.found(database)
        made.register()
        made.push()
        holder, serial = made.certify()
        made.change(holder)
        made.publish(serial)
    finally:
        made.world.stop()
    return made


def files(folder: Path, *, besides: Sequence[str]) -> list[Path]:
    """Every file below, but for those below the named folders."""
    left_out = [folder / name for name in besides]
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and not any(p.is_relative_to(one) for one in left_out)]
