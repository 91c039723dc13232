"""Rules of new PINs, random PINs, and changing one on a token."""

from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.token_provisioning.conftest import Scene
from token_provisioning.errors import PinRuleBrokenError
from token_provisioning.pins import check_new_pin, random_first_pin, random_so_pin


@pytest.mark.parametrize(
    ("pin", "rule"),
    [
        ("12345", "6 至 16"),
        ("x7" * 8 + "y", "6 至 16"),
        ("", "6 至 16"),
        ("汉字汉字汉字", "半角"),
        ("with space", "半角"),
        ("tab\tinside", "半角"),
        ("111111", "同一个字符"),
        ("aaaaaaaa", "同一个字符"),
        ("123456", "连续"),
        ("654321", "连续"),
        ("890123", "连续"),
        ("109876", "连续"),
        ("abcdef", "连续"),
        ("FeDcBa", "连续"),
        ("qwertyui", "连续"),
        ("0987654321", "连续"),
        ("poiuyt", "连续"),
        ("147258", "连续"),
        ("121212", "重复"),
        ("abcabc", "重复"),
        ("x7x7x7x7", "重复"),
        ("112233", "4 个不同"),
        ("aabbCCb", "4 个不同"),
        ("5201314", "常见"),
        ("PassW0rd", "常见"),
        ("19900101", "生日"),
        ("01012001", "生日"),
        ("880229", "生日"),
        ("13800138000", "手机"),
        ("01001X", "身份证"),
        ("1990010x", "身份证"),
        ("c3d4e5f6", "序列号"),
        ("2026000017", "序列号"),
        ("old-PIN-1", "与原 PIN 相同"),
    ],
)
def test_a_weak_pin_is_refused_with_its_rule(pin: str, rule: str) -> None:
    with pytest.raises(PinRuleBrokenError, match=rule):
        check_new_pin(pin, old="old-PIN-1", known=("a1b2c3d4e5f60708", "R-2026-000017"))


@pytest.mark.parametrize("pin", ["135790", "a1B2c3", "k7-Tangerine", "902931", "01001Xa", "mno-5316"])
def test_a_pin_within_the_rules_is_taken(pin: str) -> None:
    check_new_pin(pin, old="old-PIN-1")


@given(st.text())
def test_any_text_is_taken_or_refused_by_rule(pin: str) -> None:
    try:
        check_new_pin(pin, old=None)
    except PinRuleBrokenError:
        return
    assert 6 <= len(pin) <= 16
    assert pin.isascii()


@given(st.integers(min_value=0))
def test_random_pins_have_their_length_and_keep_the_rules(seed: int) -> None:
    draw = Random(seed).randbytes
    first, so_pin = random_first_pin(draw), random_so_pin(draw)

    check_new_pin(first, old=None)
    assert (len(first), first.isdigit()) == (8, True)
    assert len(so_pin) == 16
    assert not set(so_pin) & set("01OIL")


def test_a_draw_that_breaks_the_rules_is_drawn_again() -> None:
    draws = count()

    def random_bytes(length: int) -> bytes:
        return bytes([1] * length) if next(draws) == 0 else bytes(range(0, 2 * length, 2))

    assert random_first_pin(random_bytes) == "02468024"


def test_changing_the_pin_works_with_the_old_and_then_with_the_new_one(scene: Scene) -> None:
    assert scene.enrol().code == 0
    new = scene.desk.file("newer", "Quince-2026")
    arguments = ("--pin-file", scene.pin_file(), "--new-pin-file", new)

    changed = scene.desk.token("change-pin", *arguments, "--json")
    repeated = scene.desk.token("change-pin", *arguments)

    assert changed.document == {"changed": True, "token_serial": scene.serial}
    assert (repeated.code, "PIN 错误" in repeated.err) == (1, True)
    assert scene.desk.token("test", "--pin-file", new).code == 0


def test_a_weak_new_pin_costs_no_try_and_changes_nothing(scene: Scene) -> None:
    assert scene.enrol().code == 0
    weak = scene.desk.file("weak", "123456")

    refused = scene.desk.token("change-pin", "--pin-file", scene.pin_file(), "--new-pin-file", weak)

    assert (refused.code, "连续" in refused.err) == (1, True)
    assert scene.desk.token("test", "--pin-file", scene.pin_file()).code == 0


def test_changing_the_first_pin_by_hand_counts_as_the_change(scene: Scene) -> None:
    first = str(scene.desk.folder / f"{scene.serial}.pin")
    own = scene.desk.file("own", "Quince-2026")

    assert scene.desk.token("change-pin", "--pin-file", first, "--new-pin-file", own).code == 0

    arguments = scene.arguments()
    arguments[arguments.index("--pin-file") + 1] = own
    at = arguments.index("--new-pin-file")
    assert scene.desk.run("enroll", *arguments[:at], *arguments[at + 2 :]).code == 0
