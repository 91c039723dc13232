"""The verifier for who has no database and no configuration: an export, kept checkpoints, the CA's root certificate.

    python -m ca_service.audit.offline EXPORT --checkpoint FILE ... --signer-chain root.pem
    python -m ca_service.audit.offline --proof FILE --signer-chain root.pem --signer-chain signers.pem

Exit status 0: all holds; 1: something does not, each line on stderr says what; 2: called wrongly.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ca_service.audit.examine import KeptNote, Report, examine
from ca_service.audit.export import read_entries, read_header
from ca_service.audit.proofs import LONGEST_PROOF, check_consistency_text, check_inclusion_text, is_inclusion
from ca_service.audit.signers import Signers
from ca_service.domain.checkpoints import LONGEST_NOTE
from ca_service.domain.errors import Invalid

_MOST_CERTIFICATES = 16 << 20


def examine_export(export: Path, checkpoints: Sequence[Path], chains: Sequence[Path]) -> Report:
    """Examine an export; raise Invalid for a file that cannot be read or is of another kind."""
    notes = [read_kept(path) for path in checkpoints]
    pems = [_read(path, _MOST_CERTIFICATES) for path in chains]
    try:
        with export.open("rb") as source:
            signers = Signers.read(pems, read_header(source))
            return examine(read_entries(source), notes, signers)
    except OSError as error:
        raise Invalid(f"无法读取文件 {export}（{error.strerror}）。") from error


def check_proof(proof: Path, checkpoints: Sequence[Path], chains: Sequence[Path]) -> str:
    """What a proof proves, as a sentence; raise Invalid where it proves nothing."""
    signers = Signers.read([_read(path, _MOST_CERTIFICATES) for path in chains])
    text = _text(proof, LONGEST_PROOF)
    if is_inclusion(text):
        entry, size = check_inclusion_text(text, signers)
        return f"证明成立：第 {entry.seq} 条（{entry.at} {entry.tag}）在 {size} 条的日志中。"
    if len(checkpoints) != 1:
        raise Invalid("一致性证明要与较早的检查点一起核对：请用 --checkpoint 给出那一个文件。")
    first, second = check_consistency_text(text, read_kept(checkpoints[0]), signers)
    return f"证明成立：{first} 条的日志是 {second} 条的日志的开头。"


def read_kept(path: Path) -> KeptNote:
    """A checkpoint from a file; raise Invalid."""
    return KeptNote(path.name, _text(path, LONGEST_NOTE))


def summary(report: Report) -> str:
    """The good news, in one line to be written down."""
    return (
        f"审计链完整：{report.entries} 条，链尾 {report.head.hex()}，根哈希 {report.root.hex()}，"
        f"与 {report.checkpoints} 个检查点一致"
    )


def _text(path: Path, longest: int) -> str:
    try:
        return _read(path, longest).decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"文件 {path.name} 不是 UTF-8 文本。请使用原样保存的文件。") from error


def _read(path: Path, longest: int) -> bytes:
    try:
        with path.open("rb") as source:
            content = source.read(longest + 1)
    except OSError as error:
        raise Invalid(f"无法读取文件 {path}（{error.strerror}）。") from error
    if len(content) > longest:
        raise Invalid(f"文件 {path.name} 过大，不是所要的文件。")
    return content


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ca_service.audit.offline", description="离线核验审计日志。")
    parser.add_argument("export", nargs="?", type=Path, help="educa audit export 写出的文件")
    parser.add_argument("--checkpoint", action="append", default=[], type=Path, metavar="FILE", help="保存的检查点")
    parser.add_argument("--signer-chain", action="append", required=True, type=Path, metavar="PEM", help="根证书等")
    parser.add_argument("--proof", type=Path, metavar="FILE", help="educa audit prove 写出的证明")
    asked = parser.parse_args(arguments)
    if (asked.export is None) == (asked.proof is None):
        parser.error("请给出导出文件，或用 --proof 给出证明，二者取一")
    try:
        if asked.proof:
            print(check_proof(asked.proof, asked.checkpoint, asked.signer_chain))
            return 0
        report = examine_export(asked.export, asked.checkpoint, asked.signer_chain)
    except Invalid as error:
        print(error.detail, file=sys.stderr)
        return 1
    for finding in report.findings:
        print(finding, file=sys.stderr)
    if not report.findings:
        print(summary(report))
    return int(bool(report.findings))


if __name__ == "__main__":
    sys.exit(main())
