"""A walk along the octets of a deed: each try is cut one place further on than the last, and the deed is done again.

A cut costs a connection, not a deed: the same deed goes on until the CA has noted its end, or it has borne many cuts;
then it is done without a cut, all sides are judged, and another one is begun. At the `edges`, where what one side
sends at once ends, each cut has a deed of its own: between them nothing becomes of the octets, on either side.
"""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.e2e.apart import Apart
from tests.e2e.deeds import Deed
from tests.e2e.struck_server import Running
from tests.token_provisioning.cutting_proxy import Passage, Way, Wire, wire_to
from tests.token_provisioning.soft_token import Result

_UNREACHABLE = "无法连接 CA 服务器"
# The helper's journal is read anew by each try.
_CUTS_OF_ONE_DEED = 150
# Signatures differ in length by a few octets from try to try.
_SLACK = 8


@dataclass
class Tally:
    """What a walk has come to: octets tried, tries that were cut, deeds that were ended and judged."""

    tried: int = 0
    cut: int = 0
    judged: int = 0


@dataclass
class Walk:
    """Along one deed at one server; `seed` says which cuts are abrupt."""

    deed: Deed
    server: Running
    wire: Wire
    apart: Apart
    seed: int
    tally: Tally = field(default_factory=Tally)
    _borne: int = 0

    def measure(self) -> Passage:
        """Do the deed once without a cut, to see how long it is."""
        self._begin()
        whole = self.wire.passage
        self._finish(self.deed.act(self.wire.address))
        return whole

    def along(self, way: Way, places: Iterable[int], *, alone: frozenset[int] = frozenset()) -> None:
        """Cut at each of these places in turn; those of `alone` in a deed of its own. In the end all is mended."""
        dice = random.Random(self.seed)
        self._begin()
        for octets in places:
            if self._borne and octets in alone:
                self._complete()
            self._try(way, octets, abrupt=dice.random() < 0.5)
            if self._borne >= (1 if octets in alone else _CUTS_OF_ONE_DEED):
                self._complete()
        self._complete(more=False)

    def _try(self, way: Way, octets: int, *, abrupt: bool) -> None:
        self.wire.cut(way, octets, abrupt=abrupt)
        self.tally.tried += 1
        ended = self.deed.act(self.wire.address)
        if ended.code == 0:
            # Nothing was left to cut, or only the farewell of TLS.
            self._finish(ended)
            self._begin()
            return
        assert self.wire.passage.broken, (way, octets, ended)
        assert _UNREACHABLE in ended.err, (way, octets, ended)
        self.tally.cut += 1
        self._borne += 1
        if self.deed.look():
            self._complete()

    def _complete(self, *, more: bool = True) -> None:
        """End the deed without a cut, and begin another one."""
        self.wire.mend()
        self._finish(self.deed.act(self.wire.address))
        if more:
            self._begin()

    def _finish(self, ended: Result) -> None:
        self.deed.judge("", ended)
        self.tally.judged += 1

    def _begin(self) -> None:
        self.deed.prepare()
        self.server.be_ahead(self.apart.ca.clock.passed)
        self.wire.mend()
        self._borne = 0


@contextmanager
def walking(apart: Apart, deed: Deed, *, seed: int, only_tls_1_2: bool = False) -> Iterator[Walk]:
    """A walk along this deed, at a server of its own."""
    with apart.serving(only_tls_1_2=only_tls_1_2) as server, wire_to(server.address) as wire:
        yield Walk(deed, server, wire, apart, seed)


def edges(whole: Passage, way: Way) -> frozenset[int]:
    """The ends of what one side sends at once, and the octet before each: there the other side has all but one."""
    return frozenset(end - before for at, end in whole.edges for before in (0, 1) if at is way)


def places(whole: Passage, way: Way, *, stride: int = 1, phase: int = 0) -> list[int]:
    """Every `stride`th octet, and all near the edges."""
    length = whole.passed[way] + _SLACK
    near = {end + beside for end in edges(whole, way) for beside in (0, 1)}
    return sorted({*range(phase, length, stride), *near})
