"""What the CA's own responder says of certificates now, read and verified by the independent auditor's parser."""

from collections.abc import Mapping, Sequence

from ca_service.app import responder
from ca_service.audit.status.answers import Certids
from ca_service.audit.status.lists import Unreadable
from ca_service.wiring import Wiring
from ca_service.workflows.current_issuer import current_issuer


def asked(wiring: Wiring, serials: Sequence[str]) -> Mapping[str, str]:
    """For each serial `good`, `revoked SINCE REASON`, or what is wrong with the answer."""
    answering = responder(wiring)
    with wiring.services.read() as uow:
        certids = Certids(uow.issuers.get(current_issuer(wiring.services)).certificate)
    told = {}
    for serial in serials:
        body = answering.answer(certids.request(serial)).body
        try:
            answer = certids.read(serial, body, now=wiring.clock())
        except Unreadable as error:
            told[serial] = str(error)
        else:
            told[serial] = "; ".join([str(answer.word), *answer.problems])
    return told
