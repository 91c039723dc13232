"""The contract CA on the network: HTTPS on a free port, client certificates asked for but not demanded."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.token_provisioning.authority import Authority, make_leaf
from tests.token_provisioning.contract_ca import ContractCa
from tests.token_provisioning.refusal import RefusalError


def _handler(ca: ContractCa) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one segment an answer: with two, each waits for the other side's delayed ACK
        disable_nagle_algorithm = True

        def log_message(self, *args: object, **named: object) -> None:
            """Be silent."""

        def do_POST(self) -> None:
            step = self.path.removeprefix("/api/v1/").removeprefix("enrolments/")
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            kind = "application/json"
            try:
                status, content = 200, json.dumps(ca.handle(step, body, self._peer())).encode()
            except RefusalError as refusal:
                kind = "application/problem+json"
                status, content = refusal.status, json.dumps(refusal.document).encode()
            if ca.drop_after == step:
                self.close_connection = True
                return
            status, content = ca.answer_with.get(step, (status, content))
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _peer(self) -> x509.Certificate | None:
            assert isinstance(self.connection, ssl.SSLSocket)
            der = self.connection.getpeercert(binary_form=True)
            return x509.load_der_x509_certificate(der) if der else None

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *arguments: object) -> None:
        """Be silent: a helper that is killed breaks its connection."""


def tls_context(ca: ContractCa, folder: Path, *, issuer: Authority | None = None) -> ssl.SSLContext:
    """Return a context for 127.0.0.1 with a certificate by the CA, or by another issuer, in files of its own."""
    folder.mkdir(exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    usage = ExtendedKeyUsageOID.SERVER_AUTH
    signer = issuer or ca.issuing
    leaf = make_leaf(signer, key.public_key(), common="ca.test", usage=usage, local_host=True)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(private + leaf.public_bytes(Encoding.PEM) + signer.pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.load_verify_locations(cadata=(ca.root.pem() + ca.issuing.pem()).decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


@contextmanager
def serving(ca: ContractCa, folder: Path) -> Iterator[str]:
    """Serve with TLS under the CA's root, which is written to root.pem; yields the base URL."""
    (folder / "root.pem").write_bytes(ca.root.pem())
    server = _Server(("127.0.0.1", 0), _handler(ca))
    # The handshake belongs to the connection's own thread: a client that breaks it stops nobody else.
    server.socket = tls_context(ca, folder / "tls").wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
