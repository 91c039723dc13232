"""The bench "a morning" in small: everybody gets in, with a full handshake each. How fast, the bench says."""

from __future__ import annotations

from bench.registry_morning import ADMINISTRATORS, MORNING_SECONDS, run


def test_a_second_of_the_morning_refuses_nobody() -> None:
    count = ADMINISTRATORS // MORNING_SECONDS
    sign_ins, cpu = run(count, 1.0)
    assert [one.wrong for one in sign_ins] == [""] * count
    assert cpu > 0
