"""Untyped fields of a form or a JSON body -> a checked wish."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from teacher_registry.accounts.errors import FieldError
from teacher_registry.accounts.models import AccountKind

_LOGIN = re.compile(r"[a-z][a-z0-9._-]{2,31}")
_MAX_NAME = 32
_DIGITS_OF_A_NUMBER = re.compile(r"\d{6}")


@dataclass(frozen=True)
class NewAccount:
    """A wish for an account, checked; the unit is not in it: it comes from the certificate."""

    login: str
    name: str
    kind: AccountKind


def read_new_account(fields: Mapping[str, object]) -> NewAccount:
    """Raises `FieldError` for the first field that cannot be taken. Unknown fields are ignored."""
    login = _text(fields, "login", "登录名").lower()
    if not _LOGIN.fullmatch(login):
        raise FieldError("login", "登录名须为3至32位，以字母开头，只含字母、数字、点、下划线和连字符")
    name = unicodedata.normalize("NFC", _text(fields, "name", "姓名"))
    if len(name) > _MAX_NAME:
        raise FieldError("name", f"姓名不能超过{_MAX_NAME}个字")
    # C*: control, format (bidi tricks), surrogates (no database takes them), private use, unassigned.
    if any(unicodedata.category(character)[0] == "C" for character in name):
        raise FieldError("name", "姓名含有不能显示的字符")
    if _DIGITS_OF_A_NUMBER.search(unicodedata.normalize("NFKC", name)):
        raise FieldError("name", "姓名中不能填写身份证号或手机号")
    try:
        kind = AccountKind(_text(fields, "kind", "账号类型"))
    except ValueError as error:
        raise FieldError("kind", "请选择账号类型") from error
    return NewAccount(login, name, kind)


def _text(fields: Mapping[str, object], key: str, label: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value.strip():
        raise FieldError(key, f"请填写{label}")
    return value.strip()
