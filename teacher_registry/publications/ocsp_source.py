"""The CA's responder, asked for one certificate at a time, with a memory of at most the configured
staleness.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from teacher_registry.clock import Clock
from teacher_registry.publications.fetch import Fetch, UnavailableError
from teacher_registry.verification.ocsp_answer import Question, ResponderBusyError, ask_about, judge_answer
from teacher_registry.verification.revocation import Status, UntrustedAnswerError

_NONCE_OCTETS = 32
_MAX_REMEMBERED = 4096


@dataclass(frozen=True)
class _Remembered:
    status: Status
    asked_at: datetime


class OcspSource:
    """Status by OCSP.

    An answer is remembered for `max_age` counted from the moment of *asking*, so a freeze that the CA already
    knew when we asked is in it. `nonce_required` refuses answers without our nonce: it closes the replay of
    an older "good" by someone on the wire, and needs a responder that never serves prepared answers.
    """

    def __init__(
        self,
        url: str,
        issuing: x509.Certificate,
        *,
        fetch: Fetch,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        max_age: timedelta,
        nonce_required: bool,
    ) -> None:
        self._url = url
        self._issuing = issuing
        self._fetch = fetch
        self._clock = clock
        self._random_bytes = random_bytes
        self._max_age = max_age
        self._nonce_required = nonce_required
        self._lock = threading.Lock()
        self._memory: dict[int, _Remembered] = {}

    def status(self, certificate: x509.Certificate, *, fresh: bool) -> Status:
        """The status now; `fresh` asks even if an answer is remembered. `certificate` must be verified to be
        issued by `issuing`: the memory is by serial. Raises `UnavailableError` or `UntrustedAnswerError`."""
        return self.serial_status(certificate.serial_number, fresh=fresh)

    def serial_status(self, serial: int, *, fresh: bool) -> Status:
        """`status` of the certificate with this serial number that `issuing` is proven to have issued."""
        asked_at = self._clock()
        known = self._memory.get(serial)
        if known is not None and not fresh and timedelta(0) <= asked_at - known.asked_at < self._max_age:
            return known.status
        question = ask_about(serial, self._issuing, self._random_bytes(_NONCE_OCTETS))
        status = self._answer(question)
        with self._lock:
            if len(self._memory) >= _MAX_REMEMBERED:
                self._memory.clear()
            self._memory[serial] = _Remembered(status, asked_at)
        return status

    def stapled_status(self, serial: int, stapled: bytes) -> Status:
        """The status by an answer that came along with the certificate. It carries no nonce of ours, so its times
        alone say how old it is. Raises `UntrustedAnswerError`, also for "try later"."""
        question = ask_about(serial, self._issuing, None)
        try:
            return judge_answer(stapled, question, self._issuing, self._clock(), nonce_required=False)
        except ResponderBusyError as error:
            raise UntrustedAnswerError(f"stapled: {error}") from error

    def _answer(self, question: Question) -> Status:
        body = self._fetch.post(self._url, "application/ocsp-request", question.der)
        try:
            return judge_answer(body, question, self._issuing, self._clock(), nonce_required=self._nonce_required)
        except ResponderBusyError as error:
            raise UnavailableError(f"responder: {error}") from error
