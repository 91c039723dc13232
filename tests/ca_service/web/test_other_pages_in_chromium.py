"""The pages that no walk of another test visits, as each role sees them: nothing cut off, nothing left in English."""

import getpass
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from ca_service.domain.campaigns import Campaign
from ca_service.domain.health import Pulse
from ca_service.domain.leases import TURN
from ca_service.domain.proposals import Proposal, ProposalKind, ProposalStatus
from ca_service.domain.roles import Role
from ca_service.domain.staff import Staff
from ca_service.domain.units import CENTRE_CODE
from ca_service.passwords import hash_password
from ca_service.wiring import Wiring
from ca_service.workflows import campaign, certificate_status, parcels
from ca_service.workflows.health import beat
from ca_service.workflows.leases import take
from ca_service.workflows.propagation import record_seen
from ca_service.workflows.publish_crl import publish_crl
from tests.ca_service.office import LEAGUE, Office, actor
from tests.ca_service.web.browser import chromium, served
from tests.ca_service.web.seen import look

# What a page looks like does not depend on the store.
pytestmark = [pytest.mark.parametrize("config", ["sqlite"], indirect=True), pytest.mark.timeout(180)]
PASSWORD = "correct horse battery"
_PAGES = {
    Role.REVIEWER: (
        "overview",
        "campaign",
        "campaign/late",
        "certificates",
        "certificates/orders",
        "enrolments",
        "messages",
    ),
    Role.CUSTODIAN: ("media", "media/T2", "media/unblocks", "media/reconciliation", "parcels", "dispatch-record"),
    Role.CA_ADMIN: ("campaign/settings", "status"),
    Role.SECURITY_ADMIN: ("overview", "staff", "proposals", "proposals/P1"),
    Role.AUDITOR: ("audit", "audit/8", "audit?act=certificates"),
}
# Logins, roles in logins, the operator's name on the machine, kinds of files, what is called so in Chinese too.
_LOGINS = (*(f"seen-{role.value}" for role in _PAGES), *(role.value for role in Role), "ca-admin", "security-admin")
_KNOWN = (*_LOGINS, getpass.getuser(), "test", "PIN", "csv", "txt", "xlsx", "UTC", "SHA", "OCSP", "CRL", "issuing")


@pytest.fixture
def office(wiring: Wiring) -> Office:
    """A person with a frozen certificate, another with a code, a token under way, a campaign, an account a role."""
    made = Office(wiring.services)
    services, now = made.services, made.services.clock()
    certificate_status.freeze(services, made.reviewer, made.enrolled().serial, reason="电话报失")
    holder, _ = made.handed_over("2")
    made.codes(holder)
    parcels.dispatch(services, made.custodian, parcels.Shipment([made.token("T3").serial], LEAGUE, "SF1234567890"))
    for number, part in enumerate(("publication", "publication", "console", "worker")):
        beat(services, Pulse(f"P{number}", part, now, now, f"192.0.2.{1 + number % 2}, {4700 + number}"))
    take(services, TURN, "P3", lifetime=timedelta(hours=1))
    measured = (
        (now - timedelta(minutes=n), {0.11 + 0.01 * (n % 9): 40, 0.31 + 0.02 * (n % 5): 1}) for n in range(1, 58)
    )
    record_seen(services, "issuing", measured)
    publish_crl(services, made.operator, "issuing")
    due = [now.date() + timedelta(days=days) for days in (-20, -5, 3, 9)]
    campaign.set_campaign(services, actor(Role.CA_ADMIN), Campaign("", "示范活动", *due))
    hashed, until = hash_password(PASSWORD), now + timedelta(days=6)
    content = {"name": "示范人员", "roles": "clerk,reviewer", "roles-before": "clerk", "unit-before": CENTRE_CODE}
    with services.begin() as uow:
        uow.staff.add_all(
            Staff(
                f"seen-{role.value}", "示范人员", CENTRE_CODE, frozenset({role}), hashed, False, True, services.clock()
            )
            for role in _PAGES
        )
        uow.proposals.add_all(
            Proposal(key, kind, subject, LEAGUE, "任命文号", ProposalStatus.PROPOSED, "local:test", now, until, content)
            for key, kind, subject in (
                ("P1", ProposalKind.STAFF_POST, "seen-reviewer"), ("P2", ProposalKind.CA_ROLL_OVER, "issuing"),
            )
        )  # fmt: skip
    return made


@pytest.fixture
def url(wiring: Wiring, office: Office) -> Iterator[str]:
    assert office.school
    with served(wiring) as address:
        yield address


def test_every_role_sees_its_pages_whole_and_in_chinese(url: str, tmp_path: Path) -> None:
    with chromium() as browser:
        for role, pages in _PAGES.items():
            page = browser.new_context(ignore_https_errors=True, base_url=url, locale="zh-CN").new_page()
            _sign_in(page, f"seen-{role.value}")
            for path in pages:
                page.goto(f"/{path}")
                look(page, tmp_path, f"console-{re.sub('[^a-z0-9]', '-', path)}", known=_KNOWN)


def _sign_in(page: Page, login: str) -> None:
    page.goto("/login")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/overview")
