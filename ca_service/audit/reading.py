"""An entry of the audit log as a Chinese reader reads it, beside the entry as it is hashed."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ca_service.audit.actor_words import VIA, actor_text, is_builtin, via_text
from ca_service.audit.detail_words import key_of
from ca_service.audit.tag_words import TAG_WORDS
from ca_service.audit.value_words import issuer as issuer_text
from ca_service.clock import SHANGHAI
from ca_service.domain.audit import AuditEntry, Tag

_HASH = re.compile(r"[0-9a-f]{64}")
_ASKED_BY = {"web": "控制台页面", "cli": "命令", "api": "接口"}


@dataclass(frozen=True)
class Names:
    """Today's names of units by code and of staff by login; who is gone has none."""

    units: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """One detail: key and value as stored, and in Chinese; `known` is whether both had words."""

    key: str
    value: str
    label: str
    text: str
    known: bool

    @property
    def brief(self) -> str:
        """The text as it fits a list: the beginning of a hash, the first words of a long reason."""
        shown = 12 if _HASH.fullmatch(self.text) else 60
        return self.text if len(self.text) <= shown else f"{self.text[:shown]}…"


@dataclass(frozen=True)
class Readable:
    """What is shown of an entry; `entry` is the entry itself."""

    entry: AuditEntry
    at: datetime | None
    act: str
    actor: str
    via: str
    unit: str
    subject: str
    facts: Sequence[Fact]

    @property
    def moment(self) -> str:
        """The time in Asia/Shanghai to the second; a time that cannot be read as it is stored."""
        return self.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S") if self.at else self.entry.at

    @property
    def detail(self) -> str:
        """`label：text` pairs joined by `；`, for tables and workbooks."""
        return "；".join(f"{fact.label}：{fact.text}" for fact in self.facts)


def read(entry: AuditEntry, names: Names) -> Readable:
    """The entry in Chinese. What has no words, or was damaged in the store, is shown as stored: never an error."""
    return Readable(
        entry=entry,
        at=_moment(entry.at),
        act=TAG_WORDS.get(entry.tag, entry.tag),
        actor=actor_text(entry.actor, entry.via, names.people),
        via=via_text(entry.via),
        unit=names.units.get(entry.unit_code, ""),
        subject=_subject(entry, names),
        facts=_facts(entry),
    )


def wordless(entry: AuditEntry) -> Iterator[str]:
    """What of an entry has no Chinese words."""
    if entry.tag not in TAG_WORDS:
        yield f"tag {entry.tag}"
    if entry.via not in VIA:
        yield f"via {entry.via}"
    for fact in _facts(entry):
        if not fact.known:
            yield f"{entry.tag}: {fact.key} = {fact.value}"


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def _facts(entry: AuditEntry) -> Sequence[Fact]:
    try:
        details = json.loads(entry.detail)
    except ValueError:
        details = None
    if not isinstance(details, dict):
        return [Fact("", entry.detail, "原文", entry.detail, known=False)]
    return [_fact(entry.tag, name, str(value)) for name, value in details.items()]


def _fact(tag: str, name: str, value: str) -> Fact:
    key = key_of(tag, name)
    if key is None:
        return Fact(name, value, name, value, known=False)
    text, known = key.text(value)
    return Fact(name, value, key.label, text, known)


def _subject(entry: AuditEntry, names: Names) -> str:
    """Identifiers as they are; what is a word of the program in Chinese."""
    text = entry.subject
    issuer, hash_sign, number = text.partition("#")
    if entry.tag == Tag.ACT_REFUSED:
        text = _ASKED_BY.get(entry.via, text)
    elif entry.tag == Tag.CEREMONY:
        text = "CA"
    elif text == entry.actor and (is_builtin(text, entry.via) or text in names.people):
        text = actor_text(text, entry.via, names.people)
    elif entry.tag in (Tag.CRL_PUBLISHED, Tag.CRL_REFUSED, Tag.CRL_ALARM, Tag.OCSP_PRESIGNED) and hash_sign:
        issuer, _, shard = issuer.partition("-s")
        part = f"分片 {shard} " if shard else ""
        text = f"{issuer_text(issuer)} {part}第 {number} 号"
    elif text in names.units:
        text = f"{names.units[text]}（{text}）"
    return text
