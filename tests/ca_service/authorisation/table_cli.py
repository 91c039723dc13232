"""Every command of `educa`: a new one needs a line here (test_matrix.py fails without it). See table_http.py."""

import secrets
from collections.abc import Sequence

from ca_service.domain.roles import Action
from tests.ca_service.authorisation.entry import Command, Open, Where

_A = Action
_HERE, _PLACE, _ABOVE, _CENTRE = Where.HERE, Where.PLACE, Where.ABOVE, Where.CENTRE

COMMANDS: Sequence[Command] = (
    # Programs of the machine
    Command("init", Open.HERE_ONLY),
    Command("serve", Open.HERE_ONLY),
    Command("worker", Open.HERE_ONLY),
    Command("doctor", Open.HERE_ONLY),
    Command("restore", Open.HERE_ONLY),
    Command(
        "backup", _A.BACKUP, arguments=lambda p: [p.file("nothing.age"), "--recipient", "age1" + "q" * 58],
    ),
    Command("secrets show", _A.SECRETS_ROTATE),
    Command("secrets announce", _A.SECRETS_ROTATE),
    Command("secrets rotate", _A.SECRETS_ROTATE),
    Command("secrets remove", _A.SECRETS_ROTATE, arguments=lambda _: ["0" * 16, "--yes"]),
    # Units and staff
    Command("units import", _A.UNITS_IMPORT, arguments=lambda p: [p.file("units.csv")]),
    Command("units list", _A.UNITS_READ),
    Command("units show", _A.UNITS_READ, _PLACE, lambda p: [p.code]),
    Command("units history", _A.UNITS_READ, _PLACE, lambda p: [p.code]),
    Command("units cases", _A.UNITS_READ),
    Command("units rename", _A.UNITS_PROPOSE, _PLACE, lambda p: [p.code, "新名"]),
    Command("units move", _A.UNITS_PROPOSE, _PLACE, lambda p: [p.code, "150400"]),
    Command("units merge", _A.UNITS_PROPOSE, _PLACE, lambda p: [p.code, "150400"]),
    Command("units close", _A.UNITS_PROPOSE, _PLACE, lambda p: [p.code]),
    Command("units reopen", _A.UNITS_PROPOSE, _PLACE, lambda p: [p.code]),
    Command("units confirm", _A.UNITS_CONFIRM, _PLACE, lambda p: [p.unitcase, "--seen", "x"]),
    Command("units refuse", _A.UNITS_CONFIRM, _PLACE, lambda p: [p.unitcase, "--reason", "x"]),
    Command("units withdraw", _A.UNITS_PROPOSE, _PLACE, lambda p: [p.unitcase]),
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
    Command("registrations template", Open.EVERYBODY, arguments=lambda p: [p.file("template.xlsx")]),
    Command("registrations batches", _A.REGISTRATION_READ),
    Command("registrations marked", _A.REGISTRATION_SUBMIT, _PLACE, lambda p: [p.batch, p.file("marked.xlsx")]),
    Command("registrations undo", _A.REGISTRATION_UNDO, _PLACE, lambda p: [p.batch, "--reason", "x"]),
    Command("registrations conflicts", _A.REGISTRATION_READ),
    Command(
        "registrations settle", _A.REGISTRATION_REVIEW, _ABOVE,
        lambda p: [p.conflict, "--decision", "keep-both", "--reason", "x"],
    ),
    Command("holders list", _A.REGISTRATION_READ),
    Command("holders retention", _A.REGISTRATION_READ),
    Command("holders list", _A.REGISTRATION_READ, _PLACE, lambda p: ["--unit", p.code]),
    # Tokens and downloads
    Command("media register", _A.MEDIA_REGISTER, arguments=lambda _: ["T-NEW"]),
    Command("media initialise", _A.MEDIA_REGISTER, _PLACE, lambda p: [p.file(f"{p.medium}.json")]),
    Command("media dispatch", _A.MEDIA_MOVE, _PLACE, lambda p: [p.medium, "--to", p.code]),
    Command("media receive", _A.MEDIA_MOVE, _HERE, lambda p: [p.parcel]),
    Command("media hand-over", _A.MEDIA_MOVE, _PLACE, lambda p: [p.medium, "--holder", p.holder]),
    Command("media allocate", _A.MEDIA_MOVE, _PLACE, lambda p: [p.medium, "--holder", p.holder]),
    Command("media release", _A.MEDIA_MOVE, _PLACE, lambda p: [p.medium]),
    Command("media lost", _A.MEDIA_REPORT, _PLACE, lambda p: [p.medium, "--reason", "x"]),
    Command("media damaged", _A.MEDIA_REPORT, _PLACE, lambda p: [p.medium, "--reason", "x"]),
    Command("media found", _A.MEDIA_MOVE, _PLACE, lambda p: [p.medium]),
    Command("media destroy", _A.MEDIA_MOVE, _HERE, lambda p: [p.medium, "--witness", "x"]),
    Command("media parcels", _A.MEDIA_READ),
    Command(
        "media settle", _A.MEDIA_MOVE, _HERE,
        lambda p: [p.parcel, p.medium, "--outcome", "received", "--note", "x"],
    ),
    Command("media reconcile", _A.MEDIA_READ, _PLACE, lambda p: ["--unit", p.code]),
    Command("media list", _A.MEDIA_READ),
    Command("media report", _A.MEDIA_READ, _PLACE, lambda p: [p.medium]),
    Command("enrolments issue-code", _A.ENROLMENT_ISSUE_CODE, _PLACE, lambda p: [p.holder]),
    Command("enrolments list", _A.ENROLMENT_READ),
    # Certificates
    Command("certs list", _A.CERTIFICATE_READ),
    Command("certs show", _A.CERTIFICATE_READ, _PLACE, lambda p: [p.certificate]),
    Command("certs export", _A.CERTIFICATE_READ, _PLACE, lambda p: [p.certificate]),
    Command("certs history", _A.CERTIFICATE_READ, _PLACE, lambda p: [p.certificate]),
    Command("certs due", _A.CERTIFICATE_READ),
    Command("certs orders", _A.CERTIFICATE_READ),
    Command("certs confirm", _A.ORDER_CONFIRM, _PLACE, lambda p: [p.order]),
    Command("certs freeze", _A.CERTIFICATE_FREEZE, _PLACE, lambda p: [p.certificate, "--reason", "x"]),
    Command("certs unfreeze", _A.CERTIFICATE_CHANGE, _PLACE, lambda p: [p.certificate]),
    Command("certs revoke", _A.CERTIFICATE_CHANGE, _PLACE, lambda p: [p.certificate, "--reason", "x"]),
    Command("crl publish", _A.CRL_PUBLISH),
    Command("ocsp presign", _A.OCSP_PRESIGN, arguments=lambda _: ["--workers", "1"]),
    Command("crl show", Open.EVERYBODY),
    Command("crl refused", _A.CRL_READ),
    Command("crl override", _A.CRL_OVERRIDE, arguments=lambda _: ["--reason", "x", "--seen", "x"]),
    Command("crl confirm", _A.CRL_OVERRIDE_CONFIRM, arguments=lambda _: ["x", "--seen", "x"]),
    Command("crl withdraw", _A.CRL_OVERRIDE, arguments=lambda _: ["x"]),
    # Changes
    Command(
        "changes submit", _A.CHANGE_SUBMIT, _PLACE,
        lambda p: ["--holder", p.holder, "--kind", "unlock", "--scan", p.file("form.png"), "--explanation", "x"],
    ),
    Command("changes forward", _A.CHANGE_REVIEW, _HERE, lambda p: [p.submitted]),
    Command("changes return", _A.CHANGE_REVIEW, _HERE, lambda p: [p.submitted, "--reason", "x"]),
    Command("changes resubmit", _A.CHANGE_SUBMIT, _PLACE, lambda p: [p.change]),
    Command("changes decide", _A.CHANGE_DECIDE, _PLACE, lambda p: [p.change, "--refuse", "--reason", "x"]),
    Command("changes execute", _A.CHANGE_EXECUTE, _PLACE, lambda p: [p.change]),
    Command("changes list", _A.CHANGE_READ),
    # Hand-overs
    Command(
        "transfers begin", _A.CHANGE_SUBMIT, _PLACE,
        lambda p: ["--holder", p.holder, "--scan", p.file("form.png"), "--explanation", "x", "--opinion", "x"],
    ),
    Command("transfers adopt", _A.CHANGE_SUBMIT, _PLACE, lambda p: [p.change]),
    Command("transfers list", _A.CHANGE_READ),
    Command("transfers show", _A.CHANGE_READ, _PLACE, lambda p: [p.transfer]),
    Command("transfers successor", _A.CHANGE_SUBMIT, _PLACE, lambda p: [p.transfer, p.application]),
    Command("transfers execute", _A.CHANGE_EXECUTE, _PLACE, lambda p: [p.transfer]),
    Command("transfers give-up", _A.CHANGE_SUBMIT, _PLACE, lambda p: [p.transfer, "--reason", "x"]),
    # The CA itself
    Command("ca declare", _A.CA_DECLARE, arguments=lambda _: ["--ground", "x"]),
    Command("ca withdraw", _A.CA_DECLARE, _CENTRE, lambda _: ["compromise-1"]),
    Command("ca confirm", _A.CA_CONFIRM, _CENTRE, lambda _: ["compromise-1"]),
    Command("ca revoke", _A.CA_REVOKE, _CENTRE, lambda _: ["compromise-1"]),
    Command("ca roll-over", _A.CA_REVOKE),
    Command("ca activate", _A.CA_REVOKE, arguments=lambda _: ["issuing-9"]),
    Command("ca issuers", _A.CA_READ),
    Command(
        "ca split-pin", _A.CA_REVOKE,
        arguments=lambda _: ["--token", "issuing", "--needed", "1", "--custodians", "1"],
    ),
    Command("ca unlock", _A.CA_REVOKE),
    Command("ca lock", _A.CA_REVOKE),
    Command("ca key-backup", _A.CA_REVOKE, arguments=lambda _: ["key.age", "--token", "issuing"]),
    Command("ca key-restore", _A.CA_REVOKE, arguments=lambda _: ["key.age", "--token", "issuing", "--identity", "k"]),
    Command("ca list", _A.CA_READ),
    Command("ca affected", _A.CERTIFICATE_READ, arguments=lambda _: ["compromise-1"]),
    # Messages, the campaign
    Command("messages list", _A.MESSAGE_READ),
    Command("messages resend", _A.MESSAGE_RESEND, _PLACE, lambda p: [p.message]),
    Command("campaigns board", _A.CAMPAIGN_READ, _PLACE, lambda p: ["--unit", p.code]),
    Command("campaigns late", _A.CAMPAIGN_READ, _PLACE, lambda p: ["forms", "--unit", p.code]),
    Command("campaigns list", _A.CAMPAIGN_READ),
    Command(
        "campaigns set", _A.CAMPAIGN_SET,
        arguments=lambda _: [
            "x", "--starts", "2026-11-01", "--forms", "2026-11-12", "--push", "2026-11-13", "--tokens", "2026-11-16",
        ],
    ),
    # Audit
    Command("audit verify", _A.AUDIT_READ),
    Command("audit checkpoint", _A.AUDIT_CHECKPOINT),
    Command("audit export", _A.AUDIT_READ, arguments=lambda p: [p.file(f"{secrets.token_hex(4)}.jsonl")]),
    Command("audit prove", _A.AUDIT_READ, arguments=lambda _: ["1"]),
    Command("audit list", _A.AUDIT_READ),
    Command("audit list", _A.AUDIT_READ, _PLACE, lambda p: ["--unit", p.code, "--exact"]),
    Command("audit status", _A.AUDIT_READ, arguments=lambda _: ["--offline"]),
    # Paper
    Command(
        "registrations form", _A.REGISTRATION_UNMASK, _PLACE,
        lambda p: [p.application, "--output", p.file("form.pdf")],
    ),
    Command("registrations scans", _A.REGISTRATION_SUBMIT, arguments=lambda p: [p.file("form.png")]),
    Command("changes form", _A.REGISTRATION_UNMASK, _PLACE, lambda p: [p.change, "--output", p.file("form.pdf")]),
    # Unblock
    Command("media custody-key", _A.MEDIA_REGISTER),
    Command("media unblocks", _A.MEDIA_READ),
)  # fmt: skip
