"""What clients of the running service see: the helper, relying parties, whoever watches it, an operator's command."""

import base64
import json
import ssl
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from ca_service.domain.certificates import Certificate
from tests.ca_service.office import SoftwareKeyInPlaceOfToken
from tests.ca_service.telemetry.running import Running


@dataclass(frozen=True)
class Download:
    """A download that has begun, and the body that asks for its certificate."""

    asked: Mapping[str, str]


class Client:
    """Asks the console over TLS and the publication over plain HTTP."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.home: Path = service.log.parent / "ca"
        with service.office.services.read() as uow:
            root, self._issuing = (uow.issuers.get(name).certificate for name in ("root", "issuing"))
        trust = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(root))
        self.console = httpx.Client(base_url=f"https://{service.console}", verify=trust, timeout=30)
        self.published = httpx.Client(base_url=f"http://{service.publication}", timeout=30)

    def close(self) -> None:
        """Let the connections go."""
        self.console.close()
        self.published.close()

    def begin(self, token: SoftwareKeyInPlaceOfToken, codes: tuple[str, str]) -> Download:
        """Begin a download."""
        reference, code = codes
        body = {"reference_number": reference, "authorisation_code": code, "token_serial": token.serial}
        answer = self.console.post("/api/v1/enrolments/begin", json=body)
        assert answer.is_success, answer.text
        begun, csr = answer.json(), token.csr()
        signature = token.bind(base64.b64decode(begun["nonce"]), csr)
        return Download({"session": begun["session"], "csr": _text(csr), "binding_signature": _text(signature)})

    def fetch(self, download: Download) -> httpx.Response:
        """Ask for its certificate."""
        return self.console.post("/api/v1/enrolments/certificate", json=download.asked)

    def status_of(self, certificate: Certificate) -> str:
        """What OCSP says: a status, or the kind of error."""
        issuing = x509.load_der_x509_certificate(self._issuing)
        subject = x509.load_der_x509_certificate(certificate.der or b"")
        builder = ocsp.OCSPRequestBuilder().add_certificate(subject, issuing, hashes.SHA1())
        answer = ocsp.load_der_ocsp_response(self.service.ask_ocsp(builder.build().public_bytes(Encoding.DER)))
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return answer.response_status.name
        return answer.certificate_status.name

    def doctor(self) -> Mapping[str, Any]:
        """What `educa doctor` says, by what it is about."""
        path = str(self.home / "config.toml")
        program = [sys.executable, "-m", "ca_service.cli.main", "doctor", "--json", "--config", path]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        return {row["what"]: row for row in json.loads(done.stdout)}


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
