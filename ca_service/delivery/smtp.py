"""E-mail by SMTP (RFC 5321), with the one question answered that smtplib leaves open: can it have been taken?"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from ca_service.domain.messages import Message
from ca_service.workflows.ports import Postponed, Rejected, Unsure

_TIMEOUT = 20


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in. `security` is `tls` (implicit), `starttls`, or `none` for a relay on this machine."""

    host: str
    port: int
    security: str
    sender: str
    user: str = ""
    password: str = ""


class SmtpCourier:
    """Implements `ports.Courier`. Message-ID is made from the message's id, so that a second copy can be recognised."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def send(self, message: Message) -> None:
        """See the port."""
        mail = self._compose(message)
        try:
            with self._connection() as connection:
                self._envelope(connection, mail)
                self._content(connection, mail)
        except (smtplib.SMTPException, OSError) as error:
            # Nothing was handed over yet: what follows the content never comes here.
            raise Postponed(f"mail server: {type(error).__name__}") from error

    def _compose(self, message: Message) -> EmailMessage:
        mail = EmailMessage(policy=SMTP_POLICY)
        try:
            mail["From"], mail["To"] = self._server.sender, message.letter.to
            mail["Subject"] = message.letter.subject or "教育CA通知"
        except ValueError as error:
            raise Rejected("address or subject is not allowed in a header") from error
        mail["Date"] = format_datetime(message.created_at)
        mail["Message-ID"] = f"<{message.id}@{self._server.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.letter.text, charset="utf-8")
        return mail

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        server, context = self._server, ssl.create_default_context()
        if server.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT)
        try:
            if server.security == "starttls":
                connection.starttls(context=context)
            connection.ehlo_or_helo_if_needed()
            if server.user:
                connection.login(server.user, server.password)
            yield connection
        finally:
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()

    def _envelope(self, connection: smtplib.SMTP, mail: EmailMessage) -> None:
        sender, to = str(mail["From"].addresses[0].addr_spec), str(mail["To"].addresses[0].addr_spec)
        for code, _ in (connection.mail(sender), connection.rcpt(to)):
            _judge(code)

    def _content(self, connection: smtplib.SMTP, mail: EmailMessage) -> None:
        try:
            code, _ = connection.data(mail.as_bytes())
        except smtplib.SMTPDataError as error:
            _judge(error.smtp_code)
        except (smtplib.SMTPException, OSError) as error:
            raise Unsure(f"mail server ended while taking the content: {type(error).__name__}") from error
        else:
            _judge(code)


def _judge(code: int) -> None:
    """RFC 5321 §4.2.1: 2yz is done, 4yz may be tried again, 5yz will not do. The text beside it may name the person."""
    if 200 <= code < 300:
        return
    kind = Rejected if code >= 500 else Postponed
    raise kind(f"mail server: {code}")
