"""A blank token becomes one of ours, at the centre.

1. The token is blank, or the operator has said to erase it.
2. The new SO PIN and the first PIN are on disk before the token knows them: a token whose SO PIN
   is known to nobody is scrap.
3. C_InitToken with the vendor's SO PIN: everything on the token is destroyed.
4. The SO PIN is changed, the first user PIN set.
5. The binding key is made and its attributes are read back.
6. The mark "first PIN" is set last: with it the token is complete.
"""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pkcs11 import Attribute, ObjectClass, Session, Token

from token_provisioning.attributes import BINDING_LABEL, FIRST_PIN_LABEL, KeyAlgorithm
from token_provisioning.errors import (
    AlreadyUsedError,
    FileNotUsableError,
    SecretFileExistsError,
    SoPinWrongError,
)
from token_provisioning.init_token import init_token
from token_provisioning.login import open_so, open_user, translated
from token_provisioning.module import Module, token_info
from token_provisioning.pins import random_first_pin, random_so_pin
from token_provisioning.pkcs11_device import Pkcs11Device, has_mark, stored_certificates

KEY_ID_OCTETS = 16


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Where the PINs of one token go; both files must not exist yet."""

    so_pin_file: Path
    pin_file: Path


@dataclass(frozen=True, kw_only=True)
class InitialisedToken:
    """What the registry of media needs to know; `binding_public_key` is a DER SPKI."""

    serial: str
    label: str
    model: str
    manufacturer: str
    binding_public_key: bytes


def initialise(
    module: Module,
    token: Token,
    *,
    label: str,
    vendor_so_pin: str,
    secrets: Secrets,
    erase: bool,
    random_bytes: Callable[[int], bytes],
) -> InitialisedToken:
    """Initialise one token; a broken-off run is repeated with the SO PIN that the token has by then."""
    # 1. blank?
    if not erase:
        _require_blank(token)
    # 2. secrets on disk
    so_pin, first_pin = random_so_pin(random_bytes), random_first_pin(random_bytes)
    _write_secrets(secrets, so_pin=so_pin, first_pin=first_pin)
    # 3. erase
    try:
        init_token(module.path, token.slot.slot_id, so_pin=vendor_so_pin, label=label)
    except SoPinWrongError:
        _forget(secrets)  # the token knows neither of them
        raise
    # 4. PINs
    with translated(token), open_so(token, vendor_so_pin) as session:
        session.set_pin(vendor_so_pin, so_pin)
        session.init_pin(first_pin)
    # 5. and 6.
    with translated(token), open_user(token, first_pin) as session:
        binding = _make_binding_key(Pkcs11Device(session), random_bytes)
    info = token_info(token.slot.get_token())
    return InitialisedToken(
        serial=info.serial,
        label=info.label,
        model=info.model,
        manufacturer=info.manufacturer,
        binding_public_key=binding,
    )


def _make_binding_key(device: Pkcs11Device, random_bytes: Callable[[int], bytes]) -> bytes:
    pair = device.generate(label=BINDING_LABEL, key_id=random_bytes(KEY_ID_OCTETS), algorithm=KeyAlgorithm.EC_P256)
    device.key_attributes(pair).require_token_born()
    device.set_mark(FIRST_PIN_LABEL)
    return pair.public_key


def _require_blank(token: Token) -> None:
    serial = token_info(token).serial
    with translated(token), token.open() as session:
        if stored_certificates(session):
            raise AlreadyUsedError(serial=serial, found="含有证书")
        # The mark goes with the first PIN: what remains of a token in use is the binding key.
        if has_mark(session, FIRST_PIN_LABEL) or _has_binding_key(session):
            raise AlreadyUsedError(serial=serial, found="已由信息中心初始化")


def _has_binding_key(session: Session) -> bool:
    wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: BINDING_LABEL}
    return bool(list(session.get_objects(wanted)))


def _write_secrets(secrets: Secrets, *, so_pin: str, first_pin: str) -> None:
    _write_secret(secrets.so_pin_file, so_pin)
    try:
        _write_secret(secrets.pin_file, first_pin)
    except (SecretFileExistsError, FileNotUsableError):
        secrets.so_pin_file.unlink(missing_ok=True)
        raise


def _write_secret(path: Path, secret: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise SecretFileExistsError(path=str(path)) from error
    except OSError as error:
        raise FileNotUsableError(path=str(path), reason=error.strerror or "OSError") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())


def _forget(secrets: Secrets) -> None:
    for path in (secrets.so_pin_file, secrets.pin_file):
        with contextlib.suppress(OSError):
            path.unlink()
