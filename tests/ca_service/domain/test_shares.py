"""m of n shares: every choice of m gives the secret back, fewer say nothing, and each mistake has its own words."""

import itertools
import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca_service.domain import shares
from ca_service.domain.errors import Conflict, DomainError, Invalid

_SECRET = bytes(range(16))
_THREE_OF_FIVE = shares.split(_SECRET, threshold=3, shares=5, random_bytes=os.urandom)


def _multiplied(a: int, b: int) -> int:
    """In GF(256) by the book: shift and reduce."""
    product = 0
    for bit in range(8):
        product ^= (a << bit) if b >> bit & 1 else 0
    for bit in range(14, 7, -1):
        product ^= 0x11B << (bit - 8) if product >> bit & 1 else 0
    return product


def test_the_field_is_that_of_aes() -> None:
    for a, b in itertools.product(range(256), repeat=2):
        assert shares._times(a, b) == _multiplied(a, b)
    assert _multiplied(0x57, 0x83) == 0xC1  # FIPS 197 section 4.2
    assert all(shares._times(shares._over(1, a), a) == 1 for a in range(1, 256))


def test_each_octet_has_a_polynomial_of_its_own_whose_coefficients_are_drawn_once() -> None:
    drawn = bytes(range(1, 4 + 3 * 20 + 1))
    stream = iter(drawn)
    made = shares.split(_SECRET, threshold=4, shares=5, random_bytes=lambda n: bytes(next(stream) for _ in range(n)))
    assert next(stream, None) is None
    assert {share.set_id for share in made} == {drawn[:4]}
    content = _SECRET + shares._digest(_SECRET, drawn[:4])
    for share in made:
        for at, value in enumerate(share.values):
            expected = 0
            for coefficient in reversed([content[at], *drawn[4 + 3 * at : 7 + 3 * at]]):
                expected = _multiplied(expected, share.number) ^ coefficient
            assert value == expected


@pytest.mark.parametrize(("threshold", "number"), [(m, n) for n in range(2, 7) for m in range(2, n + 1)])
def test_every_choice_of_m_in_every_order_of_typing_gives_the_secret(threshold: int, number: int) -> None:
    made = shares.split(_SECRET, threshold=threshold, shares=number, random_bytes=os.urandom)
    for chosen in itertools.combinations(made, threshold):
        assert shares.combine(chosen) == _SECRET
        assert shares.combine(chosen[::-1]) == _SECRET
    assert shares.combine(made) == _SECRET


@given(secret=st.binary(min_size=1, max_size=40), data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_secret_comes_back_from_what_was_typed(secret: bytes, data: st.DataObject) -> None:
    number = data.draw(st.integers(2, 16))
    threshold = data.draw(st.integers(2, number))
    made = shares.split(secret, threshold=threshold, shares=number, random_bytes=os.urandom)
    chosen = data.draw(st.permutations(made))[:threshold]
    typed = [
        shares.text_of(share).lower().replace("-", data.draw(st.sampled_from(["", " ", "－", "-"]))) for share in chosen
    ]
    assert shares.combine([shares.read(text) for text in typed]) == secret


def test_fewer_than_m_shares_fit_every_secret() -> None:
    """With two of three shares any octet is as likely as any other: for each there is a third share."""
    made = shares.split(b"\x2a", threshold=3, shares=3, random_bytes=os.urandom)
    first, second, _ = (share.values[0] for share in made)
    weights = [shares._weight(number, [1, 2, 3]) for number in (1, 2, 3)]
    known = shares._times(first, weights[0]) ^ shares._times(second, weights[1])
    assert {known ^ shares._times(third, weights[2]) for third in range(256)} == set(range(256))


@given(at=st.integers(0, 49), letter=st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
@settings(max_examples=200, deadline=None)
def test_a_mistyped_letter_anywhere_is_found(at: int, letter: str) -> None:
    plain = shares.text_of(_THREE_OF_FIVE[0]).replace("-", "")
    assert len(plain) == 50
    typed = plain[:at] + letter + plain[at + 1 :]
    if typed == plain:
        assert shares.read(typed) == _THREE_OF_FIVE[0]
        return
    with pytest.raises(Invalid, match="抄写有误"):
        shares.read(typed)


def test_two_letters_that_changed_places_are_found() -> None:
    plain = shares.text_of(_THREE_OF_FIVE[0]).replace("-", "")
    for at in range(49):
        typed = plain[:at] + plain[at + 1] + plain[at] + plain[at + 2 :]
        if typed != plain:
            with pytest.raises(Invalid):
                shares.read(typed)


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_whatever_is_typed_is_a_share_or_told_in_words(text: str) -> None:
    with pytest.raises(Invalid):
        shares.read(text)


def test_letters_taken_for_digits_are_read_as_digits() -> None:
    text = next(
        text for _ in range(200)
        for share in shares.split(_SECRET, threshold=2, shares=2, random_bytes=os.urandom)
        if {"0", "1"} <= set(text := shares.text_of(share))
    )  # fmt: skip
    assert shares.read(text.replace("0", "o").replace("1", "l")) == shares.read(text)


def _refusal(given: list[shares.Share]) -> str:
    with pytest.raises(DomainError) as refused:
        shares.combine(given)
    return refused.value.detail


def test_each_mistake_of_custodians_has_words_of_its_own() -> None:
    one, two, three, *_ = _THREE_OF_FIVE
    others = shares.split(_SECRET, threshold=3, shares=5, random_bytes=os.urandom)
    forged = replace(three, values=bytes(len(three.values)))
    found = {
        "none": _refusal([]),
        "few": _refusal([one, two]),
        "twice": _refusal([one, two, two]),
        "other ceremony": _refusal([one, two, others[2]]),
        "forged": _refusal([one, two, forged]),
    }
    assert len(set(found.values())) == len(found)
    assert "需要 3 份，现有 2 份，还差 1 份" in found["few"]
    assert "第 2 号份额输入了两次" in found["twice"]
    assert others[2].set_id.hex() in found["other ceremony"]
    assert "伪造" in found["forged"]


@pytest.mark.parametrize(("threshold", "number"), [(1, 3), (0, 0), (4, 3), (2, 17), (-1, 2)])
def test_numbers_that_make_no_sense_are_refused(threshold: int, number: int) -> None:
    with pytest.raises(Invalid):
        shares.split(_SECRET, threshold=threshold, shares=number, random_bytes=os.urandom)


def test_a_share_does_not_tell_its_values_in_messages() -> None:
    assert _THREE_OF_FIVE[0].values.hex() not in repr(_THREE_OF_FIVE[0])
    assert str(_THREE_OF_FIVE[0].values) not in repr(_THREE_OF_FIVE[0])


def test_a_later_version_of_the_format_is_told() -> None:
    with pytest.raises(Invalid, match="格式"):
        shares.read(shares.text_of(replace(_THREE_OF_FIVE[0], number=17)))


def test_conflict_is_what_a_wrong_set_raises() -> None:
    other = shares.split(_SECRET, threshold=3, shares=3, random_bytes=os.urandom)[0]
    with pytest.raises(Conflict, match="另一次分割"):
        shares.require_new([_THREE_OF_FIVE[0]], other)
