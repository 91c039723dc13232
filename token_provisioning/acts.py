"""What a holder does with a token, whole: the command line and the page call these and nothing below."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from pkcs11 import Token

from token_provisioning import certificates, enrolment, holdings, renewal, unblocking
from token_provisioning.attributes import FIRST_PIN_LABEL
from token_provisioning.ca_client import RenewalClient
from token_provisioning.device import Device
from token_provisioning.enrolment import Codes
from token_provisioning.errors import FileNotUsableError
from token_provisioning.first_pin import HolderPins, open_holder
from token_provisioning.holdings import Holding
from token_provisioning.http_client import HttpCaClient, HttpRenewalClient, HttpUnblockClient
from token_provisioning.issuance import Enrolled, Step, Surroundings
from token_provisioning.journal import Journal, plain_name
from token_provisioning.login import open_user, translated
from token_provisioning.module import Module, token_info
from token_provisioning.pins import check_new_pin
from token_provisioning.pkcs11_device import Pkcs11Device
from token_provisioning.renewal import Renewed
from token_provisioning.token_tls import TokenTlsTransport
from token_provisioning.transport import HttpsTransport
from token_provisioning.unblocking import UnblockStep, UnblockTools, Wish


@dataclass(frozen=True, kw_only=True)
class Computer:
    """What the acts need of this computer: `home` is the folder for journals, the clock is aware UTC."""

    home: Path
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    random_bytes: Callable[[int], bytes]

    def journal(self, purpose: str, serial: str) -> Journal:
        """A file for each purpose and serial number, so that a run broken off is found again."""
        return Journal(self.home / f"{purpose}-{plain_name(serial)}.jsonl", clock=self.clock)


@dataclass(frozen=True, kw_only=True)
class CaAddress:
    """Where the CA is: an https URL, and the PEM file of its root, which alone is trusted."""

    server: str
    ca_file: Path

    def anchors(self) -> list[x509.Certificate]:
        """Read the root; raises `FileNotUsableError`."""
        try:
            return certificates.load_anchors(self.ca_file.read_bytes())
        except (OSError, ValueError) as error:
            raise FileNotUsableError(path=str(self.ca_file), reason="不是 PEM 格式的 CA 证书") from error


def enrol(
    token: Token, ca: CaAddress, computer: Computer, *, pins: HolderPins, codes: Codes, report: Callable[[Step], None]
) -> tuple[Enrolled, Holding]:
    """Download the certificate, changing a first PIN on the way."""
    around = _surroundings("enrolment", token, ca, computer, report)
    with (
        closing(HttpsTransport(ca.server, ca.ca_file, monotonic=computer.monotonic)) as transport,
        translated(token),
        open_holder(token, pins) as session,
    ):
        device = Pkcs11Device(session)
        enrolled = enrolment.enrol(device, HttpCaClient(transport), codes, around)
        return enrolled, holdings.current(device)


def renew(
    token: Token, ca: CaAddress, computer: Computer, *, pin: HolderPins, report: Callable[[Step], None]
) -> Renewed:
    """Renew the certificate over TLS with the key on the token."""
    around = _surroundings("renewal", token, ca, computer, report)
    with _logged_in(token, pin) as device:

        @contextmanager
        def connect(old: Holding) -> Iterator[RenewalClient]:
            """Closed with the block: the key on the token serves one conversation."""
            transport = TokenTlsTransport(
                ca.server,
                around.anchors,
                device=device,
                pair=old.pair,
                certificate=holdings.path_of(device, old),
                clock=computer.clock,
                monotonic=computer.monotonic,
            )
            with closing(transport):
                yield HttpRenewalClient(transport)

        return renewal.renew(device, connect, around)


def show(token: Token, *, pin: HolderPins) -> Holding:
    """Return the certificate that is in use and what the token says of its key."""
    with _logged_in(token, pin) as device:
        return holdings.current(device)


def test(token: Token, computer: Computer, *, pin: HolderPins) -> Holding:
    """Sign fresh octets and verify them by the certificate."""
    with _logged_in(token, pin) as device:
        holding = holdings.current(device)
        holdings.prove(device, holding, computer.random_bytes)
        return holding


def change_pin(token: Token, *, pin: HolderPins, new: str) -> None:
    """Set a new PIN; the first-PIN mark goes with the first PIN."""
    check_new_pin(new, old=pin.current, known=(token_info(token).serial,))
    with _logged_in(token, pin) as device:
        device.change_pin(old=pin.current, new=new)
        device.clear_mark(FIRST_PIN_LABEL)


def unblock(
    module: Module,
    token: Token,
    ca: CaAddress,
    computer: Computer,
    *,
    wish: Wish,
    report: Callable[[UnblockStep], None],
) -> None:
    """Set a new PIN by a release of the CA."""
    with closing(HttpsTransport(ca.server, ca.ca_file, monotonic=computer.monotonic)) as transport:
        tools = UnblockTools(random_bytes=computer.random_bytes, report=report)
        unblocking.unblock(module, token, HttpUnblockClient(transport), wish, tools)


def unfinished_reference(token: Token, computer: Computer) -> str:
    """Return the reference number of a download on this token that was broken off, empty if there is none."""
    return enrolment.unfinished_reference(computer.journal("enrolment", token_info(token).serial))


def _surroundings(
    purpose: str, token: Token, ca: CaAddress, computer: Computer, report: Callable[[Step], None]
) -> Surroundings:
    return Surroundings(
        anchors=ca.anchors(),
        clock=computer.clock,
        random_bytes=computer.random_bytes,
        report=report,
        journal=computer.journal(purpose, token_info(token).serial),
    )


@contextmanager
def _logged_in(token: Token, pin: HolderPins) -> Iterator[Device]:
    with translated(token), open_user(token, pin.current, last_try=pin.last_try) as session:
        yield Pkcs11Device(session)
