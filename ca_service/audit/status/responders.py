"""The history against what is told over HTTP: OCSP answers, and the lists as they are fetched.

Changes go on while it is asked. So the histories are read before and after a batch of questions, and an answer may be
what held at any moment in between. What had changed before the first reading must be seen: asking begins only when the
responders' staleness bound has passed.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType

import httpx

from ca_service.audit.status.answers import CLOCKS_APART, Answer, Certids
from ca_service.audit.status.findings import GOOD, NEVER_ISSUED, Check, Disagreement, shown
from ca_service.audit.status.lists import Unreadable
from ca_service.audit.status.reader import Reader
from ca_service.audit.status.records import Records
from ca_service.audit.status.replay import Life, Moment, replay

_BATCH = 500
_TIMEOUT = 10.0
# Never issued: a serial number of ours begins with the bits 01, and has 16 octets.
_UNKNOWN_SERIAL = "3" + "0" * 31


@dataclass
class Responders:
    """The services that publish for one issuer, each by its base URL, e.g. http://127.0.0.1:8080.

    `bound`: seconds after which a responder must know of a change.
    """

    reader: Reader
    urls: Sequence[str]
    clock: Callable[[], datetime]
    bound: float
    sleep: Callable[[float], None] = time.sleep
    answers: int = 0
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=_TIMEOUT, trust_env=False))

    def __enter__(self) -> "Responders":
        """Keep connections until the block ends."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.client.close()

    def check_answers(self, records: Records, serials: Sequence[str]) -> Iterator[Disagreement]:
        """Ask every responder about these serial numbers, and about one that was never issued."""
        certids = Certids(records.ca)
        for start in range(0, len(serials), _BATCH):
            yield from self._batch(records.issuer, certids, serials[start : start + _BATCH])
        for url in self.urls:
            answer = self._ask(url, certids, _UNKNOWN_SERIAL)
            if isinstance(answer, Unreadable) or answer.problems or answer.word != NEVER_ISSUED:
                said = {"history": "never issued", f"OCSP {url}": _told(answer)}
                yield Disagreement(Check.ANSWER, records.issuer, said, _UNKNOWN_SERIAL)

    def _batch(self, issuer: str, certids: Certids, serials: Sequence[str]) -> Iterator[Disagreement]:
        first, _ = self.reader.lives(issuer, serials)
        self.sleep(self.bound)
        answers = [(url, serial, self._ask(url, certids, serial)) for serial in serials for url in self.urls]
        last, steps = self.reader.lives(issuer, serials)
        for url, serial, answer in answers:
            if isinstance(answer, Unreadable):
                yield Disagreement(Check.UNREADABLE, issuer, {f"OCSP {url}": str(answer)}, serial)
                continue
            life = replay(steps[serial])
            for problem in answer.problems:
                yield Disagreement(Check.ANSWER_FORM, issuer, {f"OCSP {url}": problem}, serial, since=life.since)
            why = _contradiction(life, answer, first, last)
            if why:
                said = {"history": why, f"OCSP {url}": f"{answer.word}, as of {shown(answer.this_update)}"}
                yield Disagreement(Check.ANSWER, issuer, said, serial, since=life.since)

    def _ask(self, url: str, certids: Certids, serial: str) -> Answer | Unreadable:
        headers = {"Content-Type": "application/ocsp-request"}
        try:
            got = self.client.post(f"{url}/ocsp", content=certids.request(serial), headers=headers)
            got.raise_for_status()
            answer = certids.read(serial, got.content, now=self.clock())
        except httpx.HTTPError as error:
            return Unreadable(f"{type(error).__name__}: {error}")
        except Unreadable as error:
            return error
        self.answers += 1
        return answer

    def check_copies(self, records: Records) -> Iterator[Disagreement]:
        """Fetch complete list and delta as relying parties do: octets of the table, and none older than was known."""
        newest = max((row.number for row in records.series), default=0)
        for url in self.urls:
            for path, column in ((f"/crl/{records.issuer}.crl", "der"), (f"/crl/delta/{records.issuer}.crl", "delta")):
                fetched = self._fetch(url + path)
                if isinstance(fetched, Unreadable):
                    yield Disagreement(Check.UNREADABLE, records.issuer, {url + path: str(fetched)})
                    continue
                # Another may have been published since the records were read.
                after = self.reader.read_lists(records.issuer, since=newest)
                if fetched not in [getattr(row, column) or b"" for row in after]:
                    said = {"table": f"lists from {newest} on", url + path: "something else"}
                    yield Disagreement(Check.COPY, records.issuer, said, number=newest)

    def _fetch(self, url: str) -> bytes | Unreadable:
        """The list; empty where there is none."""
        try:
            got = self.client.get(url)
            if got.status_code == httpx.codes.NOT_FOUND:
                return b""
            return got.raise_for_status().content
        except httpx.HTTPError as error:
            return Unreadable(f"{type(error).__name__}: {error}")


def _contradiction(life: Life, answer: Answer, first: int, last: int) -> str:
    """What the history says where the answer is none that could be given between the versions `first` and `last`."""
    before = life.at(first)
    could: Sequence[Moment | None] = [before, *life.between(first, last)]
    words = [moment.word if moment else GOOD for moment in could]
    if answer.word not in words:
        return " or ".join(map(str, dict.fromkeys(words)))
    earliest = min((m.at for m, word in zip(could, words, strict=True) if m and word == answer.word), default=None)
    if None not in could and earliest and answer.this_update + CLOCKS_APART < earliest.replace(microsecond=0):
        return f"{answer.word} since {shown(earliest)} only"
    return ""


def _told(answer: Answer | Unreadable) -> str:
    if isinstance(answer, Unreadable):
        return str(answer)
    return "; ".join([str(answer.word), *answer.problems])
