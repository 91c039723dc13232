"""Octets that somebody has been at: arbitrary ones, and valid inputs damaged in every way that octets can be."""

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hypothesis import strategies as st

_LONGEST_ANSWER = 0.2  # seconds of this process, whatever else the machine does


@contextmanager
def answered_in_time(seconds: float = _LONGEST_ANSWER) -> Iterator[None]:
    """Fail where the block takes longer than so much processor time, 200 ms unless told.

    What others have left to collect is not its own work.
    """
    gc.disable()
    try:
        started = time.process_time()
        yield
        took = time.process_time() - started
    finally:
        gc.enable()
    assert took < seconds


@st.composite
def damaged(draw: st.DrawFn, samples: Sequence[bytes]) -> bytes:
    """One of the samples with up to four wounds: octets changed, cut out, put in, doubled, or taken from another."""
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 4))):
        at, length = draw(st.integers(0, len(data))), draw(st.integers(0, 40))
        kind = draw(st.sampled_from(["change", "cut", "insert", "double", "splice", "end"]))
        if kind == "change" and at < len(data):
            data[at] = draw(st.sampled_from([0x00, 0x30, 0x7F, 0x80, 0x84, 0xFF])) if length % 2 else length
        elif kind == "cut":
            del data[at : at + length]
        elif kind == "insert":
            data[at:at] = draw(st.binary(max_size=8))
        elif kind == "double":
            data[at:at] = data[at : at + length]
        elif kind == "splice":
            other = draw(st.sampled_from(samples))
            data[at : at + length] = other[at : at + length]
        elif kind == "end":
            del data[at:]
    return bytes(data)


def anything(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Damaged samples mostly, and now and then octets that never were one."""
    return st.one_of(damaged(samples), damaged(samples), damaged(samples), st.binary(max_size=300))
