"""What must hold after every fault, whatever it was. Pure: what is on record against what the drill has seen."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

from ca_service.domain.audit import Tag
from ca_service.drill.evidence import Evidence
from ca_service.drill.witness import Witness


class Invariant(StrEnum):
    """A closed set; docs/operations.md says of each what its violation means."""

    SERIAL_ONCE = "serial-once"
    ALL_RECORDED = "all-recorded"
    CRL_NUMBER = "crl-number"
    NO_RELEASE = "no-release"
    ALL_AUDITED = "all-audited"
    NOTHING_OPEN = "nothing-open"
    STATUS_AGREES = "status-agrees"
    FINISHED = "finished"
    ORDERLY = "orderly"


CHINESE: Mapping[Invariant, str] = MappingProxyType(
    {
        Invariant.SERIAL_ONCE: "序列号不重复",
        Invariant.ALL_RECORDED: "凡签名必有记录",
        Invariant.CRL_NUMBER: "CRL 编号只增不减",
        Invariant.NO_RELEASE: "吊销后不恢复",
        Invariant.ALL_AUDITED: "凡答复必入审计",
        Invariant.NOTHING_OPEN: "没有悬而未决的签发",
        Invariant.STATUS_AGREES: "状态处处一致（独立核对）",
        Invariant.FINISHED: "故障排除后可以办完",
        Invariant.ORDERLY: "只给出可读的拒绝",
    }
)


@dataclass(frozen=True)
class Violation:
    """Which invariant does not hold, and where that was seen (Chinese)."""

    invariant: Invariant
    detail: str


# What a client may be told again without its happening again; of every other act each answer has an entry of its own.
_REPEATED = frozenset({Tag.CERTIFICATE_ISSUED.value, Tag.CERTIFICATE_CONFIRMED.value, Tag.RENEWAL_BEGUN.value})
_FINAL = frozenset({"revoke", "supersede", "abandon"})
_ENDED = frozenset({"revoked", "superseded"})


def violations(evidence: Evidence, witness: Witness) -> Sequence[Violation]:
    """Everything that does not hold."""
    return [Violation(invariant, detail) for invariant, rule in _RULES.items() for detail in rule(evidence, witness)]


def _serial_once(evidence: Evidence, witness: Witness) -> Iterator[str]:
    for (issuer, serial), times in evidence.serials.items():
        if times > 1:
            yield f"{issuer} 的序列号 {serial:x} 有 {times} 张证书"
    for one in evidence.certificates:
        if one.serial != f"{one.in_tbs:x}" or one.in_der not in (None, one.in_tbs):
            yield f"证书表中的 {one.serial} 与其内容的序列号 {one.in_tbs:x} 不一致"
    yield from _signed_twice(witness, "certificate ")


def _signed_twice(witness: Witness, *kinds: str) -> Iterator[str]:
    """What one serial or number was signed for, with different contents."""
    contents: dict[str, set[str]] = {}
    for one in witness.signatures:
        if one.what.startswith(kinds):
            contents.setdefault(one.what, set()).add(one.sha256)
    for what, hashes in contents.items():
        if len(hashes) > 1:
            yield f"{what} 以不同的内容签了 {len(hashes)} 次"


def _all_recorded(evidence: Evidence, witness: Witness) -> Iterator[str]:
    for one in witness.signatures:
        if one.sha256 not in evidence.sha256:
            yield f"CA 密钥签过 {one.what}（内容 SHA-256 {one.sha256[:16]}…），数据库中没有"


def _crl_number(evidence: Evidence, witness: Witness) -> Iterator[str]:
    published = [one for one in evidence.lists if one.status == "published"]
    for one in published:
        if one.in_der != one.number:
            yield f"{one.name} 第 {one.number} 号 CRL 中写的编号是 {one.in_der}"
    for before, one in pairwise(published):
        if one.name == before.name and one.this_update < before.this_update:
            yield f"{one.name} 第 {one.number} 号 CRL 的时间早于第 {before.number} 号"
    yield from _signed_twice(witness, "crl ", "delta ")
    for name, numbers in {
        **_answered(witness),
        **{f"目录中的 {n}": seen for n, seen in witness.on_disk.items()},
    }.items():
        for last, number in pairwise(numbers):
            # In the folder the same list is found again; as an answer each number is given once.
            if number < last or (number == last and name in _answered(witness)):
                yield f"{name} 的 CRL 编号由 {last} 变为 {number}"
    highest = {one.name: one.number for one in published}
    for name, numbers in _answered(witness).items():
        if numbers and highest.get(name, 0) < max(numbers):
            yield f"{name} 已发布到第 {max(numbers)} 号，数据库中最新的是第 {highest.get(name, 0)} 号"


def _answered(witness: Witness) -> Mapping[str, list[int]]:
    """The numbers that were told to be published, by line, in the order of telling."""
    told: dict[str, list[int]] = {}
    for tag, subject in witness.answers:
        if tag == Tag.CRL_PUBLISHED:
            name, _, number = subject.rpartition("#")
            told.setdefault(name, []).append(int(number))
    return told


def _no_release(evidence: Evidence, witness: Witness) -> Iterator[str]:
    for serial, events in evidence.steps.items():
        ends = [place for place, event in enumerate(events) if event in _FINAL]
        if ends and ends[0] < len(events) - 1:
            yield f"证书 {serial} 在 {events[ends[0]]} 之后又有 {events[ends[0] + 1]}"
    told = {subject for tag, subject in witness.answers if tag == Tag.CERTIFICATE_REVOKED}
    for one in evidence.certificates:
        ended = _FINAL & set(evidence.steps.get(one.serial, ()))
        if (ended or one.serial in told) and one.status not in _ENDED:
            yield f"证书 {one.serial} 已告知吊销，其状态却是 {one.status}"


def _all_audited(evidence: Evidence, witness: Witness) -> Iterator[str]:
    if evidence.chain:
        yield f"审计链断裂：{evidence.chain}"
    for (tag, subject), times in Counter(witness.answers).items():
        needed = 1 if tag in _REPEATED else times
        if evidence.entries[tag, subject] < needed:
            yield f"答复过 {tag} {subject}（{times} 次），审计日志中只有 {evidence.entries[tag, subject]} 条"


def _nothing_open(evidence: Evidence, witness: Witness) -> Iterator[str]:  # noqa: ARG001
    for one in evidence.certificates:
        if one.status == "signing":
            yield f"序列号 {one.serial} 仍在签发中：启动时没有处置"


_RULES: Mapping[Invariant, Callable[[Evidence, Witness], Iterator[str]]] = MappingProxyType(
    {
        Invariant.SERIAL_ONCE: _serial_once,
        Invariant.ALL_RECORDED: _all_recorded,
        Invariant.CRL_NUMBER: _crl_number,
        Invariant.NO_RELEASE: _no_release,
        Invariant.ALL_AUDITED: _all_audited,
        Invariant.NOTHING_OPEN: _nothing_open,
    }
)
