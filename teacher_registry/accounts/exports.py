"""The accounts of a unit as a spreadsheet: with a reason, limited, recorded (数据导出有据可查)."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from teacher_registry.accounts.chain import append
from teacher_registry.accounts.errors import ExportLimitError
from teacher_registry.accounts.journal import entry
from teacher_registry.accounts.models import Account, AccountKind, AccountStatus, Act, LogEntry
from teacher_registry.accounts.sheets import KIND_NAMES
from teacher_registry.verification.subject import VerifiedAdministrator

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_DAY = timedelta(days=1)
_COLUMNS = ("姓名", "登录名", "教师编码", "账号类型", "状态", "创建时间", "最近变动")


@dataclass(frozen=True)
class Export:
    """A file, and the number under which the log knows it."""

    number: str
    content: bytes
    accounts: int


class Exporter:
    """Exports the accounts of the actor's own unit."""

    def __init__(self, sessions: sessionmaker[Session], per_day: int) -> None:
        self._sessions = sessions
        self._per_day = per_day

    def left(self, actor: VerifiedAdministrator, at: datetime) -> int:
        """How many exports the administrator may still make now."""
        with self._sessions() as session:
            return max(0, self._per_day - _made(session, actor, at))

    def export(self, actor: VerifiedAdministrator, reason: str, at: datetime, number: str) -> Export:
        """The file exists only if its log entry does: with its reason, size and SHA-256.

        Raises `ExportLimitError`; then there is neither file nor entry.
        """
        with self._sessions.begin() as session:
            own = select(Account).where(Account.unit_code == actor.unit_code).order_by(Account.login)
            accounts = session.scalars(own).all()
            content = _workbook(actor, accounts, reason, at, number)
            digest = sha256(content).hexdigest()
            told_of = entry(Act.EXPORT, actor, at, reason=reason, accounts=len(accounts), number=number, sha256=digest)
            append(session, [told_of])
            # Counted after the append, which all writers pass one by one: two at once cannot both be the last.
            if _made(session, actor, at) > self._per_day:
                raise ExportLimitError(f"24小时内最多导出{self._per_day}次，请明天再试")
        return Export(number, content, len(accounts))


def _made(session: Session, actor: VerifiedAdministrator, at: datetime) -> int:
    exports = (
        select(func.count())
        .select_from(LogEntry)
        .where(
            LogEntry.unit_code == actor.unit_code,
            LogEntry.at > at - _DAY,
            LogEntry.act == Act.EXPORT,
            LogEntry.holder_id == actor.holder_id,
        )
    )
    return session.scalar(exports) or 0


def _workbook(
    actor: VerifiedAdministrator, accounts: Sequence[Account], reason: str, at: datetime, number: str
) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("账号")
    for letter, width in zip("ABCDEFG", (14, 22, 14, 16, 12, 18, 18), strict=True):
        sheet.column_dimensions[letter].width = width
    head = f"{actor.unit_name}（{actor.unit_code}）　导出人：{actor.name}　时间：{_told(at)}　编号：{number}"
    for line in ([head], [f"理由：{reason}"], ["含个人信息，仅限上述用途，用后及时删除。导出已记录。"], list(_COLUMNS)):
        sheet.append([_text(sheet, value) for value in line])
    for account in accounts:
        sheet.append([_text(sheet, value) for value in _row(account)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _row(account: Account) -> tuple[str, ...]:
    status = "正常" if account.status == AccountStatus.ACTIVE else "停用"
    return (
        account.name,
        account.login,
        account.code or "",
        KIND_NAMES[AccountKind(account.kind)],
        f"{status}（锁定）" if account.locked_at else status,
        _told(account.created_at),
        _told(account.changed_at),
    )


def _text(sheet: Any, value: str) -> Cell:
    """A cell that is text whatever it holds: openpyxl makes "=..." a formula, and a spreadsheet program does so
    when the cell is edited, unless it is marked as text (quotePrefix)."""
    cell: Cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def _told(moment: datetime) -> str:
    return moment.astimezone(_SHANGHAI).strftime("%Y-%m-%d %H:%M")
