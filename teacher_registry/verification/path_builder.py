"""Candidate paths from a leaf to the anchors: bounded in depth and in the number of signatures that are checked,
whatever certificates a client sends along."""

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification.certificates import PARSER_ERRORS, ReadCertificate
from teacher_registry.verification.rules import Place, Strictness, broken_rule
from teacher_registry.verification.signatures import issued

MAX_AUTHORITIES_IN_PATH = 8  # ours has one; the anchor is not counted
MAX_INTERMEDIATES = 512
MAX_ANCHORS = 64
# A hundred signatures of RSA-4096 take 20 ms. With the identifiers of §4.2.1.1 a path of ours needs two.
MAX_SIGNATURES = 100

Path = tuple[ReadCertificate, ...]  # the anchor first, the leaf last


def require_few(anchors: Sequence[object], issuers: Sequence[object]) -> None:
    """Refuse a crowd (`foreign`) before any work is done for it."""
    if len(issuers) > MAX_INTERMEDIATES or len(anchors) > MAX_ANCHORS:
        raise RefusalError(RefusalKind.FOREIGN, f"{len(issuers)} intermediate certificates")


class Pool:
    """Who may issue: pinned anchors and whatever other authorities came along, those whose certificate keeps the
    rules. Immutable and reusable; `note` says what was left out, for the operator's log."""

    def __init__(
        self, anchors: Sequence[ReadCertificate], issuers: Sequence[ReadCertificate], strictness: Strictness
    ) -> None:
        """Raises the refusal `foreign` for a crowd."""
        require_few(anchors, issuers)
        self.strictness = strictness
        self.note = "no issuer of that name and key among the pinned authorities"
        self.anchors = _Authorities(self._well_formed(anchors, Place.ANCHOR))
        self.issuers = _Authorities(self._well_formed(issuers, Place.ISSUER))

    def _well_formed(self, candidates: Sequence[ReadCertificate], place: Place) -> list[ReadCertificate]:
        kept = []
        for candidate in candidates:
            broken = broken_rule(candidate, place, self.strictness)
            if broken is None:
                kept.append(candidate)
            else:
                self.note = f"an authority's certificate breaks {broken}"
        return kept


class _Authorities:
    """Certificates by their subject: by its octets, and, only when asked further, by its prepared form."""

    def __init__(self, certificates: Sequence[ReadCertificate]) -> None:
        self.certificates = certificates
        self._by_octets: dict[bytes, list[ReadCertificate]] = defaultdict(list)
        for certificate in certificates:
            self._by_octets[certificate.subject].append(certificate)

    @cached_property
    def _by_preparation(self) -> dict[str, list[ReadCertificate]]:
        found: dict[str, list[ReadCertificate]] = defaultdict(list)
        for certificate in self.certificates:
            # A name with forbidden characters equals nothing but itself.
            with contextlib.suppress(*PARSER_ERRORS):
                found[certificate.prepared_subject].append(certificate)
        return found

    def named(self, child: ReadCertificate, at: datetime) -> Iterator[ReadCertificate]:
        """Those whose subject is the child's issuer, the likeliest first."""
        same = self._by_octets.get(child.issuer, [])
        yield from sorted(same, key=lambda candidate: _rank(child, candidate, at))
        prepared = self._by_preparation.get(child.prepared_issuer, []) if self.certificates else []
        equal = [candidate for candidate in prepared if candidate not in same]
        yield from sorted(equal, key=lambda candidate: _rank(child, candidate, at))


class PathBuilder:
    """One search for one leaf."""

    def __init__(self, pool: Pool, at: datetime) -> None:
        self._pool = pool
        self._at = at
        self._signatures_left = MAX_SIGNATURES
        self.note = pool.note

    def paths(self, leaf: ReadCertificate) -> Iterator[Path]:
        """Every path whose signatures hold, the likeliest first; raises the refusal `foreign` when the work for
        one certificate is used up."""
        return self._extend((leaf,))

    def _extend(self, below: Path) -> Iterator[Path]:
        child = below[0]
        for anchor in self._pool.anchors.named(child, self._at):
            if anchor.der != child.der and self._signed(child, anchor):
                yield (anchor, *below)
        if len(below) > MAX_AUTHORITIES_IN_PATH:
            self.note = f"more than {MAX_AUTHORITIES_IN_PATH} authorities in a path"
            return
        for issuer in self._pool.issuers.named(child, self._at):
            if not any(_same_entity(issuer, other) for other in below) and self._signed(child, issuer):
                yield from self._extend((issuer, *below))

    def _signed(self, child: ReadCertificate, candidate: ReadCertificate) -> bool:
        if _identifies(child, candidate) is False:
            return False
        self._signatures_left -= 1
        if self._signatures_left < 0:
            raise RefusalError(RefusalKind.FOREIGN, f"no path found with {MAX_SIGNATURES} signatures checked")
        try:
            return issued(child.unverified, child.tbs, candidate.unverified.public_key()) is not False
        except PARSER_ERRORS:
            # A key that this parser cannot read. At full strictness a rule has already refused it; below that
            # the path validation decides (PKITS has DSA keys that inherit their parameters).
            return self._pool.strictness is Strictness.PATH


def _identifies(child: ReadCertificate, candidate: ReadCertificate) -> bool | None:
    """Whether the identifiers of §4.2.1.1 and §4.2.1.2 agree; None if one of them is not there. "The value of the
    subject key identifier MUST be the value placed in the key identifier field of the authority key identifier
    extension of certificates issued by the subject of this certificate"."""
    if child.authority_key_identifier is None or candidate.key_identifier is None:
        return None
    return child.authority_key_identifier == candidate.key_identifier


def _rank(child: ReadCertificate, candidate: ReadCertificate, at: datetime) -> tuple[bool, bool]:
    """Small is likely: identified by key, valid at the time."""
    valid = candidate.asn1.not_valid_before <= at <= candidate.asn1.not_valid_after
    return _identifies(child, candidate) is not True, not valid


def _same_entity(one: ReadCertificate, other: ReadCertificate) -> bool:
    """RFC 4158 §2.4.2: a name and a key at most once in a path, else a loop of cross-certificates never ends."""
    if one.der == other.der:
        return True
    return one.subject == other.subject and one.spki == other.spki
