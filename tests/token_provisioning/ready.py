"""A desk with one initialised token, and the contract CA that expects it."""

from pathlib import Path

from tests.token_provisioning.contract_ca import ContractCa
from tests.token_provisioning.soft_token import Desk, binding_key, new_desk


def ready(folder: Path, module: str) -> tuple[Desk, str, ContractCa]:
    """Return the desk, the token's serial number, and its CA; the token has its first PIN."""
    desk = new_desk(folder, module)
    serial = desk.vendor_token()
    made = desk.initialise(serial)
    return desk, serial, ContractCa(token_serial=serial, binding_public_key=binding_key(made))
