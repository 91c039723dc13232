"""`teacher-registry accounts list | import`."""

import getpass
import os
from collections.abc import Sequence
from pathlib import Path

import click
from openpyxl import Workbook

from teacher_registry.accounts.actor import Operator
from teacher_registry.accounts.book import WithPassword, all_accounts
from teacher_registry.accounts.errors import AccountError
from teacher_registry.accounts.importing import ImportOutcome, import_sheet
from teacher_registry.accounts.models import AccountKind
from teacher_registry.accounts.sheets import KIND_NAMES
from teacher_registry.cli.call import config_option, fail, json_option, print_json, registry_of
from teacher_registry.web.negotiate import account_document

_SLIP_COLUMNS = ("姓名", "账号类型", "教师编码", "登录名", "单位代码", "一次性密码")


@click.group()
def accounts() -> None:
    """The accounts in the registry's database."""


@accounts.command("list")
@config_option
@json_option
@click.option("--unit", help="Only this unit's code.")
def list_accounts(path: Path | None, as_json: bool, unit: str | None) -> None:
    """Codes and logins of accounts, never a password; as a table, or as JSON."""
    found = all_accounts(registry_of(path).sessions, unit)
    if as_json:
        print_json([{"unit": account.unit_code, **account_document(account)} for account in found])
        return
    for account in found:
        lock = " locked" if account.locked_at else ""
        kind = KIND_NAMES[AccountKind(account.kind)]
        click.echo(f"{account.unit_code}  {account.login}  {account.name}  {kind}  {account.status}{lock}")


@accounts.command("import")
@config_option
@json_option
@click.argument("sheet", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--unit", required=True, help="The code of the unit that the accounts are made for.")
@click.option(
    "--passwords-out",
    "out",
    required=True,
    type=click.Path(path_type=Path),
    help="New xlsx file (mode 0600) for the one-time passwords: print it, hand them out, delete it.",
)
@click.option("--partial", is_flag=True, help="Take the good rows though others are bad.")
def import_accounts(path: Path | None, as_json: bool, sheet: Path, unit: str, out: Path, partial: bool) -> None:  # noqa: PLR0917
    """Make the accounts of a sheet (columns 姓名, 登录名, 账号类型) in one unit."""
    registry = registry_of(path)
    operator = Operator(f"operator:{getpass.getuser()}", unit)
    # The file is there before the accounts are: passwords that nobody can read would have to be reset one by one.
    target = _new_file(out)
    try:
        outcome = import_sheet(registry.book, operator, sheet.read_bytes(), partial=partial)
    except (AccountError, OSError) as error:
        out.unlink()
        fail(f"nothing was imported: {error}")
    _report(outcome, as_json=as_json)
    if not outcome.made:
        out.unlink()
        fail("nothing was imported: mend the cells above, or use --partial")
    with os.fdopen(target, "wb") as file:
        _slips(outcome.made).save(file)


def _new_file(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        fail(f"{path} cannot be made: {error.strerror}")


def _report(outcome: ImportOutcome, *, as_json: bool) -> None:
    if as_json:
        made = [account_document(one.account) for one in outcome.made]
        print_json({"made": made, "problems": [dict(vars(problem)) for problem in outcome.problems]})
        return
    for problem in outcome.problems:
        click.echo(f"{problem.cell}  {problem.message}")
    click.echo(f"{len(outcome.made)} accounts made, {len(outcome.problems)} rows left out")


def _slips(made: Sequence[WithPassword]) -> Workbook:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("密码条")
    sheet.append(list(_SLIP_COLUMNS))
    for one in made:
        account = one.account
        kind = KIND_NAMES[AccountKind(account.kind)]
        sheet.append([account.name, kind, account.code or "", account.login, account.unit_code, one.password])
    return book
