"""The self-download (自助下载): from two codes to a working certificate on the token.

1. The first PIN is changed (`first_pin.open_holder`, before this module has a logged-in device).
2. begin: the CA knows the codes and this token.
3. Key, request, check, write, proof: `issuance`.
"""

from dataclasses import dataclass, field

from token_provisioning import issuance
from token_provisioning.ca_client import CaClient
from token_provisioning.device import Device
from token_provisioning.errors import NotRevokedFirstError
from token_provisioning.issuance import Enrolled, Opened, Step, Surroundings
from token_provisioning.journal import Journal

BINDING_CONTEXT = b"educa-enrolment-v1\0"


@dataclass(frozen=True, kw_only=True)
class Codes:
    """What reached the holder by two ways. `replacing`: the old certificate must be revoked first."""

    reference: str
    authorisation_code: str = field(repr=False)
    replacing: bool = False


def enrol(device: Device, ca: CaClient, codes: Codes, around: Surroundings) -> Enrolled:
    """Run steps 2 and 3; raises what the device and the CA raise. Repeat it as often as needed."""
    binding = issuance.binding_key(device)
    begun = ca.begin(reference=codes.reference, code=codes.authorisation_code, token_serial=device.serial)
    if codes.replacing and (begun.replaces is None or not begun.replaces.revoked):
        raise NotRevokedFirstError
    around.journal.note(issuance.BEGUN, reference=codes.reference)
    around.report(Step.BEGUN)
    return issuance.complete(device, ca, Opened(begun=begun, binding=binding, context=BINDING_CONTEXT), around)


def unfinished_reference(journal: Journal) -> str:
    """Return the reference number of the download that was broken off last, empty if there is none."""
    run = journal.since(issuance.BEGUN)
    finished = any(entry.step == issuance.CONFIRMED for entry in run)
    return "" if not run or finished else run[0].facts.get("reference", "")
