"""The CA's office in this process and its server in another, that may die; so the helper can run in this one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ca_service.config import Config
from tests.e2e import struck_server
from tests.e2e.holders import Holder, LiveCa, equip, office_of, own_config
from tests.token_provisioning.soft_token import own_copy


@dataclass(frozen=True)
class Apart:
    """`ca` has no address: each server that is started has one of its own."""

    config: Config
    ca: LiveCa
    module: str

    def serving(self, *, strike: int = 0, only_tls_1_2: bool = False) -> AbstractContextManager[struck_server.Running]:
        """A server, which dies at place number `strike`."""
        start = struck_server.Start(strike=strike, ahead=self.ca.clock.passed, only_tls_1_2=only_tls_1_2)
        return struck_server.serving(self.config, start)

    def equipped(self, folder: Path, *, person: str = "") -> Holder:
        """This person, else a new one, with token and codes; the helper runs in this process."""
        return replace(equip(self.ca, folder, self.module, person=person), here=True)

    def enrolled(self, folder: Path) -> tuple[Holder, str]:
        """A new person with a certificate, and its serial number."""
        holder = self.equipped(folder)
        with self.serving() as server:
            return holder, holder.at(server.address).enrol().document["certificate_serial"]


@contextmanager
def ca_apart(founded: Config, folder: Path, *, url: str = "") -> Iterator[Apart]:
    """A copy of the founded CA, or the one in the database at `url`."""
    config = own_config(founded, folder, url=url)
    with office_of(config, folder) as (_, ca):
        yield Apart(config, ca, own_copy(folder))
