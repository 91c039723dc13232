"""What the token, the database and the CRL say about a person's certificate is one story."""

import re
from collections.abc import Sequence

from ca_service.domain.certificates import ENDED, CertificateStatus
from tests.e2e.holders import PROFILE, Holder, LiveCa
from token_provisioning import sealing
from token_provisioning.attributes import AUTH_LABEL

# Each object that pkcs11-tool lists begins in the first column, what it says of it does not.
_OBJECT = re.compile(r"\n(?=\S)")


def require_one_story(ca: LiveCa, holder: Holder, serial: str) -> None:
    """One certificate in force, this one: on the token beside the only key, which signs; all others are on the CRL."""
    _require_token(holder, serial)
    with ca.office.services.read() as uow:
        found = {one.serial: one for one in uow.certificates.find(profile=PROFILE, holder_id=holder.person)}
    assert found.pop(serial).status is CertificateStatus.ACTIVE
    assert {one.status for one in found.values()} <= set(ENDED)
    revoked = ca.revoked_in_the_crl()
    assert serial not in revoked
    assert set(found) <= revoked


def require_one_story_of_all(ca: LiveCa, holders: Sequence[Holder]) -> None:
    """No serial number of these persons is anywhere but where it belongs, and none is left between."""
    with ca.office.services.read() as uow:
        found = uow.certificates.find(profile=PROFILE, holder_id=[holder.person for holder in holders])
    live = [one for one in found if one.status is CertificateStatus.ACTIVE]
    assert sorted(one.holder_id or "" for one in live) == sorted(holder.person for holder in holders)
    ended = {one.serial for one in found if one.status in ENDED}
    assert len(live) + len(ended) == len(found)
    assert ended == ca.revoked_in_the_crl() & {one.serial for one in found}


def require_no_second(ca: LiveCa, holder: Holder, *, besides: int) -> None:
    """Between two tries: at most one certificate that works, `besides` the one it replaces not more than one that may
    come to work, and on the token a key for each of them at the most. Quick: nothing is signed.
    """
    with ca.office.services.read() as uow:
        found = uow.certificates.find(profile=PROFILE, holder_id=holder.person)
    live = [one for one in found if one.status not in ENDED]
    assert len([one for one in live if one.confirmed_at]) <= 1
    assert len(live) <= 1 + besides
    assert len(holder.desk.public_keys(AUTH_LABEL)) <= 1 + besides


def _require_token(holder: Holder, serial: str) -> None:
    listed = holder.desk.pkcs11_tool("--login", "--pin", holder.pin, "--list-objects")
    kinds = [text.partition(" ")[0] for text in _OBJECT.split(listed) if AUTH_LABEL in text]
    assert sorted(kinds) == ["Certificate", "Private", "Public"], listed
    tested = holder.desk.token("test", "--pin-file", holder.desk.file("own", holder.pin), "--json").document
    assert tested["certificate_serial"] == serial


def require_one_so_pin(ca: LiveCa, holder: Holder) -> None:
    """The CA keeps one SO PIN of the token, and the token takes it."""
    reader, nonce = sealing.Ephemeral(), bytes(32)
    services, serial = ca.office.services, holder.serial
    with services.read() as uow:
        (kept,) = uow.so_pins.find(serial=serial)
    sealed = services.custody.reseal(kept.sealed, serial=serial, reader=reader.public, nonce=nonce)
    so_pin = reader.open(sealed, info=sealing.RELEASE_CONTEXT + nonce + serial.encode())
    # Setting the PIN that is in force changes nothing.
    act = ("--init-pin", "--new-pin", holder.pin)
    said = holder.desk.pkcs11_tool("--login", "--login-type", "so", "--so-pin", so_pin, *act)
    assert "User PIN successfully initialized" in said
