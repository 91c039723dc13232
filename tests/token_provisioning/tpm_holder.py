"""All that a holder does with a token, against the contract CA; arguments: the module, the kind of key, a folder.

A process of its own, since a module reads its environment when it is loaded. Prints what was seen as JSON.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pkcs11 import Token

from tests.token_provisioning.contract_ca import CODE, REFERENCE, ContractCa, number
from tests.token_provisioning.contract_server import serving
from tests.token_provisioning.contract_unblock import RELEASE_CODE
from token_provisioning import acts, initialise
from token_provisioning.acts import CaAddress
from token_provisioning.cli.holder import this_computer
from token_provisioning.enrolment import Codes
from token_provisioning.errors import TokenError
from token_provisioning.first_pin import HolderPins, has_first_pin
from token_provisioning.keepers import FileKeeper
from token_provisioning.module import Module
from token_provisioning.unblocking import Wish

OWN, NEXT, LAST = "k7-Tangerine", "Medlar-4711", "Quince-9284"


def main(module: Module, algorithm: str, folder: Path) -> dict[str, Any]:
    os.environ["EDUCA_TOKEN_HOME"] = str(folder / "home")
    computer = this_computer()
    keeper = FileKeeper(so_pin_file=folder / "so", pin_file=folder / "first")
    order = initialise.Order(label="educa", vendor_so_pin="vendor-so-pin", erase=False)
    token = module.tokens()[0]
    made = initialise.initialise(module, token, order, keeper=keeper, random_bytes=computer.random_bytes)
    token = module.tokens()[0]
    seen: dict[str, Any] = {"serial": made.serial, "first_pin": has_first_pin(token)}
    ca = ContractCa(token_serial=made.serial, binding_public_key=made.binding_public_key, key_algorithm=algorithm)
    ca.unblocks.so_pins = [(folder / "so").read_text().strip()]
    first = HolderPins(current=(folder / "first").read_text().strip(), new=lambda: OWN)
    codes = Codes(reference=REFERENCE, authorisation_code=CODE)
    with serving(ca, folder) as server:
        address = CaAddress(server=server, ca_file=folder / "root.pem")
        _, holding = acts.enrol(token, address, computer, pins=first, codes=codes, report=lambda _: None)
        seen |= {"attributes": asdict(holding.attributes), "first_pin_after": has_first_pin(token)}
        renewed = acts.renew(token, address, computer, pin=HolderPins(current=OWN), report=lambda _: None)
        seen["renewed"] = renewed.holding.certificate.serial == number(ca.renewals.issued[0])
        wish = Wish(release_code=RELEASE_CODE, new_pin=NEXT)
        acts.unblock(module, token, address, computer, wish=wish, report=lambda _: None)
    acts.change_pin(token, pin=HolderPins(current=NEXT), new=LAST)
    seen["tested"] = acts.test(token, computer, pin=HolderPins(current=LAST)).certificate.serial
    seen["states"] = [ca.state, ca.renewals.state, ca.unblocks.state]
    seen["wrong_pin"] = refusal(token, OWN)
    # The TPM defends itself against guessing: after some wrong ones it takes the right one as little.
    seen["locked"] = next(said for _ in range(40) if "锁定" in (said := refusal(token, OWN)) and "错误" not in said)
    seen["right_pin"] = refusal(token, LAST)
    return seen


def refusal(token: Token, pin: str) -> str:
    """What the person is told who signs in with this PIN, empty if it works."""
    try:
        acts.show(token, pin=HolderPins(current=pin))
    except TokenError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    print(json.dumps(main(Module(Path(sys.argv[1])), sys.argv[2], Path(sys.argv[3]))))
