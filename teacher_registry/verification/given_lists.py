"""The revocation of a path by the CRLs that were handed over with it, each certificate by its own issuer's lists."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain, pairwise
from typing import Literal

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.certificates import ReadCertificate
from teacher_registry.verification.crl_index import Listed, RevocationIndex, index_crl, with_delta
from teacher_registry.verification.crl_reader import ReadCrl, read_crl
from teacher_registry.verification.path_builder import Path
from teacher_registry.verification.revocation import Status, UntrustedAnswerError, require_good

Revocation = Literal["required", "if-given"]

MAX_LISTS = 256


class GivenLists:
    """Lists from anywhere. One that cannot be read at all refuses: whoever hands over lists means them."""

    def __init__(self, lists: Sequence[bytes]) -> None:
        """Read the frames; raises the refusal `status-unknown`."""
        if len(lists) > MAX_LISTS:
            raise RefusalError(RefusalKind.STATUS_UNKNOWN, f"{len(lists)} revocation lists")
        try:
            self._lists = [read_crl(octets) for octets in lists]
        except UntrustedAnswerError as error:
            raise RefusalError(RefusalKind.STATUS_UNKNOWN, str(error)) from error

    def require_good(self, path: Path, at: datetime, revocation: Revocation) -> None:
        """Refuse `revoked`, `frozen` or `status-unknown`. With "if-given" a certificate whose issuer has no list
        here is not checked; with "required" it is refused."""
        for issuer, certificate in pairwise(path):
            own = [crl for crl in self._lists if crl.is_of(issuer)]
            if own:
                # After a change of its key an authority stands in the path with both (self-issued certificates).
                keys = [authority for authority in path[:-1] if authority.subject == issuer.subject]
                require_good(_status(certificate, keys, own, at), "a certificate of the path")
            elif revocation == "required":
                raise RefusalError(RefusalKind.STATUS_UNKNOWN, "no revocation list of an issuer of the path")


def _status(
    certificate: ReadCertificate, keys: Sequence[ReadCertificate], own: Sequence[ReadCrl], at: datetime
) -> Status:
    """By the newest list that is good and about this certificate."""
    reason = "no complete list among those given"
    listed = Listed.of(certificate.unverified)
    found: list[tuple[int, Status]] = []
    for index in chain.from_iterable(_indexes(own, key, at) for key in keys):
        if isinstance(index, str):
            reason = index
            continue
        try:
            found.append((index.newest_number, index.status(listed)))
        except UntrustedAnswerError as error:
            reason = str(error)
    if not found:
        raise RefusalError(RefusalKind.STATUS_UNKNOWN, reason)
    return max(found, key=lambda pair: pair[0])[1]


def _indexes(own: Sequence[ReadCrl], issuer: ReadCertificate, at: datetime) -> list[RevocationIndex | str]:
    """Each complete list with every delta that fits it; a text for each list that is not good."""
    results: list[RevocationIndex | str] = []
    for crl in own:
        if crl.base_number is not None:
            continue
        try:
            index = index_crl(crl.der, issuer, at)
        except UntrustedAnswerError as error:
            results.append(str(error))
            continue
        for delta in own:
            if delta.base_number is not None:
                index, complaint = _laid_over(index, delta, issuer, at)
                results += complaint
        results.append(index)
    return results


def _laid_over(
    index: RevocationIndex, delta: ReadCrl, issuer: ReadCertificate, at: datetime
) -> tuple[RevocationIndex, list[RevocationIndex | str]]:
    try:
        return with_delta(index, delta.der, issuer, at), []
    except UntrustedAnswerError as error:
        return index, [str(error)]
