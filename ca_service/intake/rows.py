"""Every row of a roster against every rule: good rows typed, bad cells explained, changes shown."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeVar

from ca_service.domain.persons import (
    IdNumber,
    PersonDataError,
    Phone,
    UserType,
    parse_address,
    parse_email,
    parse_id_number,
    parse_mobile,
    parse_name,
    parse_phone,
    parse_user_type,
)
from ca_service.domain.school_types import SchoolType, SchoolTypeError, parse_school_type
from ca_service.domain.units import Unit, normalise_unit_name
from ca_service.intake.columns import Column
from ca_service.intake.findings import CellRefusedError, shown, text_of
from ca_service.intake.sheet import CellKind, Roster, RosterRow

__all__ = ["CellError", "CellWarning", "Checked", "Normalised", "RegistrationRow", "UnitLookup", "check_rows"]


_T = TypeVar("_T")


class UnitLookup(Protocol):
    """The units of the tree, stopped ones left out; answers need not be cached, each is asked for once."""

    def by_code(self, code: str) -> Unit | None:
        """Return the unit of exactly this code, or None."""

    def by_name(self, name: str) -> Sequence[Unit]:
        """Return all units whose `normalise_unit_name(unit.name)` equals `name`, which comes in that form."""


@dataclass(frozen=True, slots=True, repr=False)
class RegistrationRow:
    """One person's row with every field read and checked; its repr names the row only, not the person."""

    row: int
    unit_code: str
    name: str
    id_number: IdNumber
    office_phone: Phone
    email: str
    mobile: Phone
    school_type: SchoolType | None
    user_type: UserType
    address: str

    def __repr__(self) -> str:
        return f"RegistrationRow(row={self.row}, unit_code={self.unit_code})"


@dataclass(frozen=True, slots=True)
class CellError:
    """One cell to mend, or with an empty `letter` a whole row. All texts are Chinese, `found` is masked."""

    row: int
    letter: str
    heading: str
    found: str
    why: str
    mend: str


@dataclass(frozen=True, slots=True)
class CellWarning:
    """A value that was taken, but that the reviewer should look at."""

    row: int
    letter: str
    heading: str
    found: str
    why: str


@dataclass(frozen=True, slots=True)
class Normalised:
    """A value that was taken in another spelling than the sheet's; both masked where personal."""

    row: int
    letter: str
    heading: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for a sheet. A row is in `good` or has entries in `bad`, never both, never neither."""

    good: list[RegistrationRow]
    bad: list[CellError]
    normalised: list[Normalised]
    warnings: list[CellWarning]


def check_rows(roster: Roster, *, units: UnitLookup, uploader_scope: Callable[[str], bool], today: date) -> Checked:
    """Check every data row; a row with any bad cell is left out of `good`, the others can still be taken.

    `uploader_scope` answers whether the uploader may register for a unit code. `today` is the date in
    Asia/Shanghai, for the ages. An ID number that occurs twice makes all its rows bad: which is right is
    not for us to guess.
    """
    checker = _Checker(roster, _Units(units, uploader_scope), today)
    for row in roster.rows:
        checker.check(row)
    return checker.result()


@dataclass(slots=True)
class _Units:
    lookup: UnitLookup
    scope: Callable[[str], bool]
    known: dict[str, Unit | CellRefusedError] = field(default_factory=dict)

    def find(self, text: str) -> Unit:
        """Return the one unit that the text means (code or name) and that the uploader may register for."""
        key = normalise_unit_name(text)
        if key not in self.known:
            try:
                self.known[key] = self._find(key)
            except CellRefusedError as refusal:
                self.known[key] = refusal
        answer = self.known[key]
        if isinstance(answer, CellRefusedError):
            raise CellRefusedError(answer.reason, answer.mend)
        return answer

    def _find(self, key: str) -> Unit:
        by_code = self.lookup.by_code(key) if key.isascii() and key.isdigit() else None
        fits = [by_code] if by_code else list(self.lookup.by_name(key))
        if not fits:
            raise CellRefusedError("没有这个单位", "请填写单位全称（与单位列表一致），或填写单位代码")
        if len(fits) > 1:
            codes = "、".join(unit.code for unit in fits[:5])
            raise CellRefusedError(f"有 {len(fits)} 个单位叫这个名称", f"请改填单位代码，可能是：{codes}")
        if not self.scope(fits[0].code):
            raise CellRefusedError("该单位不在您的管理范围内", "请由该单位的上级单位上传")
        return fits[0]


@dataclass(slots=True)
class _Checker:
    roster: Roster
    units: _Units
    today: date
    good: list[RegistrationRow] = field(default_factory=list)
    bad: list[CellError] = field(default_factory=list)
    normalised: list[Normalised] = field(default_factory=list)
    warnings: list[CellWarning] = field(default_factory=list)
    rows_by_id: dict[str, list[RosterRow]] = field(default_factory=dict)

    def check(self, row: RosterRow) -> None:
        before = len(self.bad)
        if row.hidden:
            why, mend = "该行在表格中是隐藏的", "请取消隐藏、核对内容后重新上传；不需要的行请删除"
            self.bad.append(CellError(row.number, "", "整行", "隐藏的行", why, mend))
        unit = self._read(row, Column.UNIT, self.units.find)
        name = self._read(row, Column.NAME, parse_name)
        id_number = self._id_number(row)
        office_phone = self._read(row, Column.OFFICE_PHONE, parse_phone)
        email = self._read(row, Column.EMAIL, parse_email)
        mobile = self._read(row, Column.MOBILE, parse_mobile)
        school_type = self._school_type(row, unit)
        user_type = self._read(row, Column.USER_TYPE, parse_user_type)
        address = self._read(row, Column.ADDRESS, parse_address)
        if len(self.bad) > before:
            return
        # Without a new entry in `bad` every reader returned a value; this tells the type checker so.
        if unit and name and id_number and office_phone and email and mobile and user_type and address:
            person = RegistrationRow(
                row=row.number,
                unit_code=unit.code,
                name=name,
                id_number=id_number,
                office_phone=office_phone,
                email=email,
                mobile=mobile,
                school_type=school_type,
                user_type=user_type,
                address=address,
            )
            self.good.append(person)

    def result(self) -> Checked:
        doubled = {row.number for rows in self.rows_by_id.values() if len(rows) > 1 for row in rows}
        for rows in self.rows_by_id.values():
            for row in rows if len(rows) > 1 else ():
                others = "、".join(str(other.number) for other in rows[:10] if other is not row)
                why = f"同一身份证号码在本表中重复出现（另见第 {others} 行）"
                self._refuse(row, Column.ID_NUMBER, CellRefusedError(why, "每人只填一行，请核对后删除多余的行"))
        order = {column.value: index for index, column in enumerate(Column)}
        self.bad.sort(key=lambda error: (error.row, order.get(error.heading, -1)))
        good = [person for person in self.good if person.row not in doubled]
        return Checked(good, self.bad, self.normalised, self.warnings)

    def _id_number(self, row: RosterRow) -> IdNumber | None:
        number = self._read(row, Column.ID_NUMBER, lambda text: parse_id_number(text, today=self.today))
        if number is not None:
            self.rows_by_id.setdefault(number.value, []).append(row)
            for warning in number.warnings:
                self._warn(row, Column.ID_NUMBER, warning)
        return number

    def _school_type(self, row: RosterRow, unit: Unit | None) -> SchoolType | None:
        if row.cell(Column.SCHOOL_TYPE).kind is CellKind.EMPTY:
            if unit is not None and unit.kind.is_school:
                refusal = CellRefusedError("学校必须填写办学类型", "请填写三位代码或名称，例如 211 或 小学")
                self._refuse(row, Column.SCHOOL_TYPE, refusal)
            return None
        school_type = self._read(row, Column.SCHOOL_TYPE, parse_school_type)
        if school_type and unit and unit.school_type not in (None, school_type.code):
            self._warn(row, Column.SCHOOL_TYPE, f"与单位登记的办学类型 {unit.school_type} 不一致，请核对")
        return school_type

    def _read(self, row: RosterRow, column: Column, parse: Callable[[str], _T]) -> _T | None:
        """Return the parsed value, or None after the refusal has been noted in `bad`."""
        cell = row.cell(column)
        try:
            value = parse(text_of(cell, column))
        except (PersonDataError, SchoolTypeError, CellRefusedError) as refusal:
            self._refuse(row, column, refusal)
            return None
        self._note_change(row, column, value)
        return value

    def _note_change(self, row: RosterRow, column: Column, value: object) -> None:
        before, after = row.cell(column).text, _written(value)
        if after is not None and _essence(before, value) != _essence(after, value):
            letter = self.roster.letters[column]
            change = Normalised(row.number, letter, column.value, shown(before, column), shown(after, column))
            self.normalised.append(change)

    def _refuse(
        self, row: RosterRow, column: Column, refusal: PersonDataError | SchoolTypeError | CellRefusedError
    ) -> None:
        cell, letter = row.cell(column), self.roster.letters[column]
        found = "（空）" if cell.kind is CellKind.EMPTY else shown(cell.text, column)
        self.bad.append(CellError(row.number, letter, column.value, found, refusal.reason, refusal.mend))

    def _warn(self, row: RosterRow, column: Column, why: str) -> None:
        found = shown(row.cell(column).text, column)
        self.warnings.append(CellWarning(row.number, self.roster.letters[column], column.value, found, why))


def _written(value: object) -> str | None:
    """The spelling that is kept, for comparing with the cell; None where code and name are both usual."""
    if isinstance(value, IdNumber):
        return value.value
    if isinstance(value, Phone):
        return value.e164.removeprefix("+86") + (value.extension or "")
    return value if isinstance(value, str) and not isinstance(value, UserType) else None


def _essence(text: str, value: object) -> str:
    """Of a telephone number the digits without their usual prefixes: its punctuation is not worth a note."""
    if not isinstance(value, Phone):
        return text
    return re.sub(r"[ ()-]", "", text).removeprefix("+86").removeprefix("0")
