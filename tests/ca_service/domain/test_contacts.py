"""Contacts: each rule with one good and one bad value."""

import pytest

from ca_service.domain.persons import (
    ContactError,
    Fault,
    parse_address,
    parse_email,
    parse_mobile,
    parse_phone,
)


@pytest.mark.parametrize("text", ["19900001234", "+86 199 0000 1234", "８６１９９００００１２３４", "199-0000-1234"])
def test_a_mobile_number_is_read_in_any_usual_spelling(text: str) -> None:
    assert parse_mobile(text).e164 == "+8619900001234"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345678901",
        "0471-6543210",
        "4001234567",
        "1990000123",
        "19900001234/19900001235",
        "+1 2025550123",
    ],
)
def test_what_is_no_mobile_number_is_refused(text: str) -> None:
    with pytest.raises(ContactError):
        parse_mobile(text)


@pytest.mark.parametrize(
    ("text", "national"),
    [
        ("0471-6543210", "0471-6543210"),
        ("(0471)6543210", "0471-6543210"),
        ("０４７１－６５４３２１０", "0471-6543210"),
        ("+86 471 6543210", "0471-6543210"),
        ("010-12345678", "010-12345678"),
        ("0471-6543210-801", "0471-6543210-801"),
        ("0471-6543210转801", "0471-6543210-801"),
        ("04716543210 ext. 12", "0471-6543210-12"),
        ("19900001234", "19900001234"),
    ],
)
def test_an_office_number_keeps_area_code_and_extension(text: str, national: str) -> None:
    assert parse_phone(text).national == national


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", Fault.EMPTY),
        ("6543210", Fault.AREA_CODE_MISSING),
        ("4716543210", Fault.AREA_CODE_MISSING),
        ("400-123-4567", Fault.NOT_A_NUMBER),
        ("0471-12", Fault.NOT_A_NUMBER),
        ("办公室", Fault.NOT_A_NUMBER),
        ("1 " * 500, Fault.NOT_A_NUMBER),
    ],
)
def test_an_office_number_that_would_need_a_guess_is_refused(text: str, fault: Fault) -> None:
    with pytest.raises(ContactError) as caught:
        parse_phone(text)
    assert caught.value.fault is fault


def test_a_phone_shows_itself_masked() -> None:
    assert "0000123" not in repr(parse_mobile("19900001234"))


def test_an_email_is_read_and_its_domain_lowered() -> None:
    assert parse_email("ａbc＠QQ.com ") == "abc@qq.com"


@pytest.mark.parametrize("text", ["", "abc", "a@b@c.com", "张三@qq.com", "a@qq.com,b@qq.com", "a@" + "b" * 400])
def test_what_is_no_email_is_refused(text: str) -> None:
    with pytest.raises(ContactError):
        parse_email(text)


def test_an_address_is_tidied_and_bounded() -> None:
    assert parse_address(" 新城区  示范路1号 ") == "新城区 示范路1号"
    for bad in ("", "路", "路" * 121, "示范路<script>1号", "示范路\u202e一号"):
        with pytest.raises(ContactError):
            parse_address(bad)
