"""How often a key may be used in a second, so that one kind of use leaves room for the others on the same device."""

import math
import threading
import time
from collections.abc import Callable, Mapping

from ca_service.domain.errors import Busy
from ca_service.domain.key_use import Use
from ca_service.workflows.ports import Meter

_BURST_SECONDS = 2.0


class Bucket:
    """A token bucket: it holds what two seconds give, at least one, and is full at the beginning."""

    def __init__(self, per_second: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._monotonic = per_second, monotonic
        self._size = max(1.0, per_second * _BURST_SECONDS)
        self._left, self._at = self._size, monotonic()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take one and return 0, or return in how many seconds there will be one."""
        with self._lock:
            now = self._monotonic()
            self._left = min(self._size, self._left + max(0.0, now - self._at) * self._rate)
            self._at = now
            if self._left >= 1:
                self._left -= 1
                return 0.0
            return (1 - self._left) / self._rate


class Rates:
    """A bucket for each key and kind of use that has a limit, in this process."""

    def __init__(
        self, per_second: Mapping[Use, float], meter: Meter, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """A kind that is absent, or has the rate 0, is not limited."""
        self._per_second = {use: rate for use, rate in per_second.items() if rate > 0}
        self._meter, self._monotonic = meter, monotonic
        self._buckets: dict[tuple[str, Use], Bucket] = {}
        self._lock = threading.Lock()

    def take(self, key: str, use: Use) -> None:
        """Count one use of the key; raise Busy when it is over its rate."""
        rate = self._per_second.get(use)
        if rate is None:
            return
        with self._lock:
            bucket = self._buckets.setdefault((key, use), Bucket(rate, monotonic=self._monotonic))
        wait = bucket.take()
        if wait:
            self._meter.token_refused("rate")
            raise Busy(
                "当前办理的人较多，已达到签发密钥每秒使用次数的上限，没有签发或更改任何内容。请稍候重试。",
                facts={"retry_after": math.ceil(wait)},
            )
