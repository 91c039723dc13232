"""What people see when the CA cannot be heard, or something else speaks in its place: the pages, not the parts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.teacher_registry.authority import NOW, Authority, Identity
from tests.teacher_registry.conftest import JSON, Browser
from tests.teacher_registry.publication import Publication

HOUR = 3600
DAY = 24 * HOUR
UNKNOWN = "暂时无法确认证书状态"


def entered(browser: Browser) -> bool:
    """Whether the page of the unit opens; if not, the page says that the status is not known."""
    answer = browser.get("/")
    assert answer.status_code == 200 or UNKNOWN in answer.text
    return answer.status_code == 200


def exported(browser: Browser) -> bool:
    """Whether an export is made with a page that was opened before."""
    answer = browser.post("/export", data={"csrf_token": "", "reason": "核对在岗教师名单"})
    # Without a token a good certificate is told so; a certificate of unknown status does not come that far.
    return UNKNOWN not in answer.text


def test_a_disconnected_ca_is_believed_until_its_last_list_ends(browser: Browser, publication: Publication) -> None:
    publication.ocsp_up = False
    assert entered(browser)
    publication.crl_up = publication.root_crl_up = False
    publication.clock.pass_seconds(23 * HOUR)
    assert (entered(browser), exported(browser)) == (True, True)
    publication.clock.pass_seconds(1 * HOUR)
    assert not exported(browser)
    publication.clock.pass_seconds(2 * DAY)
    assert not entered(browser)
    publication.ocsp_up = publication.crl_up = publication.root_crl_up = True
    publication.clock.pass_seconds(16)
    assert (entered(browser), exported(browser)) == (True, True)


def test_a_registry_that_never_heard_the_ca_lets_nobody_in(browser: Browser, publication: Publication) -> None:
    publication.ocsp_up = publication.crl_up = publication.root_crl_up = False
    assert (entered(browser), exported(browser)) == (False, False)


def test_a_list_rolled_back_brings_no_frozen_certificate_back(
    browser: Browser, admin: Identity, publication: Publication
) -> None:
    publication.ocsp_up = False
    publication.crl_number = 7
    publication.freeze(admin)
    assert "证书已冻结" in browser.get("/").text
    publication.reasons, publication.crl_number = {}, 7
    publication.clock.pass_seconds(16)
    assert "证书已冻结" in browser.get("/").text
    publication.crl_number = 9
    publication.clock.pass_seconds(16)
    assert browser.get("/").status_code == 200


def test_another_signer_in_the_ca_s_place_closes_at_once(
    browser: Browser, stranger: Authority, publication: Publication
) -> None:
    assert entered(browser)
    publication.ocsp_signer = stranger.ocsp_signer
    publication.clock.pass_seconds(1)
    assert (entered(browser), exported(browser)) == (False, False)
    publication.ocsp_signer = None
    assert entered(browser)


@pytest.mark.parametrize("days", [2, -2])
def test_a_clock_two_days_off_lets_nobody_change_anything(
    browser: Browser, authority: Authority, publication: Publication, days: int
) -> None:
    """The CA goes on in true time; ours is off: every word of the CA is out of date, or from the future."""
    person = browser.as_(authority.administrator(not_before=NOW - timedelta(days=30)))
    assert entered(person)
    publication.true_time = publication.clock.now
    publication.clock.pass_seconds(days * DAY)
    assert (exported(person), entered(person)) == (False, False)


def test_a_refusal_says_the_same_to_a_program(browser: Browser, publication: Publication) -> None:
    publication.ocsp_up = publication.crl_up = False
    answer = browser.get("/accounts", headers=JSON)
    assert (answer.status_code, answer.get_json()["kind"]) == (403, "status-unknown")
    assert answer.content_type == "application/problem+json"
