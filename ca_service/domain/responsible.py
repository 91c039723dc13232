"""The people who answer for a unit's use of the teacher system (管理及使用人员情况统计表)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from ca_service.domain.person_text import FORBIDDEN, Fault, PersonDataError, mask_phone, tidy
from ca_service.domain.persons import parse_email, parse_mobile, parse_name, parse_phone
from ca_service.domain.units import UnitKind

_MOST = 20


class Duty(StrEnum):
    """The three kinds of line in the department's table."""

    LEADER = "leader"
    SECTION_HEAD = "section-head"
    ADMINISTRATOR = "administrator"

    @property
    def chinese(self) -> str:
        """The heading in the department's table."""
        return _DUTIES[self]

    def most(self, kind: UnitKind) -> int:
        """How many a unit of this kind may name: one, but as many administrators as the kind may have."""
        if self is not Duty.ADMINISTRATOR:
            return 1
        return kind.max_information_administrators or _MOST


_DUTIES: Mapping[Duty, str] = MappingProxyType(
    {Duty.LEADER: "分管领导", Duty.SECTION_HEAD: "处（科）室负责人", Duty.ADMINISTRATOR: "信息管理员"}
)
_SPELLINGS: Mapping[str, Duty] = MappingProxyType(
    {
        **{duty.chinese: duty for duty in Duty},
        "处(科)室负责人": Duty.SECTION_HEAD, "处科室负责人": Duty.SECTION_HEAD, "处室负责人": Duty.SECTION_HEAD,
        "科室负责人": Duty.SECTION_HEAD,
    }
)  # fmt: skip


@dataclass(frozen=True)
class OfficeContact:
    """The personal fields: encrypted at rest, masked unless the role needs them. Empty where not given."""

    office_phone: str
    mobile: str
    email: str

    def masked(self) -> "OfficeContact":
        """For those who need not know."""
        name, _, domain = self.email.partition("@")
        email = f"{name[:1]}*@{domain}" if self.email else ""
        return OfficeContact(mask_phone(self.office_phone), mask_phone(self.mobile), email)


@dataclass(frozen=True)
class ResponsiblePerson:
    """One version of one line: a change ends it and begins another, so all lines together are the history.

    `place` tells several administrators of a unit apart, from 1. `ended_at` is None for what holds now.
    """

    id: str
    unit_code: str
    duty: Duty
    place: int
    name: str
    office: str
    post: str
    contact: OfficeContact
    entered_by: str
    entered_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None


def in_order(person: ResponsiblePerson) -> tuple[int, int]:
    """Sorts the lines of a unit as in the department's table."""
    return list(Duty).index(person.duty), person.place


def parse_duty(text: str) -> Duty:
    """Read the kind of line as the department's table names it, with either kind of parentheses."""
    plain = "".join(text.split())
    found = _SPELLINGS.get(plain) or _SPELLINGS.get("".join(tidy(text[:40]).split()))
    if found is None:
        choices = "、".join(duty.chinese for duty in Duty)
        raise PersonDataError(Fault.CHARACTERS, "人员类别不在三种之内", f"请填写其中一种：{choices}")
    return found


def parse_office(text: str, what: str) -> str:
    """Read the name of an office or post: 1 to 60 characters, no control characters or angle brackets."""
    if FORBIDDEN.search(text.strip()):
        raise PersonDataError(Fault.CHARACTERS, f"{what}含有控制字符或尖括号", f"请手工重新输入{what}")
    plain = " ".join(text.split())
    if not plain:
        raise PersonDataError(Fault.EMPTY, f"{what}为空", f"请填写{what}")
    if len(plain) > 60:
        raise PersonDataError(Fault.LENGTH, f"{what}过长", f"{what}最多 60 个字")
    return plain


PARSERS: Mapping[str, tuple[str, Callable[[str], str]]] = MappingProxyType(
    {
        "name": ("姓名", parse_name),
        "office": ("处（科）室", lambda text: parse_office(text, "处（科）室")),
        "post": ("职务", lambda text: parse_office(text, "职务")),
        "office_phone": ("办公电话", lambda text: parse_phone(text).national),
        "mobile": ("手机号码", lambda text: parse_mobile(text).national),
        "email": ("电子邮箱", parse_email),
    }
)
"""Each field of a line: its heading and how it is read; all are mandatory. They raise PersonDataError."""


@dataclass(frozen=True)
class Entry:
    """A line as it was read, before it is anybody's version."""

    duty: Duty
    name: str
    office: str
    post: str
    contact: OfficeContact

    @classmethod
    def of(cls, duty: Duty, texts: Mapping[str, str]) -> "Entry":
        """From texts that PARSERS have read."""
        contact = OfficeContact(texts["office_phone"], texts["mobile"], texts["email"])
        return cls(duty, texts["name"], texts["office"], texts["post"], contact)

    def equals(self, person: ResponsiblePerson) -> bool:
        """Whether this is what stands there already."""
        theirs = Entry(person.duty, person.name, person.office, person.post, person.contact)
        return self == theirs
