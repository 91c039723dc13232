"""The history of a certificate, played once more by rules of its own: what it leads to, and what cannot have been.

The revocation date is that of the first step since which the certificate has been listed without a break: a final
revocation keeps the date of the hold before it (ITU-T X.509 section 8.5.2.2).
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

from ca_service.audit.status.findings import GOOD, HOLD, REMOVE_FROM_CRL, Check, Word
from ca_service.audit.status.records import Step

_LIVE = frozenset({"issued", "active", "frozen"})
LISTED = frozenset({"frozen", "superseded", "revoked"})
"""Statuses that a CRL lists."""

_FINAL = frozenset({"superseded", "revoked"})
RELEASES = frozenset({"unfreeze", "unfreeze-unconfirmed"})
# event: after which statuses it may come, and what it leads to
_MOVES: Mapping[str, tuple[frozenset[str], str]] = MappingProxyType(
    {
        "sign": (frozenset({"signing"}), "issued"),
        "abandon": (frozenset({"signing"}), "revoked"),
        "confirm": (frozenset({"issued"}), "active"),
        "freeze": (frozenset({"issued", "active"}), "frozen"),
        "unfreeze": (frozenset({"frozen"}), "active"),
        "unfreeze-unconfirmed": (frozenset({"frozen"}), "issued"),
        "supersede": (_LIVE, "superseded"),
        "revoke": (_LIVE, "revoked"),
    }
)


class Moment(NamedTuple):
    """From this version of the issuer's status on, this is what is to be said of the certificate."""

    version: int
    at: datetime
    status: str
    word: Word


class Objection(NamedTuple):
    """What is wrong with one step."""

    check: Check
    step: Step
    why: str


@dataclass(frozen=True)
class Life:
    """What became of one certificate: a moment for each change that the change log counts; the status at the end."""

    moments: Sequence[Moment]
    status: str
    objections: Sequence[Objection]

    @property
    def word(self) -> Word:
        """What is to be said of it now."""
        return self.moments[-1].word if self.moments else GOOD

    @property
    def since(self) -> datetime | None:
        """When its status last changed; None for one that never did."""
        return self.moments[-1].at if self.moments else None

    def at(self, version: int) -> Moment | None:
        """The last change up to a version; None: there was none."""
        found = bisect_right(self.moments, version, key=attrgetter("version"))
        return self.moments[found - 1] if found else None

    def word_at(self, version: int) -> Word:
        """What is to be said of it at a version."""
        moment = self.at(version)
        return moment.word if moment else GOOD

    def between(self, first: int, last: int) -> Sequence[Moment]:
        """The changes after the version `first` up to `last`."""
        return [moment for moment in self.moments if first < moment.version <= last]


NO_LIFE = Life((), "", ())


def replay(steps: Sequence[Step]) -> Life:
    """Play the steps of one certificate, in their order; a step that cannot be is reported and has no effect."""
    status, word = "signing", GOOD
    moments: list[Moment] = []
    objections: list[Objection] = []
    before: Step | None = None
    for step in steps:
        objections += _objections(step, before)
        before = step
        impossible = _impossible(step, status)
        if impossible:
            objections.append(impossible)
            continue
        status = _MOVES[step.event][1]
        word = _word(step, status, word)
        if step.version:
            moments.append(Moment(step.version, step.at, status, word))
    versions = [moment.version for moment in moments]
    if versions != sorted(set(versions)):
        objections.append(Objection(Check.CHANGE_LOG, steps[-1], "the versions of its steps do not rise"))
        moments.sort(key=attrgetter("version"))
    return Life(moments, status, objections)


def _word(step: Step, status: str, before: Word) -> Word:
    if status not in LISTED:
        return GOOD
    return Word(before.at or step.at.replace(microsecond=0), step.crl_reason or None)


def _impossible(step: Step, status: str) -> Objection | None:
    after, leads_to = _MOVES.get(step.event, (frozenset[str](), ""))
    if step.event in RELEASES and status in _FINAL:
        return Objection(Check.RELEASE, step, f"{step.event} after {status}")
    if status not in after:
        return Objection(Check.STEP, step, f"{step.event} after {status}")
    if step.status != leads_to:
        return Objection(Check.STEP, step, f"{step.event} leads to {leads_to}, not to {step.status}")
    return None


def _objections(step: Step, before: Step | None) -> Iterator[Objection]:
    """What is wrong with a step whatever the status."""
    if step.seq != (before.seq if before else 0) + 1:
        yield Objection(Check.STEP, step, f"a step before number {step.seq} is missing")
    if before is not None and step.at < before.at:
        yield Objection(Check.STEP_TIME, step, "it is dated before the step before")
    # Signing and confirming change nothing that a relying party is told.
    if (step.event in ("sign", "confirm")) is (step.version > 0):
        yield Objection(Check.CHANGE_LOG, step, f"{step.event} has the version {step.version}")
    if not _reason_fits(step):
        yield Objection(Check.STEP, step, f"{step.event} for the reason {step.crl_reason}")


def _reason_fits(step: Step) -> bool:
    if step.status == "frozen":
        return step.crl_reason == HOLD
    if step.status in _FINAL:
        return step.crl_reason is not None and step.crl_reason not in (HOLD, REMOVE_FROM_CRL)
    return step.crl_reason is None
