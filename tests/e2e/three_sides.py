"""What the token, the database and the CRL say about a person's certificate is one story."""

from collections.abc import Sequence

from ca_service.domain.certificates import ENDED, CertificateStatus
from tests.e2e.holders import PROFILE, Holder, LiveCa
from token_provisioning import sealing


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


def _require_token(holder: Holder, serial: str) -> None:
    for kind in ("privkey", "pubkey", "cert"):
        assert holder.listing(kind).count("educa-auth") == 1, kind
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
