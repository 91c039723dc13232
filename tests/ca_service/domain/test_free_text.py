"""Numbers of people in free texts: refused with a hint, or masked; everything else passes as it is."""

import pytest

from ca_service.domain.errors import Invalid
from ca_service.domain.free_text import blotted, refuse_numbers

_ID, _MOBILE = "150302199001010004", "19900000001"


@pytest.mark.parametrize(
    "written",
    [
        _ID, f"证件{_ID}有误", "150302 19900101 0004", "150302-19900101-0004", "１５０３０２１９９００１０１０００４",
        _MOBILE, f"电话：{_MOBILE}。", "199 0000 0001", "199-0000-0001", f"+86 {_MOBILE}", f"86{_MOBILE}",
    ],
)  # fmt: skip
def test_a_number_in_a_text_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(Invalid, match="原因中写有") as refused:
        refuse_numbers(written, what="原因")
    assert "0004" not in str(refused.value)
    assert "0001" not in str(refused.value)


@pytest.mark.parametrize(
    "written",
    [
        "", "调离本校，不再负责", "2026-11-24 10:30 电话挂失", "内教办〔2026〕19 号", "SF0000000001", "SF19900000001",
        "150302199913010005", "T-19900000001a", "0473-3000001", "统一社会信用代码 12150302MB0000001X",
        "a13912345678b" * 4, "C13912345678", "139123456789012345",
    ],
)  # fmt: skip
def test_other_texts_and_identifiers_pass_unchanged(written: str) -> None:
    assert refuse_numbers(written, what="原因") == written
    assert blotted(written) == written


def test_what_cannot_be_asked_back_is_masked_and_the_rest_stays() -> None:
    assert blotted(f'{{"a": "x {_MOBILE} y", "b": "{_ID}"}}') == '{"a": "x 199******01 y", "b": "150***********0004"}'
