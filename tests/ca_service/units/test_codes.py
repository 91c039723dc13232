"""The two codes of an organisation: what is read, what is refused and how it is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from ca_service.domain.unit_codes import (
    SCHOOL_CLASS_NAMES,
    OrganisationCodeError,
    parse_credit_code,
    parse_school_code,
)

# Invented: authority 1, kind 2, area 150102, an organisation number of nines; the last character is computed.
GOOD = "12150102999999999"
CREDIT_CODE = GOOD + uscc.calc_check_digit(GOOD)


def test_a_school_code_shows_its_structure() -> None:
    code = parse_school_code("2115000123")
    assert (code.class_name, code.province, code.sequence, code.institution) == ("小学", "15", "000123", None)


def test_a_university_code_holds_the_code_of_the_institution() -> None:
    assert parse_school_code("4115099901").institution == "99901"
    assert "院校代码 99901" in parse_school_code("4115099901").described


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("211500012", "10 位"),
        ("21150001234", "10 位"),
        ("２115000123", "10 位"),
        ("2115 00123", "10 位"),
        ("9915000123", "前两位 99"),
        ("2114000123", "第 3、4 位是 14"),
        ("4115199901", "0 和 5 位院校代码"),
    ],
)
def test_a_wrong_school_code_is_refused_naming_the_part(text: str, part: str) -> None:
    with pytest.raises(OrganisationCodeError) as refusal:
        parse_school_code(text)
    assert part in refusal.value.reason
    assert refusal.value.mend


@given(st.sampled_from(sorted(SCHOOL_CLASS_NAMES)), st.integers(0, 99_999))
def test_every_class_with_any_number_is_read_back(school_class: str, number: int) -> None:
    text = f"{school_class}150{number:05d}"
    code = parse_school_code(text)
    assert code.school_class + code.province + code.sequence == text


@pytest.mark.parametrize("written", [CREDIT_CODE, CREDIT_CODE.lower(), f" {CREDIT_CODE[:8]} {CREDIT_CODE[8:]} "])
def test_a_credit_code_comes_back_in_upper_case_without_blanks(written: str) -> None:
    assert parse_credit_code(written) == CREDIT_CODE


@pytest.mark.parametrize("first", ["A1", "N2", "Y1"])
def test_letter_led_credit_codes_are_real_though_the_library_refuses_them(first: str) -> None:
    body = first + GOOD[2:]
    whole = body + uscc.calc_check_digit(body)
    assert not uscc.is_valid(whole)
    assert parse_credit_code(whole) == whole
    with pytest.raises(OrganisationCodeError):
        parse_credit_code(body + ("0" if whole[-1] != "0" else "1"))


@given(st.integers(0, 16), st.sampled_from("0123456789"))
def test_any_single_wrong_digit_is_found(place: int, digit: str) -> None:
    damaged = CREDIT_CODE[:place] + digit + CREDIT_CODE[place + 1 :]
    if damaged == CREDIT_CODE:
        return
    with pytest.raises(OrganisationCodeError):
        parse_credit_code(damaged)


@pytest.mark.parametrize("text", ["", "1" * 17, "1" * 19, "1215010299999999I5", "一" * 18, "1.2150102999999E+17"])
def test_what_is_no_credit_code_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(OrganisationCodeError) as refusal:
        parse_credit_code(text)
    assert refusal.value.reason
    assert refusal.value.mend
