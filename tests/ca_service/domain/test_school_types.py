"""办学类型 by code, by name, and refused otherwise."""

import pytest

from ca_service.domain.school_types import SCHOOL_TYPES, SchoolTypeError, parse_school_type


@pytest.mark.parametrize("text", ["211", "小学", "２１１", " 211 小学", "211-小学"])
def test_code_name_and_both_mean_the_same(text: str) -> None:
    assert parse_school_type(text).code == "211"


@pytest.mark.parametrize("text", ["", "210", "大专", "211 幼儿园", "2111"])
def test_what_is_not_in_the_table_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(SchoolTypeError) as caught:
        parse_school_type(text)
    assert caught.value.mend


def test_every_name_leads_back_to_its_own_code() -> None:
    assert all(parse_school_type(kind.name) == kind for kind in SCHOOL_TYPES.values())
    assert SCHOOL_TYPES["511"].school_class == "51"
