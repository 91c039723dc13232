"""Untyped fields of a form, a JSON body or a sheet -> a checked wish."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from teacher_registry.accounts.errors import FieldError
from teacher_registry.accounts.models import AccountKind

_LOGIN = re.compile(r"[a-z][a-z0-9._-]{2,31}")
_MAX_NAME = 32
_MAX_SEARCH = 64
_MIN_REASON, _MAX_REASON = 5, 200
_DIGITS_OF_A_NUMBER = re.compile(r"\d{6}")
# What a spreadsheet or a database reads as the start of a formula; no name starts so.
_FORMULA_STARTS = "=+-@|%"


@dataclass(frozen=True)
class NewAccount:
    """A wish for an account, checked; the unit is not in it: it comes from the certificate.

    `login` None: a teacher, who signs in with the personal code.
    """

    login: str | None
    name: str
    kind: AccountKind


class Condition(StrEnum):
    """What a list can be narrowed to."""

    ACTIVE = "active"
    STOPPED = "stopped"
    LOCKED = "locked"
    WAITING = "waiting"


@dataclass(frozen=True)
class Search:
    """Which accounts of the own unit: `text` in name, login name or code; a kind; a condition. Empty = all."""

    text: str = ""
    kind: AccountKind | None = None
    condition: Condition | None = None


def read_new_account(fields: Mapping[str, object]) -> NewAccount:
    """Raises `FieldError` for the first field that cannot be taken. Unknown fields are ignored."""
    try:
        kind = AccountKind(_text(fields, "kind", "账号类型"))
    except ValueError as error:
        raise FieldError("kind", "请选择账号类型") from error
    return NewAccount(_login(fields, kind), _name(fields), kind)


def read_search(fields: Mapping[str, object]) -> Search:
    """What does not read is not searched for."""
    text, kind, condition = (fields.get(key) for key in ("text", "kind", "condition"))
    return Search(
        text=_plain(text)[:_MAX_SEARCH] if isinstance(text, str) else "",
        kind=AccountKind(kind) if isinstance(kind, str) and kind in set(AccountKind) else None,
        condition=Condition(condition) if isinstance(condition, str) and condition in set(Condition) else None,
    )


def read_reason(fields: Mapping[str, object]) -> str:
    """Why personal data is exported. Raises `FieldError`."""
    reason = _plain(_text(fields, "reason", "导出理由"))
    if not _MIN_REASON <= len(reason) <= _MAX_REASON:
        raise FieldError("reason", f"导出理由须为{_MIN_REASON}至{_MAX_REASON}个字，请写明用途")
    if _DIGITS_OF_A_NUMBER.search(reason):
        raise FieldError("reason", "导出理由中不能填写身份证号或手机号")
    return reason


def _login(fields: Mapping[str, object], kind: AccountKind) -> str | None:
    if kind is AccountKind.TEACHER and fields.get("login") in (None, ""):
        return None
    login = _text(fields, "login", "登录名").lower()
    if not _LOGIN.fullmatch(login):
        raise FieldError("login", "登录名须为3至32位，以字母开头，只含字母、数字、点、下划线和连字符")
    return login


def _name(fields: Mapping[str, object]) -> str:
    name = unicodedata.normalize("NFC", _text(fields, "name", "姓名"))
    if len(name) > _MAX_NAME:
        raise FieldError("name", f"姓名不能超过{_MAX_NAME}个字")
    # C*: control, format (bidi tricks), surrogates (no database takes them), private use, unassigned.
    if any(unicodedata.category(character)[0] == "C" for character in name):
        raise FieldError("name", "姓名含有不能显示的字符")
    if unicodedata.normalize("NFKC", name)[0] in _FORMULA_STARTS:
        raise FieldError("name", "姓名不能以符号开头")
    if _DIGITS_OF_A_NUMBER.search(unicodedata.normalize("NFKC", name)):
        raise FieldError("name", "姓名中不能填写身份证号或手机号")
    return name


def _text(fields: Mapping[str, object], key: str, label: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value.strip():
        raise FieldError(key, f"请填写{label}")
    return value.strip()


def _plain(text: str) -> str:
    """Without what cannot be seen or stored."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(character for character in normal if unicodedata.category(character)[0] != "C").strip()
