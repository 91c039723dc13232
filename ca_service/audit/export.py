"""The audit log as JSON lines: what the offline verifier reads. The first line says what the rest is.

Each entry has its fields as they are hashed; the two hashes are hexadecimal. The certificates in the first line only
save the reader a search: they are believed as far as a root that the reader trusts certifies them.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from ca_service.domain.audit import AuditEntry, canonical
from ca_service.domain.errors import Invalid

FORMAT = "educa-audit-export-1"
_LONGEST_LINE = 1 << 20
_LONGEST_HEADER = 32 << 20
_HASH_TEXT = re.compile("[0-9a-f]{64}")
_HALF = re.compile("[\ud800-\udfff]")
_TEXTS = ("at", "tag", "actor", "via", "unit_code", "subject", "detail")
_NAMES = frozenset({"seq", "previous", "hash", *_TEXTS})


def write_export(out: IO[bytes], entries: Iterable[AuditEntry], *, signers: Sequence[bytes]) -> int:
    """Write the lines; return how many entries there were."""
    header = {"format": FORMAT, "signers": [base64.b64encode(der).decode() for der in signers]}
    out.write(f"{canonical(header)}\n".encode())
    count = 0
    for entry in entries:
        out.write(f"{entry_line(entry)}\n".encode())
        count += 1
    return count


def entry_line(entry: AuditEntry) -> str:
    """Canonical JSON with every field of the entry; the two hashes as hex."""
    octets = {"previous": bytes(entry.previous).hex(), "hash": bytes(entry.hash).hex()}
    return canonical({**vars(entry), **octets})


def read_header(source: IO[bytes]) -> Sequence[bytes]:
    """The certificates (DER) in the first line, which nobody has checked; raise Invalid."""
    found = _json(source.readline(_LONGEST_HEADER), 1)
    if found.get("format") != FORMAT or not isinstance(found.get("signers"), list):
        raise Invalid(f"不是审计日志的导出文件（首行应注明 {FORMAT}）。请使用 educa audit export 写出的文件。")
    try:
        return [base64.b64decode(one, validate=True) for one in found["signers"]]
    except (ValueError, TypeError) as error:
        raise Invalid("导出文件首行中的证书无法读取。请使用 educa audit export 写出的文件。") from error


def read_entries(source: IO[bytes]) -> Iterator[AuditEntry]:
    """The entries after the first line, as they stand there; raise Invalid naming the line that is none."""
    number = 1
    while line := source.readline(_LONGEST_LINE):
        number += 1
        yield read_entry(line, number)


def read_entry(line: bytes, number: int = 1) -> AuditEntry:
    """One line as an entry; raise Invalid."""
    found = _json(line, number)
    if not _is_entry(found):
        raise Invalid(f"导出文件第 {number} 行不是审计记录：字段缺失、多余或无法读取。")
    found["previous"], found["hash"] = bytes.fromhex(found["previous"]), bytes.fromhex(found["hash"])
    return AuditEntry(**found)


def _is_entry(found: dict[str, Any]) -> bool:
    if found.keys() != _NAMES or type(found["seq"]) is not int or not all(type(found[one]) is str for one in _TEXTS):
        return False
    if not all(type(found[one]) is str and _HASH_TEXT.fullmatch(found[one]) for one in ("previous", "hash")):
        return False
    # A half of a surrogate pair is text for JSON and none for UTF-8; nothing that was ever hashed has one.
    return not any(_HALF.search(found[one]) for one in _TEXTS)


def _json(line: bytes, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"导出文件第 {number} 行不是 JSON，或文件不完整。") from error
    if not isinstance(found, dict):
        raise Invalid(f"导出文件第 {number} 行不是审计记录。")
    return found
