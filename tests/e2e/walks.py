"""What may be walked along: which deed, over which TLS, at a CA of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from unittest.mock import patch

from ca_service.config import Config
from tests.e2e.apart import Apart, ca_apart
from tests.e2e.deeds import Deed, Downloads, Renewals, Unblocks
from tests.e2e.octet_walk import Walk, walking
from tests.e2e.three_sides import require_one_story_of_all
from token_provisioning.pkcs11_device import Pkcs11Device


class Road(StrEnum):
    """The steps of the helper that a broken wire may interrupt."""

    DOWNLOAD = "download"
    RENEWAL = "renewal"
    UNBLOCK = "unblock"


@contextmanager
def road(founded: Config, folder: Path, which: Road, *, only_tls_1_2: bool, seed: int) -> Iterator[Walk]:
    """A walk at a copy of the founded CA; when it has ended, all its persons are judged by token, database and CRL.

    The helper renews over TLS 1.2 where the key is an RSA key and the token has no PSS, so those make that walk.
    """
    rsa = which is Road.RENEWAL and only_tls_1_2
    keys = {"administrator_key": "rsa-2048"} if rsa else {}
    config = founded.model_copy(update={"ca": founded.ca.model_copy(update=keys)})
    folder.mkdir()
    with (
        patch.object(Pkcs11Device, "can_sign_pss", lambda _: not rsa),
        ca_apart(config, folder) as apart,
    ):
        deed = _deed(which, apart, folder / "desks")
        with walking(apart, deed, seed=seed, only_tls_1_2=only_tls_1_2) as walk:
            yield walk
        require_one_story_of_all(apart.ca, deed.holders)


def _deed(which: Road, apart: Apart, desks: Path) -> Deed:
    desks.mkdir()
    if which is Road.DOWNLOAD:
        return Downloads(apart, desks)
    holder, serial = apart.enrolled(desks)
    return (Renewals if which is Road.RENEWAL else Unblocks)(apart, holder, serial)
