"""E-mail handed to a real SMTP server on this machine, which answers as each test wants."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from cryptography import x509

from ca_service.delivery.smtp import MailServer, SmtpCourier
from ca_service.domain.messages import Channel, Letter, Message, MessageStatus
from ca_service.workflows.ports import Postponed, Rejected, Unsure

_NOW = datetime(2026, 12, 1, 2, 3, 4, tzinfo=UTC)


def _message(to: str = "teacher@example.com", text: str = "您的申请已通过。", subject: str = "教育CA通知") -> Message:
    letter = Letter(to, text, subject)
    return Message("M0123456789abcdef", Channel.EMAIL, letter, MessageStatus.SENDING, "150000", _NOW, _NOW)


class Postbox:
    """Takes mail, or answers one command as told."""

    def __init__(self, *, rcpt: str = "250 OK", data: str = "250 OK") -> None:
        self.rcpt, self.data, self.taken = rcpt, data, list[Envelope]()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.data == "hang up":
            server.transport.abort()
        self.taken.append(envelope)
        return self.data


@contextmanager
def _server(box: Postbox, **options: Any) -> Iterator[MailServer]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield MailServer("127.0.0.1", port, "none", "ca@edu.example")
    finally:
        controller.stop(no_assert=True)


def test_a_letter_arrives_in_chinese_with_an_id_that_tells_a_second_copy() -> None:
    box = Postbox()
    with _server(box) as server:
        SmtpCourier(server).send(_message())
    (taken,) = box.taken
    assert taken.rcpt_tos == ["teacher@example.com"]
    mail = message_from_bytes(taken.original_content or b"", policy=default_policy)
    assert (mail["Subject"], mail["Message-ID"]) == ("教育CA通知", "<M0123456789abcdef@edu.example>")
    assert mail.get_content().strip() == "您的申请已通过。"


@pytest.mark.parametrize(
    ("answers", "raised"),
    [
        ({"rcpt": "450 later"}, Postponed),
        ({"rcpt": "550 nobody"}, Rejected),
        ({"data": "451 later"}, Postponed),
        ({"data": "554 no"}, Rejected),
        ({"data": "hang up"}, Unsure),
    ],
)
def test_what_the_server_says_decides(answers: dict[str, str], raised: type[Exception]) -> None:
    with _server(Postbox(**answers)) as server, pytest.raises(raised) as refusal:
        SmtpCourier(server).send(_message())
    assert "teacher@example.com" not in str(refusal.value)


def test_a_server_that_is_not_there_postpones() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        server = MailServer("127.0.0.1", taken.getsockname()[1], "none", "ca@edu.example")
        with pytest.raises(Postponed):
            SmtpCourier(server).send(_message())


@pytest.mark.parametrize("to", ["a@example.com\nBcc: b@example.com", "a@example.com\r\nX: 1"])
def test_an_address_cannot_add_a_header(to: str) -> None:
    box = Postbox()
    with _server(box) as server, pytest.raises(Rejected):
        SmtpCourier(server).send(_message(to))
    assert box.taken == []


def test_a_subject_cannot_add_a_header() -> None:
    with _server(Postbox()) as server, pytest.raises(Rejected):
        SmtpCourier(server).send(_message(subject="x\nBcc: b@example.com"))


def test_mail_goes_out_over_a_verified_connection_with_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = _self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    known = lambda *_: AuthResult(success=True)  # noqa: E731
    box = Postbox()
    options = {"tls_context": context, "require_starttls": True, "authenticator": known, "auth_required": True}
    with _server(box, **options) as plain:
        server = MailServer("127.0.0.1", plain.port, "starttls", plain.sender, "ca", "secret")
        with pytest.raises(Postponed, match="SSLCertVerificationError"):
            SmtpCourier(server).send(_message())
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        SmtpCourier(server).send(_message())
    assert len(box.taken) == 1


def _self_signed(folder: Path) -> tuple[Path, Path]:
    import ipaddress
    from datetime import timedelta

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, private.public_key(), 1, now, now + timedelta(days=1))
    made = builder.add_extension(address, critical=True).sign(private, hashes.SHA256())
    certificate, key = folder / "server.pem", folder / "server.key"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, key
