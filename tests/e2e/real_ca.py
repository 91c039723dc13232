"""The real CA in this process: console over TLS and publication over HTTP, on ports of their own, and its office."""

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asn1crypto import pem
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server

import ocsp
from ca_service.app import create_console, publication_pages, responder
from ca_service.config import Config, DatabaseTable
from ca_service.wiring import Wiring
from teacher_registry.clock import system_clock
from teacher_registry.config import Config as RegistryConfig
from teacher_registry.config import load_config
from teacher_registry.wiring import Registry, build_registry
from tests.ca_service.office import Office

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True)
class RealCa:
    """The service on a database of its own; `console` and `publication` are `host:port`."""

    wiring: Wiring
    office: Office
    console: str
    publication: str
    folder: Path

    def registry(self) -> tuple[RegistryConfig, Registry]:
        """The real registry with what `educa init` wrote for it; only the ports are others, and the database."""
        folder, service = self.wiring.config.folder, self.wiring.config.service
        text = (folder / "config.toml").read_text(encoding="utf-8")
        for written, real in ((service.console, self.console), (service.publication, self.publication)):
            text = text.replace(f"{written}/", f"{real}/")
        text = text.replace("sqlite:///registry.db", f"sqlite:///{self.folder / 'registry.db'}")
        for name, der in self.wiring.ca_certificates().items():
            # The founding's own files are overwritten by a second founding in this process.
            (self.folder / f"{name}.pem").write_bytes(pem.armor("CERTIFICATE", der))
            text = text.replace(f'"{name}.pem"', f'"{self.folder / name}.pem"')
        # Beside the certificates and secrets that it names.
        path = folder / f"registry-{self.console.rpartition(':')[2]}.toml"
        path.write_text(text, encoding="utf-8")
        config = load_config(path)
        path.unlink()
        return config, build_registry(config, system_clock)


@contextmanager
def running(founded: Config, folder: Path) -> Iterator[RealCa]:
    """Serve a copy of the founded CA until the block ends."""
    shutil.copy(founded.path(Path("educa.db")), folder / "educa.db")
    service = founded.service.model_copy(update={"documents": folder / "documents", "outbox": folder / "outbox"})
    database = DatabaseTable(url=f"sqlite:///{folder / 'educa.db'}")
    wiring = Wiring(founded.model_copy(update={"database": database, "service": service}))
    console = Server(("127.0.0.1", 0), create_console(wiring), numthreads=4, shutdown_timeout=1)
    certificate, key = wiring.config.path(service.tls_certificate), wiring.config.path(service.tls_key)
    console.ssl_adapter = BuiltinSSLAdapter(str(certificate), str(key))
    publication = Server(("127.0.0.1", 0), _published(wiring), numthreads=4, shutdown_timeout=1)
    try:
        with _serving(console) as here, _serving(publication) as there:
            yield RealCa(wiring, Office(wiring.services), here, there, folder)
    finally:
        for sessions in (wiring.root_sessions, wiring.issuing_sessions):
            sessions.drop()
        wiring.database.engine.dispose()


def _published(wiring: Wiring) -> "WSGIApplication":
    pages: Callable[..., Iterable[bytes]] = publication_pages(wiring).wsgi_app
    status = ocsp.OcspApplication(responder(wiring))

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return (status if environ["PATH_INFO"].startswith("/ocsp") else pages)(environ, start_response)

    return application


@contextmanager
def _serving(server: Server) -> Iterator[str]:
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join()
