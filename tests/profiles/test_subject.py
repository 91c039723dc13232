"""Subjects: what may stand in them, what never does, and their encoding read back by another parser."""

import uuid
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import profiles
from profiles.personal_data import find
from tests.profiles.support import SUBJECTS

FULL = SUBJECTS["information-administrator"]
TEXT_FIELDS = ["state", "locality", "organization", "organization_identifier", "common_name"]


def _subject(field: str, value: object) -> profiles.Subject:
    values: dict[str, Any] = {"common_name": "张三", field: value}
    return profiles.Subject(**values)


def _refusal(field: str, value: object) -> profiles.SubjectError:
    with pytest.raises(profiles.SubjectError) as caught:
        _subject(field, value)
    assert caught.value.key == field
    return caught.value


def _read(subject: profiles.Subject) -> list[tuple[str, str, int]]:
    """(OID, value, string tag) by cryptography and by the raw octets."""
    name = x509.Name.from_bytes(profiles.subject_name(subject))
    return [(item.oid.dotted_string, str(item.value), item._type.value) for item in name]


def test_the_name_is_read_back_in_the_fixed_order_with_its_string_types() -> None:
    utf8, printable = 12, 19
    assert _read(FULL) == [
        ("2.5.4.6", "CN", printable),
        ("2.5.4.8", "北疆自治区", utf8),
        ("2.5.4.7", "云川市", utf8),
        ("2.5.4.10", "云川市第一小学", utf8),
        ("2.5.4.97", "2115000017", utf8),
        ("2.5.4.3", "张三", utf8),
        ("2.5.4.5", "H7Q2-M4KD-0A1C", printable),
    ]


def test_absent_fields_leave_no_trace() -> None:
    assert [oid for oid, _, _ in _read(profiles.Subject(common_name="张三"))] == ["2.5.4.6", "2.5.4.3"]


@pytest.mark.parametrize(
    "value",
    [
        "阿不都·热合曼",
        "\U00020bb7野",
        "\U00031350",
        "\U0002ebf0",
        "㐂",
        "O'Neil (Mary)",
        "第一中学（东校区）",
        "ᠮᠣᠩᠭᠣᠯ",
    ],
    ids=["middle-dot", "ext-B", "ext-H", "ext-I", "ext-A", "latin", "full-width", "mongolian"],
)
def test_names_of_real_people_and_units_pass(value: str) -> None:
    assert _read(profiles.Subject(common_name=value))[-1][1] == value


@pytest.mark.parametrize(
    ("field", "bound"),
    [
        ("state", 128),
        ("locality", 128),
        ("organization", 64),
        ("organization_identifier", 64),
        ("common_name", 64),
        ("serial_number", 64),
    ],
)
def test_upper_bounds_count_characters(field: str, bound: int) -> None:
    letter = "A" if field == "serial_number" else "\U00020bb7"
    assert getattr(_subject(field, letter * bound), field) == letter * bound
    assert str(bound) in _refusal(field, letter * (bound + 1)).allowed


@pytest.mark.parametrize("field", [*TEXT_FIELDS, "serial_number", "country"])
def test_an_empty_field_is_refused(field: str) -> None:
    _refusal(field, "")


@pytest.mark.parametrize("field", TEXT_FIELDS)
@pytest.mark.parametrize(
    "value",
    [
        "张\x00三",
        "张\n三",
        "张\x7f三",
        "张\u202e三",
        "张\u200f三",
        "张\u2066三",
        "张\u200b三",
        "\ufeff张三",
        "张\ud800",
        "张\ue000",
        "张\uffff",
        "张\U0002ffff",
        "张\u2028三",
        "张\u3000三",
        " 张三",
        "张三 ",
        "张  三",
        "张\u00a0三",
    ],
)
def test_characters_that_deceive_or_break_are_refused(field: str, value: str) -> None:
    _refusal(field, value)


@pytest.mark.parametrize("value", ["张三", "H_7", "H*7", "H\t7", "é", "H;7"])
def test_the_serial_number_is_a_printable_string(value: str) -> None:
    _refusal("serial_number", value)


@pytest.mark.parametrize("value", ["cn", "C", "CHN", "中国", "C1"])
def test_the_country_is_two_capital_letters(value: str) -> None:
    _refusal("country", value)


@pytest.mark.parametrize("value", [b"CN", 17, ["a"], 1.5])
def test_other_types_are_refused(value: object) -> None:
    _refusal("organization", value)


@pytest.mark.parametrize("value", [None, 7])
def test_a_common_name_is_compulsory(value: object) -> None:
    _refusal("common_name", value)


PERSONAL = [
    "150102199003071234",
    "张三150102199003071234",
    "15010219900307123X",
    "15010219900307123x",
    "150102 19900307 1234",
    "150102-19900307-123X",
    "１５０１０２１９９００３０７１２３４",
    "H150102199003071234Z",
    "13912345678",
    "139 1234 5678",
    "139-1234-5678",
    "+8613912345678",
    "008613912345678",
    "电话：１３９１２３４５６７８",
    "H-13912345678",
    "zhangsan@edu.example",
    "张三＠教育",
]


@pytest.mark.parametrize("value", PERSONAL)
@pytest.mark.parametrize("field", ["organization", "organization_identifier", "common_name"])
def test_personal_data_is_refused_and_not_repeated_in_the_message(field: str, value: str) -> None:
    error = _refusal(field, value)
    assert error.allowed == "no personal data"
    assert value not in str(error)


@pytest.mark.parametrize(
    "value",
    [
        "2115000017",  # school code: 10 digits
        "121500004600123456",  # social credit code of 18 digits: no date inside
        "12150000MB0123456K",
        "0471-4567890",  # no mobile number
        "10126",
        "5a3c9b17004288139123456780abcdef",  # random identifier with an 11-digit run
        "99912345678",  # 11 digits, no mobile prefix
        "150102199013071234",  # 18 digits, month 13
    ],
)
def test_codes_that_only_look_like_personal_data_pass(value: str) -> None:
    assert find(value) is None


@given(st.uuids(version=4))
def test_a_random_holder_identifier_in_hexadecimal_is_never_taken_for_a_mobile_number(
    value: uuid.UUID,
) -> None:
    assert profiles.Subject(common_name="张三", serial_number=value.hex).serial_number == value.hex


@given(st.sampled_from(TEXT_FIELDS), st.text(max_size=140))
def test_any_text_is_either_refused_by_type_or_read_back_unchanged(field: str, value: str) -> None:
    try:
        subject = _subject(field, value)
    except profiles.SubjectError:
        return
    assert value in [text for _, text, _ in _read(subject)]


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=64))
def test_every_name_of_common_ideographs_passes(value: str) -> None:
    assert _read(profiles.Subject(common_name=value))[-1][1] == value


def test_subjects_cannot_be_changed_after_their_checks() -> None:
    with pytest.raises(AttributeError):
        setattr(FULL, TEXT_FIELDS[-1], "a@b")
