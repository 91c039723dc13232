"""A responder as one of several processes has it, which counts its signatures; run as a program it is one.

`python -m tests.ca_service.presigned.answering CONFIG-PICKLE`: a line with a request in hex is answered with a line.
"""

import pickle
import sys
from dataclasses import replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as judge

import ocsp
from ca_service.app import responder
from ca_service.wiring import Wiring


class Answering:
    """The responder of a wiring of its own."""

    def __init__(self, wiring: Wiring) -> None:
        self.signatures = 0
        real = wiring.ocsp_key("issuing")

        def counting() -> ocsp.ResponderKey:
            key = real()
            return replace(key, sign=lambda tbs: self._sign(key, tbs))

        wiring.ocsp_keys["issuing"] = counting
        self.responder = responder(wiring)
        wiring.ocsp_keys["issuing"] = real

    def _sign(self, key: ocsp.ResponderKey, tbs: bytes) -> bytes:
        self.signatures += 1
        return key.sign(tbs)

    def ask(self, request: bytes) -> judge.OCSPResponse:
        """Ask as a client does whose request comes after the staleness bound has passed."""
        self.responder.recheck()
        return judge.load_der_ocsp_response(self.responder.answer(request).body)


def request_for(wiring: Wiring, serial: str, algorithm: hashes.HashAlgorithm | None = None) -> bytes:
    """What a client sends about a certificate."""
    issuing = x509.load_der_x509_certificate(wiring.ca_certificates()["issuing"])
    with wiring.database.read() as uow:
        der = uow.certificates.get(serial).der
    assert der
    certificate = x509.load_der_x509_certificate(der)
    builder = judge.OCSPRequestBuilder().add_certificate(certificate, issuing, algorithm or hashes.SHA1())
    return builder.build().public_bytes(Encoding.DER)


def main(path: str) -> None:
    """Answer until the input ends."""
    answering = Answering(Wiring(pickle.loads(Path(path).read_bytes())))
    for line in sys.stdin:
        # No recheck: what another process has committed is seen by the log alone.
        answer = judge.load_der_ocsp_response(answering.responder.answer(bytes.fromhex(line)).body)
        print(answer.certificate_status.name, answering.signatures, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
