"""The wire is cut after N octets, for the N that matter, and mended: one key, one certificate, confirmed."""

import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from tests.token_provisioning.conftest import Scene
from tests.token_provisioning.contract_ca import CODE, REFERENCE
from tests.token_provisioning.cutting_proxy import Way, Wire, wire_to
from tests.token_provisioning.soft_token import PIN
from token_provisioning import certificates
from token_provisioning.attributes import AUTH_LABEL, CA_LABEL
from token_provisioning.cli.holder import this_computer
from token_provisioning.enrolment import Codes, enrol
from token_provisioning.errors import CaUnreachableError
from token_provisioning.http_client import HttpCaClient
from token_provisioning.issuance import Surroundings
from token_provisioning.login import open_user
from token_provisioning.module import Module
from token_provisioning.pkcs11_device import Pkcs11Device
from token_provisioning.transport import HttpsTransport

# A TLS record is nothing until its last octet: between the borders of messages every place is like the next.
_STRIDE = 251
_LAST_MESSAGE = 40


class Bench:
    """A logged-in token and its CA, both of which can be put back to the time before the download."""

    def __init__(self, scene: Scene, wire: Wire, device: Pkcs11Device) -> None:
        self.ca, self.wire, self.device = scene.ca, wire, device
        self._root = scene.desk.folder / "root.pem"
        self.borders: set[tuple[Way, int]] = set()

    def enrol(self) -> None:
        """Download, and note how many octets have passed whenever a step is done."""
        computer = this_computer()
        around = Surroundings(
            anchors=certificates.load_anchors(self._root.read_bytes()),
            clock=computer.clock,
            random_bytes=computer.random_bytes,
            report=lambda _: self.borders.update(self.wire.passage.passed.items()),
            journal=computer.journal("enrolment", self.ca.token_serial),
        )
        with closing(HttpsTransport(self.wire.address, self._root, monotonic=time.monotonic)) as transport:
            codes = Codes(reference=REFERENCE, authorisation_code=CODE)
            enrol(self.device, HttpCaClient(transport), codes, around)

    def put_back(self) -> None:
        self.ca.state = "open"
        self.ca.issued.clear()
        self.wire.mend()
        for pair in self.device.key_pairs(AUTH_LABEL):
            self.device.remove_pair(AUTH_LABEL, pair)
        for certificate in self.device.certificates():
            if certificate.label == AUTH_LABEL:
                self.device.remove_certificate(certificate)

    def require_one_of_each(self) -> None:
        assert (self.ca.state, len(self.ca.issued)) == ("confirmed", 1)
        labels = [certificate.label for certificate in self.device.certificates()]
        assert (labels.count(AUTH_LABEL), labels.count(CA_LABEL)) == (1, 2)
        assert len(self.device.key_pairs(AUTH_LABEL)) == 1


@pytest.fixture
def bench(scene: Scene) -> Iterator[Bench]:
    assert scene.enrol().code == 0  # the first PIN is changed
    with (
        scene.desk.inside(),
        wire_to(scene.server) as wire,
        open_user(Module(scene.module_path).choose(None), PIN) as session,
    ):
        yield Bench(scene, wire, Pkcs11Device(session))


@pytest.mark.timeout(400)  # three seconds of work, of which most is waiting for the other side
def test_cut_anywhere_and_mended_the_download_ends_the_same(bench: Bench) -> None:
    bench.put_back()
    bench.enrol()
    bench.require_one_of_each()
    whole = dict(bench.wire.passage.passed)
    cuts = {(way, n) for way, total in whole.items() for n in range(0, total, _STRIDE)}
    cuts |= {(way, n + d) for way, n in bench.borders for d in (-1, 0, 1) if 0 <= n + d < whole[way]}
    # The end of the last answer is where the two sides are of different minds: octet by octet.
    cuts |= {(Way.DOWN, whole[Way.DOWN] - n) for n in range(1, _LAST_MESSAGE)}

    broken = 0
    for way, octets in sorted(cuts):
        bench.put_back()
        bench.wire.cut(way, octets)
        # Signatures differ in length from run to run: a cut of the last octets may find nothing left to cut.
        with suppress(CaUnreachableError):
            bench.enrol()
            bench.require_one_of_each()
            broken -= 1
        broken += 1
        assert len(bench.ca.issued) <= 1
        bench.wire.mend()
        bench.enrol()
        bench.require_one_of_each()
    assert broken > len(cuts) - 16
