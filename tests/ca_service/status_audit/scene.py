"""A CA where everything agrees: six certificates with a past, three lists; and hands that change it behind its back."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from cheroot.wsgi import Server
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

import crl
import ocsp
from ca_service.app import publication_pages, responder
from ca_service.audit.status import Auditor, Disagreement, Reader
from ca_service.config import Config, DatabaseTable
from ca_service.domain.certificates import RevocationReason
from ca_service.domain.crls import PublishedCrl
from ca_service.wiring import Wiring
from ca_service.workflows.certificate_status import freeze, revoke, unfreeze
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.conftest import TestClock
from tests.ca_service.office import Office

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_WHY = "电话报失"
BOUND = 0.3


@dataclass(frozen=True)
class Cast:
    """The serial numbers, by what became of them."""

    frozen: str
    released: str
    revoked: str
    held_then_revoked: str
    came_and_went: str
    untouched: str


def play(wiring: Wiring, clock: TestClock) -> Cast:
    """What happens, ten seconds between the acts; list 1 is the ceremony's, 2 in the middle, 3 at the end."""
    office = Office(wiring.services)
    cast = Cast(*(office.enrolled(str(number)).serial for number in range(6)))

    def act(what: Callable[..., Any], serial: str, **how: object) -> None:
        clock.pass_time(seconds=10)
        what(office.services, office.reviewer, serial, reason=_WHY, **how)

    act(freeze, cast.frozen)
    act(freeze, cast.released)
    act(freeze, cast.held_then_revoked)
    clock.pass_time(seconds=10)
    publish_crl(office.services, office.operator, "issuing")
    act(unfreeze, cast.released)
    act(revoke, cast.revoked, crl_reason=RevocationReason.KEY_COMPROMISE)
    act(revoke, cast.held_then_revoked, crl_reason=RevocationReason.AFFILIATION_CHANGED)
    act(freeze, cast.came_and_went)
    act(unfreeze, cast.came_and_went)
    clock.pass_time(seconds=10)
    publish_crl(office.services, office.operator, "issuing")
    clock.pass_time(seconds=10)
    return cast


@dataclass(frozen=True)
class Scene:
    """The CA after it, on a database of its own."""

    wiring: Wiring
    cast: Cast
    clock: TestClock

    @property
    def office(self) -> Office:
        """Its people."""
        return Office(self.wiring.services)

    def sql(self, statement: str, **values: object) -> None:
        """Change something by hand."""
        with self.wiring.database.engine.begin() as connection:
            done = connection.execute(text(statement), values)
            assert done.rowcount > 0, statement

    def found(self, *urls: str, everything: bool = True) -> Sequence[Disagreement]:
        """What the auditor reports."""
        reader = Reader(self.wiring.database.reading)
        auditor = Auditor(reader, "issuing", self.clock, urls, BOUND)
        report = auditor.everything() if everything else auditor.newest()
        return report.disagreements

    def list(self, number: int) -> PublishedCrl:
        """A published list."""
        with self.wiring.database.read() as uow:
            return uow.crls.find(issuer="issuing", number=number)[0]

    def entries(self, number: int = 3, *, delta: bool = False) -> dict[str, crl.Revocation]:
        """What a list says."""
        row = self.list(number)
        parsed = crl.parse((row.delta if delta else row.der) or b"")
        return {f"{serial:x}": revocation for serial, revocation in parsed.entries.items()}

    def rebuild(
        self,
        entries: Iterable[tuple[str, crl.Revocation]],
        *,
        number: int = 3,
        base: int | None = None,
        forged: bool = False,
    ) -> None:
        """Put a list with other entries in the place of a published one, signed by the CA's key or a `forged` one."""
        row = self.list(number)
        authority: Any = self.wiring.authority("issuing")
        tbs = authority.prepare_crl(
            number=number,
            this_update=row.this_update,
            next_update=row.next_update,
            entries=[crl.encode_entry(int(serial, 16), *revocation) for serial, revocation in entries],
            base_number=base,
        )
        signer, forger = authority._signer, ec.generate_private_key(ec.SECP256R1())
        signature = forger.sign(tbs, ec.ECDSA(hashes.SHA256())) if forged else signer.sign(tbs)
        der = crl.assemble(tbs, signer.algorithm, signature)
        column = "der" if base is None else "delta"
        self.sql(f"UPDATE crl SET {column} = :der WHERE issuer = 'issuing' AND number = :n", der=der, n=number)

    @contextmanager
    def earlier_copy(self, folder: Path) -> Iterator["Scene"]:
        """The same CA as it is now, on a copy of its database: what a responder has that was left behind."""
        self.wiring.database.engine.dispose()
        with copied(self.wiring.config, self.wiring.config.database_url.removeprefix("sqlite:///"), folder) as config:
            yield Scene(Wiring(config, clock=self.clock), self.cast, self.clock)


@contextmanager
def copied(config: Config, database: str, folder: Path) -> Iterator[Config]:
    """The CA with a copy of its SQLite database."""
    target = folder / "copy.db"
    shutil.copy(database, target)
    yield config.model_copy(update={"database": DatabaseTable(url=f"sqlite:///{target}")})


@contextmanager
def serving(wiring: Wiring, *, spoil: Callable[[bytes], bytes] | None = None) -> Iterator[str]:
    """The real publication over HTTP, as relying parties reach it; `spoil` changes each OCSP answer on its way."""
    pages: WSGIApplication = publication_pages(wiring).wsgi_app
    status = ocsp.OcspApplication(responder(wiring))

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/ocsp"):
            return pages(environ, start_response)
        if spoil is None:
            return status(environ, start_response)
        body = spoil(b"".join(status(environ, lambda *_ignored: lambda _data: None)))
        start_response("200 OK", [("Content-Type", "application/ocsp-response"), ("Content-Length", str(len(body)))])
        return [body]

    server = Server(("127.0.0.1", 0), application, numthreads=2, shutdown_timeout=1)
    server.prepare()
    thread = Thread(target=server.serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()
