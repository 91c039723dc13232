"""Does this certificate descend from the pinned anchor, at this time, for this purpose? Pure: no clock, no
network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from teacher_registry.refusal import RefusalError, RefusalKind
from teacher_registry.verification import second_opinion, section6
from teacher_registry.verification.certificates import PARSER_ERRORS, ReadCertificate, read_certificate
from teacher_registry.verification.given_lists import GivenLists, Revocation
from teacher_registry.verification.name_constraints import check_name_constraints
from teacher_registry.verification.path_builder import Path, PathBuilder, Pool, require_few
from teacher_registry.verification.purpose import PURPOSES, check_purpose, policies_of
from teacher_registry.verification.rules import Place, Strictness, broken_rule
from teacher_registry.verification.section6 import LibraryRevocation, PolicyInputs

# Different paths of one leaf that are judged in full, each about a millisecond.
_MAX_PATHS = 16

PathCheck = Callable[[Path], None]

# Of several paths that fail, the failure that tells the person most.
_TELLING = (
    RefusalKind.REVOKED,
    RefusalKind.FROZEN,
    RefusalKind.EXPIRED,
    RefusalKind.NOT_YET_VALID,
    RefusalKind.STATUS_UNKNOWN,
    RefusalKind.WRONG_PURPOSE,
    RefusalKind.MALFORMED,
    RefusalKind.FOREIGN,
)


@dataclass(frozen=True)
class Demand:
    """What is asked of a certificate. `policy`: the one that the leaf must assert and that must be valid for the
    path (dotted). `inputs` are those of RFC 5280 §6.1.1."""

    at: datetime
    purpose: str | None
    strictness: Strictness
    policy: str | None = None
    inputs: PolicyInputs = field(default_factory=PolicyInputs)

    def __post_init__(self) -> None:
        """A naive time or an unknown purpose is a mistake of the caller: ValueError."""
        if self.at.utcoffset() is None or self.purpose not in (None, *PURPOSES):
            raise ValueError("a demand needs an aware time and a known purpose")


def verify_chain(
    leaf: bytes,
    intermediates: Sequence[bytes],
    anchors: Sequence[bytes],
    crls: Sequence[bytes],
    at: datetime,
    *,
    purpose: str | None = "clientAuth",
    revocation: Revocation = "required",
) -> None:
    """Return if `leaf` is good at `at`; raise `RefusalError` otherwise. All octets are DER, `at` is aware.

    Nothing is fetched; the work is bounded whatever is given. Revocation "required": every certificate below the anchor
    needs a current CRL of its issuer among `crls`; "if-given": those whose issuer has one there are checked. With a
    `purpose` of `PURPOSES` the certificates must also keep our CA's profile; None judges the path alone, by every MUST
    of RFC 5280. ValueError for another purpose, a naive `at` or no anchor.
    """
    strictness = Strictness.RFC_5280 if purpose is None else Strictness.PROFILE
    demand = Demand(at, purpose, strictness)
    if not anchors:
        raise ValueError("verify_chain needs an anchor")
    require_few(anchors, intermediates)
    read = read_certificate(leaf)
    lists = GivenLists(crls)
    pool = Pool(_readable(anchors, "anchor"), _readable(intermediates, "intermediate"), strictness)
    judge(read, pool, demand, check=lambda path: lists.require_good(path, at, revocation))


def judge(
    leaf: ReadCertificate,
    pool: Pool,
    demand: Demand,
    *,
    check: PathCheck | None = None,
    library_revocation: LibraryRevocation | None = None,
) -> Path:
    """The path by which `leaf` is good; raises `RefusalError`, of several paths the most telling. `check` is asked
    about each path and raises likewise.

    1. the form of the leaf (`rules`; that of the authorities was checked by the pool)
    2. a path of good signatures to a pinned anchor (`path_builder`)
    3. the name constraints on it, by our own reading (`name_constraints`): bounded, and before the library's
    4. RFC 5280 §6 on it: times, names, path length, policies (`section6`, the library)
    5. the second verifier (`second_opinion`); not at the lowest strictness
    6. `check`: revocation
    7. the purpose; last, since "not from our CA" and "expired" are the better answers for a person
    """
    broken = broken_rule(leaf, Place.LEAF, demand.strictness)
    if broken is not None:
        raise RefusalError(RefusalKind.MALFORMED, f"the certificate breaks {broken}")
    builder = PathBuilder(pool, demand.at)
    failures: list[RefusalError] = []
    try:
        for number, path in enumerate(builder.paths(leaf)):
            if number == _MAX_PATHS:
                break
            failure = _failure(path, demand, check, library_revocation)
            if failure is None:
                return path
            failures.append(failure)
    except RefusalError as bound:
        failures.append(bound)
    except PARSER_ERRORS as error:
        # asn1crypto reads lazily: what it cannot read shows where it is first needed.
        failures.append(RefusalError(RefusalKind.MALFORMED, f"cannot be judged: {type(error).__name__}"))
    if not failures:
        raise RefusalError(RefusalKind.FOREIGN, builder.note)
    raise min(failures, key=lambda failure: _TELLING.index(failure.kind))


def _failure(
    path: Path, demand: Demand, check: PathCheck | None, library_revocation: LibraryRevocation | None
) -> RefusalError | None:
    """None if the path is good."""
    at = demand.at.replace(microsecond=0)  # §4.1.2.5: certificates know whole seconds, both ends included
    try:
        check_name_constraints(path)
        section6.validate_path(path, at, _inputs(path[-1], demand), library_revocation)
        if demand.strictness is not Strictness.PATH:
            second_opinion.agree(path, at)
        if check is not None:
            check(path)
        if demand.purpose is not None:
            check_purpose(path[-1], demand.purpose, demand.policy)
    except RefusalError as refusal:
        return refusal
    return None


def _inputs(leaf: ReadCertificate, demand: Demand) -> PolicyInputs:
    """The demanded policy as an input of §6.1.1. A leaf that does not assert it passes here on purpose: the
    check of the purpose names that case, which the library reports like a bad signature."""
    if demand.policy is None or demand.policy not in policies_of(leaf):
        return demand.inputs
    return replace(demand.inputs, accepted=frozenset({demand.policy}), explicit=True)


def _readable(certificates: Sequence[bytes], what: str) -> list[ReadCertificate]:
    """Those that can be read; others can issue nothing, and need not keep a good path from being found. An
    unreadable anchor is a mistake of the caller."""
    found = []
    for octets in certificates:
        try:
            found.append(read_certificate(octets))
        except RefusalError:
            if what == "anchor":
                raise
    return found
