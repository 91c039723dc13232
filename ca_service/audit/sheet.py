"""Entries of the audit log as a workbook: beside the Chinese words every field as it is hashed."""

from collections.abc import Iterable, Sequence
from io import BytesIO

from ca_service.audit.reading import Readable
from ca_service.intake.safe_sheet import Formats, SafeSheet, new_workbook

_COLUMNS: Sequence[tuple[str, int]] = (
    ("序号", 8), ("时间（北京时间）", 20), ("事项", 22), ("经办人", 24), ("途径", 10), ("单位", 28), ("对象", 28),
    ("详情", 60), ("时间（原文，UTC）", 34), ("事项（原文）", 30), ("经办人（原文）", 20), ("途径（原文）", 10),
    ("单位代码", 14), ("对象（原文）", 28), ("详情（原文）", 60), ("前一条的哈希", 68), ("本条的哈希", 68),
)  # fmt: skip


def write_sheet(entries: Iterable[Readable]) -> bytes:
    """The workbook. Every cell is text, and none of them acts as a formula, whatever was typed into a reason."""
    buffer = BytesIO()
    with new_workbook(buffer) as book:
        page = book.add_worksheet("审计日志")
        sheet = SafeSheet(page, Formats(book.add_format))
        for number, (heading, width) in enumerate(_COLUMNS):
            page.set_column(number, number, width)
            sheet.heading(0, number, heading)
        page.freeze_panes(1, 1)
        for row, entry in enumerate(entries, 1):
            for column, text in enumerate(_cells(entry)):
                sheet.text(row, column, text)
    return buffer.getvalue()


def _cells(shown: Readable) -> Sequence[str]:
    entry = shown.entry
    return (
        str(entry.seq), shown.moment, shown.act, shown.actor, shown.via, shown.unit, shown.subject, shown.detail,
        entry.at, entry.tag, entry.actor, entry.via, entry.unit_code, entry.subject, entry.detail,
        bytes(entry.previous).hex(), bytes(entry.hash).hex(),
    )  # fmt: skip
