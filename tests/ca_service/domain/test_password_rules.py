"""What a password must be."""

from datetime import UTC, datetime

import pytest

from ca_service.domain.errors import Invalid
from ca_service.domain.password_rules import check_password
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff

_CLERK = Staff(
    "a-clerk", "示范人", "150302", frozenset({Role.CLERK}), "", must_change_password=True, active=True,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "12"),
        ("x" * 200, "128"),
        ("a-clerk-and-more", "登录名"),
        ("aaaabbbbaaaabbbb", "不同的字符"),
        ("password123456789", "常见"),
        ("qwertyuiop12345", "常见"),
        ("１２３４５６７８９０abcd", "常见"),
    ],
)
def test_passwords_that_can_be_guessed_are_refused(password: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        check_password(password, _CLERK)


@pytest.mark.parametrize("password", ["correct horse battery", "草原上的三匹白马跑得很快呀", "v9K-xT2-mm4-Qz"])
def test_long_passwords_need_no_special_characters(password: str) -> None:
    check_password(password, _CLERK)
