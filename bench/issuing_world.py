"""People who may download at once: approved, with a token in hand and an open session; and what they will send.

A CA after its ceremony in a folder, on SQLite, and the same CA on a PostgreSQL. The binding keys and the new keys are
in memory in place of tokens; the CA's own keys are in SoftHSM.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import insert

from bench.filled import FILLER
from bench.filled_people import application
from bench.filled_units import units_of_the_region
from bench.moved import copy_ceremony
from bench.servers import free_port
from ca_service import config as configuration
from ca_service import founding
from ca_service.config import Config, DatabaseTable
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.enrolments import BINDING_CONTEXT, Enrolment, EnrolmentStatus
from ca_service.domain.media import Medium, MediumStatus
from ca_service.domain.roles import Actor, Role
from ca_service.domain.units import CENTRE_CODE, UnitKind
from ca_service.store.models import CertificateRow
from ca_service.wiring import Wiring
from ca_service.workflows.push import PushedPerson, receive
from ca_service.workflows.units import register

_DIRECTORY = Actor("directory", CENTRE_CODE, frozenset({Role.DIRECTORY}), "api")
_PIECE = 10_000
_NOBODY = "0" * 64


def found(folder: Path, *, workers: int) -> Path:
    """Hold the ceremony; return the path of the configuration, with free ports and as many console processes.

    In a process of its own: the token module of this one may have been loaded for other tokens.
    """
    path = folder / "config.toml"
    ports = [f"127.0.0.1:{free_port()}" for _ in range(3)]
    founding.write_configuration(path, founding.Addresses(*ports))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[service]\n", f"[service]\nconsole_workers = {workers}\n"), encoding="utf-8")
    init = [sys.executable, "-m", "ca_service.cli.main", "init", "--config", str(path)]
    subprocess.run(init, check=True, capture_output=True)
    return path


def moved(path: Path, url: str) -> Path:
    """The same CA with its rows in another database; return the path of its configuration."""
    config = configuration.load(path)
    other = config.model_copy(update={"database": DatabaseTable(url=url)})
    copy_ceremony(Wiring(config), Wiring(other))
    text = path.read_text(encoding="utf-8")
    there = path.with_name("moved.toml")
    there.write_text(text.replace(config.database.url, url), encoding="utf-8")
    return there


def people(config: Config, count: int) -> Sequence[bytes]:
    """Register so many people with open downloads; return the JSON body with which each asks for the certificate."""
    wiring = Wiring(config)
    services, now = wiring.services, datetime.now(UTC)
    with services.begin() as uow:
        present = list(uow.units.find())
        new = units_of_the_region(present, len(present) + 50 + count)
        register(uow, FILLER, new, at=now, ground="bench")
    schools = [unit for unit in new if unit.kind is not UnitKind.UNIVERSITY]
    holders: list[str] = []
    for start in range(0, count, _PIECE):
        made = (application(start + n, unit, now, repeated=False) for n, unit in enumerate(schools[start:][:_PIECE]))
        persons = [PushedPerson(a.id, a.unit_code, a.name, a.user_type, a.contact) for a in made]
        answers = receive(services, _DIRECTORY, persons, body=b"bench").confirmations
        holders += [answer.holder_id for answer in answers]
    binding = ec.generate_private_key(ec.SECP256R1())
    public = binding.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    media = [
        Medium(f"T{n:08d}", "bench", MediumStatus.HANDED_OVER, CENTRE_CODE, now, holder_id, binding_key=public)
        for n, holder_id in enumerate(holders)
    ]
    sessions = [f"{n:064x}" for n in range(count)]
    with services.begin() as uow:
        uow.media.add_all(media)
        uow.enrolments.add_all(
            Enrolment(
                id=f"E{n:08d}",
                holder_id=holders[n],
                medium_serial=media[n].serial,
                reference_hash=f"{n:064x}",
                code_hash=_NOBODY,
                status=EnrolmentStatus.OPEN,
                tries_left=5,
                issued_by="bench",
                issued_at=now,
                expires_at=now + timedelta(days=1),
                session_hash=services.keyed_hash(f"session:{session}"),
                session_expires_at=now + timedelta(days=1),
                nonce=bytes(32),
                challenge=bytes(32),
            )
            for n, session in enumerate(sessions)
        )
    wiring.database.engine.dispose()
    return [_body(session, binding) for session in sessions]


def csr() -> bytes:
    """A PKCS#10 request of a fresh P-256 key, DER."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    key = ec.generate_private_key(ec.SECP256R1())
    return x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _body(session: str, binding: ec.EllipticCurvePrivateKey) -> bytes:
    request = csr()
    message = BINDING_CONTEXT + bytes(32) + hashlib.sha256(request).digest()
    octets = {"csr": request, "binding_signature": binding.sign(message, ec.ECDSA(hashes.SHA256()))}
    encoded = {name: base64.b64encode(value).decode() for name, value in octets.items()}
    return json.dumps({"session": session, **encoded}).encode()


def store_certificates(config: Config, first: int, last: int) -> None:
    """Put active certificates of other people beside those to come, each as large as ours; numbered from `first`."""
    wiring = Wiring(config)
    with wiring.services.read() as uow:
        like = uow.certificates.find(limit=1, order="-created_at")[0]
    plain = vars(replace(like, issuer="issuing", profile="information-administrator", status=CertificateStatus.ACTIVE))
    for start in range(first, last, _PIECE):
        rows = [
            plain | {"serial": f"5{n:031x}", "key_sha256": f"{n:064x}", "holder_id": f"X{n}"}
            for n in range(start, min(start + _PIECE, last))
        ]
        with wiring.database.engine.begin() as connection:
            connection.execute(insert(CertificateRow), rows)
    wiring.database.engine.dispose()
    # What was filled in is written out now: else each commit that is measured would wait for some of it.
    os.sync()
