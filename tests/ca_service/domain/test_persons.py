"""Persons: each rule with one good and one bad value."""

import contextlib
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca_service.domain.persons import (
    ContactError,
    Fault,
    IdNumberError,
    PersonDataError,
    PersonNameError,
    UserType,
    check_digit,
    mask_id,
    mask_name,
    mask_phone,
    parse_address,
    parse_email,
    parse_id_number,
    parse_mobile,
    parse_name,
    parse_phone,
    parse_user_type,
)

TODAY = date(2026, 11, 24)


def with_check(first_17: str) -> str:
    """Complete an invented number (sequence 000 is not handed out)."""
    return first_17 + check_digit(first_17)


GOOD = with_check("15010219800102000")
ENDS_X = next(number for day in range(1, 29) if (number := with_check(f"150102198003{day:02d}000")).endswith("X"))
ZERO_TAIL = next(number for day in range(1, 29) if (number := with_check(f"150102198003{day:02d}000")).endswith("0"))


def id_fault(text: str) -> Fault:
    """The fault that refuses this text as an ID number."""
    with pytest.raises(IdNumberError) as caught:
        parse_id_number(text, today=TODAY)
    assert caught.value.reason
    assert caught.value.mend
    return caught.value.fault


def test_the_check_digit_is_that_of_the_standards_own_example() -> None:
    """GB 11643-1999, annex A: 11010519491231002X and 440524188001010014."""
    assert check_digit("11010519491231002") == "X"
    assert check_digit("44052418800101001") == "4"


def test_a_good_number_gives_birth_date_and_area() -> None:
    number = parse_id_number(GOOD, today=TODAY)
    assert (number.value, number.birth_date, number.area_code) == (GOOD, date(1980, 1, 2), "150102")
    assert number.warnings == ()


@pytest.mark.parametrize(
    "written",
    [
        ENDS_X.lower(),
        f" {ENDS_X[:6]} {ENDS_X[6:]}\u3000",
        "".join(chr(ord(c) + 0xFEE0) for c in ENDS_X),
        f"\ufeff{ENDS_X}\u200b",
        f"'{ENDS_X}",
    ],
)
def test_spelling_that_needs_no_guess_is_normalised(written: str) -> None:
    assert parse_id_number(written, today=TODAY).value == ENDS_X


@pytest.mark.parametrize("text", ["1.50102E+17", "1.50102198001011e17", "150102198001010000.0", ZERO_TAIL])
def test_a_number_damaged_by_a_spreadsheet_is_refused_as_damaged(text: str) -> None:
    assert id_fault(text) is Fault.DAMAGED


def test_a_zero_tail_compared_with_the_card_is_accepted() -> None:
    assert parse_id_number(ZERO_TAIL, today=TODAY, zero_tail_confirmed=True).value == ZERO_TAIL


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", Fault.EMPTY),
        ("1" * 300, Fault.TOO_LONG),
        ("150102800102001", Fault.FIFTEEN_DIGITS),
        (GOOD[:17], Fault.LENGTH),
        (GOOD + "1", Fault.LENGTH),
        (GOOD[:-1] + "Х", Fault.CHARACTERS),  # a Cyrillic Ha
        ("15010219800102①001", Fault.CHARACTERS),
        ("1501021980010X0001", Fault.CHARACTERS),
        ("91150102MA0A00001X", Fault.CHARACTERS),
        ("911123198001020005", Fault.FOREIGN),
        (with_check("99010219800102000"), Fault.FOREIGN),
        (with_check("16010219800102000"), Fault.PROVINCE),
        (with_check("15010219800230000"), Fault.BIRTH_DATE),
        (with_check("15010220990102000"), Fault.FUTURE),
        (with_check("15010220150102000"), Fault.AGE),
        (with_check("15010219200102000"), Fault.AGE),
        (GOOD[:-1] + ("1" if GOOD[-1] != "1" else "2"), Fault.CHECK_DIGIT),
    ],
)
def test_a_bad_number_is_refused_with_its_own_reason(text: str, fault: Fault) -> None:
    assert id_fault(text) is fault


def test_age_counts_from_the_sixteenth_birthday_to_the_last_day_of_being_a_hundred() -> None:
    assert parse_id_number(with_check("15010220101124000"), today=TODAY)
    assert id_fault(with_check("15010220101125000")) is Fault.AGE
    assert parse_id_number(with_check("15010219251125000"), today=TODAY)
    assert id_fault(with_check("15010219251124000")) is Fault.AGE


def test_an_unknown_county_of_the_region_is_a_warning_only() -> None:
    assert "旧区划" in parse_id_number(with_check("15018819800102000"), today=TODAY).warnings[0]
    assert parse_id_number(with_check("11010519800102000"), today=TODAY).warnings == ()


def test_an_id_number_never_shows_itself_whole() -> None:
    number = parse_id_number(GOOD, today=TODAY)
    assert GOOD not in f"{number} {number!r}"
    assert GOOD[6:14] not in repr(number)


def test_messages_never_repeat_the_number() -> None:
    with pytest.raises(IdNumberError) as caught:
        parse_id_number(GOOD[:-1] + "Z", today=TODAY)
    assert GOOD[:-1] not in str(caught.value) + caught.value.mend


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("张三", "张三"),
        (" 张　三 ", "张三"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿拉腾．其木格", "阿拉腾·其木格"),
        ("乌云・毕力格", "乌云·毕力格"),
        ("𠮷田", "𠮷田"),
        ("张" * 40, "张" * 40),
    ],
)
def test_a_name_is_read_as_on_the_card(written: str, name: str) -> None:
    assert parse_name(written) == name


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", Fault.EMPTY),
        ("张", Fault.LENGTH),
        ("张" * 41, Fault.LENGTH),
        ("张" * 300, Fault.TOO_LONG),
        ("张3", Fault.CHARACTERS),
        ("Zhang San", Fault.CHARACTERS),
        ("<b>张三</b>", Fault.CHARACTERS),
        ("张\x07三", Fault.CHARACTERS),
        ("张\u202e三", Fault.CHARACTERS),
        ("·张三", Fault.CHARACTERS),
        ("张\ud800三", Fault.CHARACTERS),
        ("=张三", Fault.CHARACTERS),
    ],
)
def test_what_is_no_name_is_refused(text: str, fault: Fault) -> None:
    with pytest.raises(PersonNameError) as caught:
        parse_name(text)
    assert caught.value.fault is fault


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


def test_the_user_type_is_read_with_and_without_the_templates_prefix() -> None:
    assert parse_user_type("教师系统信息管理员") is UserType.INFORMATION
    assert parse_user_type(" 培训管理员") is UserType.TRAINING
    with pytest.raises(PersonDataError):
        parse_user_type("管理员")


def test_masks_hide_the_middle_and_all_of_what_is_short() -> None:
    assert mask_name("欧阳某某") == "欧*"
    assert mask_id("150102198001020006") == "150***********0006"
    assert mask_id("123456") == "******"
    assert mask_phone("19900001234") == "199******34"
    assert mask_phone("6543210") == "*******"


@given(st.text())
def test_only_typed_refusals_leave_the_parsers(text: str) -> None:
    parsers: list[Callable[[str], object]] = [
        parse_name,
        parse_mobile,
        parse_phone,
        parse_email,
        parse_address,
        parse_user_type,
    ]
    parsers.append(lambda given: parse_id_number(given, today=TODAY))
    for parse in parsers:
        with contextlib.suppress(PersonDataError):
            parse(text)


@given(st.integers(0, 17), st.sampled_from("0123456789"))
def test_every_single_wrong_digit_is_found(position: int, digit: str) -> None:
    changed = GOOD[:position] + digit + GOOD[position + 1 :]
    if changed != GOOD:
        with pytest.raises(IdNumberError):
            parse_id_number(changed, today=TODAY)
