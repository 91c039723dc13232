"""A sheet into the book: what the sheet says, what the unit has already, all or the good rows."""

from dataclasses import dataclass
from hashlib import sha256

from openpyxl.utils import get_column_letter

from teacher_registry.accounts.actor import Actor
from teacher_registry.accounts.book import AccountBook, WithPassword
from teacher_registry.accounts.sheets import RowProblem, read_sheet


@dataclass(frozen=True)
class ImportOutcome:
    """What was made, and the rows that were not taken. Nothing made and problems: nothing was changed."""

    made: tuple[WithPassword, ...]
    problems: tuple[RowProblem, ...]


def import_sheet(book: AccountBook, actor: Actor, data: bytes, *, partial: bool) -> ImportOutcome:
    """All rows or none; with `partial` the good ones. One transaction, so a death in it imports nothing, and a
    repeat after it finds every login name taken (teachers without one are made again: look before repeating).

    Raises `SheetRefusedError`, or `AccountConflictError` if another import took a login name meanwhile.
    """
    sheet = read_sheet(data)
    logins = [wish.login for _, wish in sheet.good if wish.login is not None]
    taken = book.taken(actor, logins)
    problems = list(sheet.problems)
    wishes = []
    for number, wish in sheet.good:
        if wish.login in taken:
            cell = f"{get_column_letter(sheet.login_column + 1)}{number}"
            problems.append(RowProblem(cell, "本单位已有这个登录名，请换一个"))
        else:
            wishes.append(wish)
    if not wishes or (problems and not partial):
        return ImportOutcome((), tuple(problems))
    made = book.create_all(actor, wishes, sheet=sha256(data).hexdigest(), left_out=len(problems))
    return ImportOutcome(tuple(made), tuple(problems))
