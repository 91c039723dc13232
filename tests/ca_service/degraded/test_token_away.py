"""The tokens' folder is moved away under the running service, and back: what answers meanwhile, over real HTTP."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from ca_service.config import Config
from ca_service.domain.certificates import CertificateStatus
from ca_service.domain.crls import CrlStatus
from ca_service.workflows.certificate_status import freeze
from tests.ca_service.degraded.client import Client
from tests.ca_service.telemetry.running import Running, Scrape, running, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Seen:
    """What was seen while the token was away, and after it had come back."""

    refused: httpx.Response
    again: httpx.Response
    kept: str
    unasked: str
    crl: httpx.Response
    page: httpx.Response
    pushed: bool
    ready: httpx.Response
    doctor: Mapping[str, Any]
    scrape: Scrape
    log: str
    left: Mapping[str, int]
    fetched: httpx.Response
    unasked_after: str
    ready_after: str
    scrape_after: Scrape


@pytest.fixture(scope="module")
def client(founded: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(founded, tmp_path_factory.mktemp("away"), workers=1) as service:
        made = Client(service)
        yield made
        made.close()


@pytest.fixture(scope="module")
def seen(client: Client) -> Seen:
    service, office = client.service, client.service.office
    asked_before, never_asked = office.enrolled("1"), office.enrolled("2")
    holder, token = office.handed_over("3")
    download = client.begin(token, office.codes(holder))
    assert client.status_of(asked_before) == "GOOD"
    tokens = client.home / "tokens"
    tokens.rename(client.home / "elsewhere")
    # A change that wants a new list, which cannot be signed; OCSP tells it as soon as the key is back.
    freeze(office.services, office.reviewer, never_asked.serial, reason="电话报失")
    wait_for(lambda: "warning: token" in client.published.get("/readyz").text, "the outage is noticed", seconds=30)
    away: dict[str, Any] = {
        "refused": client.fetch(download),
        "again": client.fetch(download),
        "kept": client.status_of(asked_before),
        "unasked": [client.status_of(never_asked) for _ in range(20)][-1],
        "crl": client.published.get("/crl/issuing.crl"),
        "page": client.console.get("/login"),
        "pushed": bool(office.push([office.person("A9")])),
        "ready": client.console.get("/readyz"),
        "doctor": client.doctor(),
        "scrape": service.scrape_until(lambda now: now("educa_hsm_up", token="educa-issuing") == 0),
        "log": service.log.read_text(encoding="utf-8"),
        "left": _left(service),
    }
    (client.home / "elsewhere").rename(tokens)
    wait_for(lambda: "warning: token" not in client.published.get("/readyz").text, "the token is found again")
    return Seen(
        **away,
        fetched=client.fetch(download),
        unasked_after=client.status_of(never_asked),
        ready_after=client.console.get("/readyz").text,
        scrape_after=service.scrape_until(lambda now: now("educa_hsm_up", token="educa-issuing") == 1),
    )


def _left(service: Running) -> Mapping[str, int]:
    with service.office.services.read() as uow:
        return {
            "signing": uow.certificates.count(status=CertificateStatus.SIGNING),
            "revoked": uow.certificates.count(status=CertificateStatus.REVOKED),
            "given up": uow.crls.count(status=CrlStatus.GIVEN_UP),
        }


def test_a_download_is_told_in_chinese_to_come_back_and_when(seen: Seen) -> None:
    for answer in (seen.refused, seen.again):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert (problem["kind"], problem["retry_after"]) == ("unavailable", 30)
        assert "没有签发任何内容" in problem["detail"]


def test_an_outage_leaves_no_serial_to_revoke_and_no_number_to_skip(seen: Seen) -> None:
    assert (seen.left["signing"], seen.left["revoked"]) == (0, 0)
    # The worker may have been at a list in that very moment; it tries twice a second, and takes no further number.
    assert seen.left["given up"] <= 1


def test_ocsp_tells_what_it_has_and_of_the_rest_to_try_later(seen: Seen) -> None:
    assert (seen.kept, seen.unasked) == ("GOOD", "TRY_LATER")


def test_lists_pages_and_registrations_go_on(seen: Seen) -> None:
    assert (seen.crl.status_code, seen.page.status_code, seen.pushed) == (200, 200, True)
    assert "登录" in seen.page.text


def test_ready_says_what_is_degraded_and_stays_in_service(seen: Seen) -> None:
    assert seen.ready.status_code == 200
    assert seen.ready.text.startswith("ready\nwarning: token educa-issuing: ")
    assert "tryLater" in seen.ready.text


def test_the_doctor_says_what_works_what_does_not_and_how_to_mend_it(seen: Seen) -> None:
    row = seen.doctor["密钥设备"]
    assert not row["well"]
    assert all(word in row["found"] for word in ("educa-issuing", "暂停：证书下载", "照常：登录"))
    assert "自动重新登录" in row["mend"]


def test_a_flood_of_questions_leaves_a_trace_a_minute_in_the_log(seen: Seen) -> None:
    # Twenty questions; on a slow machine they take more than a minute.
    assert 1 <= seen.log.count("the status source or the signer failed") < 6


def test_the_outage_is_measured(seen: Seen) -> None:
    assert seen.scrape("educa_hsm_errors_total", token="educa-issuing") > 0
    assert seen.scrape_after("educa_hsm_up", token="educa-issuing") == 1


def test_everything_works_again_without_a_restart(seen: Seen) -> None:
    assert seen.fetched.status_code == 200
    assert seen.fetched.json()["certificate"]
    assert seen.unasked_after == "REVOKED"
    assert seen.ready_after == "ready\n"
