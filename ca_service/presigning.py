"""OCSP answers signed ahead, as the configuration says: by this process, or by several at once.

All calls of the token module are made one after the other in a process (signing/token_sessions.py), so more cores sign
only in more processes. They get statuses and give answers back; this process alone reads and writes the database.
"""

import ctypes
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import ocsp
from ca_service.clock import Clock
from ca_service.config import Config
from ca_service.domain.errors import Unavailable
from ca_service.signing.ahead import Ahead, KeyAhead
from ca_service.wiring import Wiring
from ca_service.workflows.ports import AnswerSigner, KnownStatuses, SignedAhead
from ca_service.workflows.presign import Plan

_PR_SET_PDEATHSIG = 1
_HASHES = {"sha1": ocsp.HashAlgorithm.SHA1, "sha256": ocsp.HashAlgorithm.SHA256}


def plan(wiring: Wiring, issuer: str, *, batch: int = 1_000) -> Plan:
    """What this process signs ahead; each call is another holder."""
    ca = wiring.config.ca
    return Plan(issuer, ca.ocsp_presigned, ca.ocsp_presigned_hashes, wiring.services.new_id("P"), batch)


def answer_signer(wiring: Wiring, issuer: str, *, workers: int = 1) -> AnswerSigner:
    """Who signs ahead for an issuing CA."""
    ca = wiring.config.ca
    algorithms = [_HASHES[name] for name in ca.ocsp_presigned_hashes]
    ahead = Ahead(wiring.ca_certificates()[issuer], ca.ocsp_presigned, algorithms, ca.ocsp_archive)
    here = KeyAhead(ahead, wiring.ocsp_key(issuer), wiring.clock)
    return here if workers == 1 else Processes(here, wiring, issuer, workers)


class Processes:
    """Several processes with the same key: implements `ports.AnswerSigner`."""

    def __init__(self, here: KeyAhead, wiring: Wiring, issuer: str, workers: int) -> None:
        self._here, self._wiring, self._issuer, self._workers = here, wiring, issuer, workers

    def certificate(self) -> bytes:
        """See the port."""
        return self._here.certificate()

    def sign(self, known: Iterable[KnownStatuses]) -> Iterator[SignedAhead]:
        """See the port. Two batches a process are under way, so that none of them waits."""
        # Not forked: a child must not use its parent's token sessions.
        told = (self._wiring.config, self._wiring.clock, self._issuer, os.getpid())
        pool = ProcessPoolExecutor(self._workers, get_context("spawn"), _begin, told)
        waiting: deque[Future[SignedAhead]] = deque()
        try:
            for batch in known:
                waiting.append(pool.submit(_sign, batch))
                if len(waiting) > 2 * self._workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise Unavailable("预签的一个进程意外停止；已保存的应答有效，重新运行会接着签。") from error
        finally:
            pool.shutdown(cancel_futures=True)


_own: list[KeyAhead] = []


def _begin(config: Config, clock: Clock, issuer: str, parent: int) -> None:
    """In a child: end with the parent, leave Ctrl-C to it, open the token."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wiring = Wiring(config, clock=clock)
    signer = answer_signer(wiring, issuer)
    assert isinstance(signer, KeyAhead)  # noqa: S101
    _own.append(signer)


def _sign(known: KnownStatuses) -> SignedAhead:
    return _own[0].sign_batch(known)
