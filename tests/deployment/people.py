"""People of a deployed CA, made in a process of their own: a token library knows one place of its tokens.

`python -m tests.deployment.people CONFIG FOLDER` writes `staff.pem` (key and staff certificate) and `holder.pem` (an
administrator's certificate) into the folder.
"""

import ssl
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ca_service import config as configuration
from ca_service.domain.sign_in import Method, Origin
from ca_service.wiring import Wiring
from ca_service.workflows.ports import Services
from ca_service.workflows.sessions import open_session, resume
from ca_service.workflows.staff_certificates import request_certificate
from tests.ca_service.office import Office
from tests.ca_service.web.people import account


def main() -> None:
    """Make them."""
    config, folder = configuration.load(Path(sys.argv[1])), Path(sys.argv[2])
    services = Wiring(config).services
    (folder / "staff.pem").write_text(_staff(services), encoding="ascii")
    der = Office(services).enrolled().der or b""
    (folder / "holder.pem").write_text(ssl.DER_cert_to_PEM_cert(der), encoding="ascii")


def _staff(services: Services) -> str:
    """Key and certificate of an account, as if requested from a session with both factors."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whoever")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    login = account(services).login
    with services.begin() as uow:
        opened = open_session(services, uow, uow.staff.get(login), Method.TOTP, Origin("192.0.2.1", "test"))
    found = resume(services, opened.identifier)
    assert found
    der = request_certificate(services, *found, request.public_bytes(Encoding.DER)).der or b""
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private + ssl.DER_cert_to_PEM_cert(der)


if __name__ == "__main__":
    main()
