"""Every command of `educa`: a new one needs a line here (test_matrix.py fails without it). See table_http.py."""

from collections.abc import Sequence

from ca_service.domain.roles import Action
from tests.ca_service.authorisation.entry import Command, Open, Where

_A = Action
_HERE, _PLACE, _CENTRE = Where.HERE, Where.PLACE, Where.CENTRE

COMMANDS: Sequence[Command] = (
    # Programs of the machine
    Command("init", Open.HERE_ONLY),
    Command("serve", Open.HERE_ONLY),
    Command("worker", Open.HERE_ONLY),
    Command("doctor", Open.HERE_ONLY),
    # Units and staff
    Command("units import", _A.UNITS_IMPORT, arguments=lambda p: [p.file("units.csv")]),
    Command("units list", _A.UNITS_READ),
    Command(
        "staff add", _A.STAFF_MANAGE, _PLACE,
        lambda p: ["new-one", "--name", "新人", "--unit", p.code, "--role", "clerk"],
    ),
    Command("staff list", _A.STAFF_READ),
    Command("staff roles", _A.STAFF_MANAGE, _PLACE, lambda p: [p.clerk, "--role", "reviewer"]),
    Command("staff disable", _A.STAFF_MANAGE, _PLACE, lambda p: [p.clerk]),
    Command("staff enable", _A.STAFF_MANAGE, _PLACE, lambda p: [p.clerk]),
    Command("staff reset", _A.STAFF_MANAGE, _PLACE, lambda p: [p.clerk]),
    Command("staff reset", _A.STAFF_RESCUE, _CENTRE, lambda _: ["an-auditor"]),
    # Applications and persons
    Command(
        "registrations import", _A.REGISTRATION_SUBMIT, _PLACE,
        lambda p: [p.file("nothing.xlsx"), "--unit", p.code, "--scan", p.file("form.png")],
    ),
    Command("registrations list", _A.REGISTRATION_READ),
    Command("registrations submit", _A.REGISTRATION_SUBMIT, _PLACE, lambda p: [p.application]),
    Command("registrations forward", _A.REGISTRATION_REVIEW, _HERE, lambda p: [p.waiting]),
    Command("registrations return", _A.REGISTRATION_REVIEW, _HERE, lambda p: [p.waiting, "--reason", "x"]),
    Command("registrations approve", _A.REGISTRATION_REVIEW, _HERE, lambda p: [p.waiting]),
    Command("holders list", _A.REGISTRATION_READ),
    Command("holders list", _A.REGISTRATION_READ, _PLACE, lambda p: ["--unit", p.code]),
    # Tokens and downloads
    Command("media register", _A.MEDIA_REGISTER, arguments=lambda _: ["T-NEW"]),
    Command("media initialise", _A.MEDIA_REGISTER, _PLACE, lambda p: [p.file(f"{p.medium}.json")]),
    Command("media dispatch", _A.MEDIA_MOVE, _PLACE, lambda p: [p.medium, "--to", p.code]),
    Command("media receive", _A.MEDIA_MOVE, _HERE, lambda p: [p.parcel]),
    Command("media hand-over", _A.MEDIA_MOVE, _PLACE, lambda p: [p.medium, "--holder", p.holder]),
    Command("media list", _A.MEDIA_READ),
    Command("media report", _A.MEDIA_READ, _PLACE, lambda p: [p.medium]),
    Command("enrolments issue-code", _A.ENROLMENT_ISSUE_CODE, _PLACE, lambda p: [p.holder]),
    Command("enrolments list", _A.ENROLMENT_READ),
    # Certificates
    Command("certs list", _A.CERTIFICATE_READ),
    Command("certs show", _A.CERTIFICATE_READ, _PLACE, lambda p: [p.certificate]),
    Command("certs export", _A.CERTIFICATE_READ, _PLACE, lambda p: [p.certificate]),
    Command("certs freeze", _A.CERTIFICATE_CHANGE, _PLACE, lambda p: [p.certificate, "--reason", "x"]),
    Command("certs unfreeze", _A.CERTIFICATE_CHANGE, _PLACE, lambda p: [p.certificate]),
    Command("certs revoke", _A.CERTIFICATE_CHANGE, _PLACE, lambda p: [p.certificate, "--reason", "x"]),
    Command("crl publish", _A.CRL_PUBLISH),
    Command("crl show", Open.EVERYBODY),
    # Changes
    Command(
        "changes submit", _A.CHANGE_SUBMIT, _PLACE,
        lambda p: ["--holder", p.holder, "--kind", "unlock", "--scan", p.file("form.png"), "--explanation", "x"],
    ),
    Command("changes decide", _A.CHANGE_DECIDE, _PLACE, lambda p: [p.change, "--refuse", "--reason", "x"]),
    Command("changes execute", _A.CHANGE_EXECUTE, _PLACE, lambda p: [p.change]),
    Command("changes list", _A.CHANGE_READ),
    # Audit
    Command("audit verify", _A.AUDIT_READ),
    # Unblock
    Command("media custody-key", _A.MEDIA_REGISTER),
    Command("media unblocks", _A.MEDIA_READ),
)  # fmt: skip
