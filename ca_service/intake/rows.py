"""Every row of a roster against every rule: good rows typed, bad cells explained, changes shown."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import TypeVar

from ca_service.domain.form_fields import parse_account, parse_remarks, parse_yes_no, require_certificate
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
from ca_service.domain.refusals import RefusedValueError
from ca_service.domain.school_types import SchoolType, SchoolTypeError, parse_school_type
from ca_service.domain.units import Unit
from ca_service.intake.columns import Column
from ca_service.intake.doubles import Doubles
from ca_service.intake.findings import CellRefusedError, refused_cell, shown, text_of
from ca_service.intake.report import CellError, CellWarning, Normalised, hidden_row
from ca_service.intake.sheet import CellKind, Roster, RosterRow
from ca_service.intake.unit_match import UnitLookup, UnitMatcher

__all__ = ["CellError", "CellWarning", "Checked", "Normalised", "RegistrationRow", "check_rows"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, repr=False)
class RegistrationRow:
    """One person's row with every field read and checked; its repr names the row only, not the person."""

    row: int
    unit: Unit
    name: str
    id_number: IdNumber
    office_phone: Phone
    email: str
    mobile: Phone
    school_type: SchoolType | None
    user_type: UserType
    address: str
    wants_certificate: bool
    account: str
    remarks: str

    def __repr__(self) -> str:
        return f"RegistrationRow(row={self.row}, unit={self.unit.code})"


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for a sheet. A row is in `good` or has entries in `bad`, never both, never neither."""

    good: list[RegistrationRow]
    bad: list[CellError]
    normalised: list[Normalised]
    warnings: list[CellWarning]


def check_rows(
    roster: Roster,
    *,
    units: UnitLookup,
    today: date,
    chosen: Mapping[int, str] = MappingProxyType({}),
    compared_with_card: Collection[int] = (),
) -> Checked:
    """Check every data row; a row with any bad cell is left out of `good`, the others can still be taken.

    `today` is the date in Asia/Shanghai, for the ages. `chosen` has the unit's code for rows whose unit the person
    picked, `compared_with_card` the rows whose ID number was compared with the card. An ID number that occurs twice
    makes all its rows bad, unless they are one person's different accounts: which is right is not for us to guess.
    """
    matcher = UnitMatcher(units, chosen)
    texts = {_plain_text(row, Column.UNIT) for row in roster.rows}
    matcher.prepare(texts - {""})
    checker = _Checker(roster, matcher, today, frozenset(compared_with_card))
    for row in roster.rows:
        checker.check(row)
    return checker.result()


def _plain_text(row: RosterRow, column: Column) -> str:
    try:
        return text_of(row.cell(column), column)
    except CellRefusedError:
        return ""


@dataclass(slots=True)
class _Checker:
    roster: Roster
    units: UnitMatcher
    today: date
    compared: frozenset[int]
    good: list[RegistrationRow] = field(default_factory=list)
    bad: list[CellError] = field(default_factory=list)
    normalised: list[Normalised] = field(default_factory=list)
    warnings: list[CellWarning] = field(default_factory=list)
    doubles: Doubles = field(default_factory=Doubles)

    def check(self, row: RosterRow) -> None:
        """Every cell of the row is read, also after a bad one: all findings at once."""
        before = len(self.bad)
        if row.hidden:
            self.bad.append(hidden_row(row.number))
        unit = self._unit(row)
        name = self._read(row, Column.NAME, parse_name)
        id_number = self._id_number(row)
        office_phone = self._read(row, Column.OFFICE_PHONE, parse_phone)
        email = self._read(row, Column.EMAIL, parse_email)
        mobile = self._read(row, Column.MOBILE, parse_mobile)
        school_type = self._school_type(row, unit)
        user_type = self._read(row, Column.USER_TYPE, parse_user_type)
        address = self._read(row, Column.ADDRESS, parse_address)
        wants = self._certificate(row, user_type)
        account = self._read_if_any(row, Column.ACCOUNT, parse_account) or ""
        remarks = self._read_if_any(row, Column.REMARKS, parse_remarks) or ""
        if id_number is not None:
            self.doubles.add(row, id_number.value, (unit and unit.code, name, user_type))
        if len(self.bad) > before:
            return
        # Without a new entry in `bad` every reader returned a value; this tells the type checker so.
        if unit and name and id_number and office_phone and email and mobile and user_type and address:
            person = RegistrationRow(
                row=row.number,
                unit=unit,
                name=name,
                id_number=id_number,
                office_phone=office_phone,
                email=email,
                mobile=mobile,
                school_type=school_type,
                user_type=user_type,
                address=address,
                wants_certificate=wants,
                account=account,
                remarks=remarks,
            )
            self.good.append(person)

    def result(self) -> Checked:
        """Only here are doubled ID numbers known; findings come by row, then in the order of the columns."""
        doubled = set()
        for row, others in self.doubles.found():
            doubled.add(row.number)
            named = "、".join(str(number) for number in others[:10])
            why = f"同一身份证号码在本表中重复出现（另见第 {named} 行）"
            mend = "每人只填一行，请核对后删除多余的行；确在两个单位任职的，另一单位请单独录入"
            self._refuse(row, Column.ID_NUMBER, CellRefusedError(why, mend))
        order = {column.value: index for index, column in enumerate(Column)}
        self.bad.sort(key=lambda error: (error.row, order.get(error.heading, -1)))
        good = [person for person in self.good if person.row not in doubled]
        return Checked(good, self.bad, self.normalised, self.warnings)

    def _unit(self, row: RosterRow) -> Unit | None:
        found = self._read(row, Column.UNIT, lambda text: self.units.match(row.number, text))
        if found is None:
            return None
        unit, remark = found
        if remark:
            self._warn(row, Column.UNIT, remark)
        return unit

    def _id_number(self, row: RosterRow) -> IdNumber | None:
        compared = row.number in self.compared
        number = self._read(
            row,
            Column.ID_NUMBER,
            lambda text: parse_id_number(text, today=self.today, zero_tail_confirmed=compared),
        )
        for warning in number.warnings if number else ():
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

    def _certificate(self, row: RosterRow, user_type: UserType | None) -> bool:
        """Whether a certificate is applied for; a sheet that does not say so means it for those who must."""
        wanted = self._read_if_any(row, Column.CERTIFICATE, parse_yes_no)
        if wanted is None or user_type is None:
            return user_type is UserType.INFORMATION
        try:
            require_certificate(user_type, wanted=wanted)
        except PersonDataError as refusal:
            self._refuse(row, Column.CERTIFICATE, refusal)
        return wanted

    def _read_if_any(self, row: RosterRow, column: Column, parse: Callable[[str], _T]) -> _T | None:
        return None if row.cell(column).kind is CellKind.EMPTY else self._read(row, column, parse)

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
            letter = self.roster.letters.get(column, "")
            change = Normalised(row.number, letter, column.value, shown(before, column), shown(after, column))
            self.normalised.append(change)

    def _refuse(self, row: RosterRow, column: Column, refusal: RefusedValueError) -> None:
        letter = self.roster.letters.get(column, "")
        self.bad.append(refused_cell(row.number, letter, column.value, row.cell(column), refusal))

    def _warn(self, row: RosterRow, column: Column, why: str) -> None:
        found = shown(row.cell(column).text, column)
        self.warnings.append(CellWarning(row.number, self.roster.letters.get(column, ""), column.value, found, why))


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
