"""Signing answers ahead of the requests: a loop over serial numbers, for whoever fills an AnswerStore."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from .certid import CertIdWriter, HashAlgorithm
from .issuer import ServedIssuer
from .response import signing_at
from .signer import certificate_facts
from .store import StoredAnswer

_BATCH = 500


def presign(
    issuer: ServedIssuer,
    serials: Iterable[int],
    *,
    clock: Callable[[], datetime],
    validity: timedelta,
    algorithms: Sequence[HashAlgorithm] = (HashAlgorithm.SHA1,),
    archive: timedelta | None = None,
) -> Iterator[list[StoredAnswer]]:
    """Yield answers for these serial numbers in lists of a few hundred, each to be put into a store.

    One answer for each serial number and algorithm; one that was never issued is passed over, since it is answered
    "revoked" until it is. No list is kept, so that the memory does not grow with the number. Raises what the status
    source or the signer raises, SignerNotValid and ImpossibleResponse; what was yielded before stays good.
    """
    writers = [CertIdWriter(certificate_facts(issuer.certificate), algorithm) for algorithm in algorithms]
    left = iter(serials)
    while batch := list(islice(left, _BATCH)):
        # The order matters: a change after the version is read makes the answer void, whether it is in it or not.
        version = issuer.source.version()
        known = issuer.source.status(batch)
        signing = signing_at(issuer.key(), clock(), validity=validity, archive=archive)
        cert_ids = [writer.write(serial) for serial in batch if serial in known for writer in writers]
        yield [
            StoredAnswer(
                cert_id.raw,
                cert_id.serial,
                version,
                signing.this_update,
                signing.next_update,
                signing.response([(cert_id, known[cert_id.serial])]),
            )
            for cert_id in cert_ids
        ]
