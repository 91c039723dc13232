"""What is worked out of measured times: nothing better than it was."""

from datetime import UTC, datetime, timedelta

import pytest

from ca_service.domain.propagation import Lag, Reach, by_minute, seconds_since, spread

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def _ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("waited", "counted"), [(0.0, 0.0), (0.001, 0.01), (0.25, 0.25), (0.2501, 0.26), (1.0, 1.0), (61.004, 61.01)]
)
def test_a_time_is_rounded_up_to_a_hundredth(waited: float, counted: float) -> None:
    assert seconds_since([_ago(waited)], NOW) == {counted: 1}


def test_many_changes_at_once_make_few_times() -> None:
    assert seconds_since([_ago(0.1 + number / 1_000_000) for number in range(5_000)], NOW) == {0.1: 1, 0.11: 4_999}


def test_a_clock_that_is_behind_sees_no_negative_time() -> None:
    assert seconds_since([_ago(-3)], NOW) == {0.0: 1}


def test_nothing_measured_has_no_spread() -> None:
    assert spread({}) is None


def test_percentiles_are_times_that_were_measured_by_the_nearest_rank() -> None:
    found = spread({0.1: 98, 0.5: 1, 9.0: 1})
    assert found is not None
    assert (found.changes, found.half, found.p99, found.worst) == (100, 0.1, 0.5, 9.0)
    alone = spread({0.3: 1})
    assert alone is not None
    assert (alone.half, alone.p99, alone.worst) == (0.3, 0.3, 0.3)


def test_one_slow_change_in_fifty_is_the_p99() -> None:
    found = spread({0.1: 49, 7.0: 1})
    assert found is not None
    assert found.p99 == 7.0


def test_minutes_are_kept_apart() -> None:
    lags = [Lag(f"L{seconds}", "issuing", Reach.OCSP, _ago(seconds), seconds, 1) for seconds in (5.0, 65.0, 70.0)]
    found = {minute.minute: (one.changes, one.worst) for minute, one in by_minute(lags).items()}
    assert found == {58: (2, 70.0), 59: (1, 5.0)}
