"""Every endpoint: a new route needs a line here (test_matrix.py fails without it).

A line says: method, endpoint, what it needs (an Action of the policy, several, or one of Open), for which unit it is
asked, and how address and form are made for the things of a unit. The arguments must be good enough to reach the
question of rights: what is wrong with them otherwise does not matter.
"""

from collections.abc import Sequence

from ca_service.domain.roles import Action, Role
from tests.ca_service.authorisation.entry import Open, Route, Where

_A = Action
_HERE, _PLACE, _ABOVE, _CENTRE = Where.HERE, Where.PLACE, Where.ABOVE, Where.CENTRE

CONSOLE: Sequence[Route] = (
    # The portal and signing in
    Route("GET", "console.portal.home", Open.EVERYBODY),
    Route("GET", "console.portal.login", Open.EVERYBODY),
    Route("POST", "console.portal.login", Open.EVERYBODY),
    Route("GET", "console.static", Open.EVERYBODY, path=lambda _: {"filename": "console.css"}),
    Route("GET", "static", Open.EVERYBODY, path=lambda _: {"filename": "nothing"}),
    Route("POST", "console.portal.login_by_certificate", Open.EVERYBODY),
    Route("POST", "console.portal.logout", Open.SIGNED_IN),
    Route("GET", "console.portal.overview", (_A.REGISTRATION_READ, _A.MEDIA_READ, _A.CERTIFICATE_READ)),
    # The own account
    Route("GET", "console.portal.password", Open.SIGNED_IN),
    Route("POST", "console.portal.password", Open.SIGNED_IN),
    Route("GET", "console.account.index", Open.SIGNED_IN),
    Route("POST", "console.account.request_certificate", Open.SIGNED_IN),
    Route("POST", "console.account.revoke_certificate", Open.SIGNED_IN, path=lambda p: {"serial": p.certificate}),
    Route("POST", "console.account.end_others", Open.SIGNED_IN),
    Route("GET", "console.account.identity", Open.SIGNED_IN),
    Route("POST", "console.account.identity", Open.SIGNED_IN),
    Route("GET", "console.second_factor.verify", Open.SIGNED_IN),
    Route("POST", "console.second_factor.verify", Open.SIGNED_IN),
    Route("GET", "console.second_factor.totp", Open.SIGNED_IN),
    Route("POST", "console.second_factor.totp", Open.SIGNED_IN),
    Route("POST", "console.second_factor.verify_passkey", Open.SIGNED_IN),
    Route("GET", "console.second_factor.passkey", Open.SIGNED_IN),
    Route("POST", "console.second_factor.passkey", Open.SIGNED_IN),
    Route("POST", "console.second_factor.remove_passkey", Open.SIGNED_IN, path=lambda _: {"passkey_id": "x"}),
    Route("POST", "console.second_factor.recovery_codes", Open.SIGNED_IN),
    # Applications
    Route("GET", "console.applications.index", _A.REGISTRATION_READ),
    Route(
        "GET", "console.applications.show", _A.REGISTRATION_READ, _PLACE, lambda p: {"application_id": p.application}
    ),
    Route(
        "GET", "console.applications.scan", _A.REGISTRATION_UNMASK, _PLACE, lambda p: {"application_id": p.application}
    ),
    Route(
        "POST", "console.applications.decide", _A.REGISTRATION_REVIEW, _HERE,
        lambda p: {"application_id": p.waiting},
        lambda _: {"act": "return", "reason": "x", "seen": "0" * 64},
    ),
    Route("GET", "console.person_form.new", _A.REGISTRATION_SUBMIT),
    Route("POST", "console.person_form.submit", _A.REGISTRATION_SUBMIT, form=lambda p: {"UNIT": p.code}),
    Route(
        "GET", "console.person_form.edit", _A.REGISTRATION_SUBMIT, _PLACE, lambda p: {"application_id": p.application}
    ),
    Route(
        "POST", "console.person_form.resubmit", _A.REGISTRATION_SUBMIT, _PLACE,
        lambda p: {"application_id": p.application}, lambda _: {"seen": "x"},
    ),
    # Uploads and batches
    Route("GET", "console.imports.form", _A.REGISTRATION_SUBMIT),
    Route(
        "POST", "console.imports.examine", _A.REGISTRATION_SUBMIT, _PLACE,
        form=lambda p: {"unit": p.code, "sheet": p.upload("nothing.xlsx"), "scan": p.upload("form.png")},
    ),
    Route("GET", "console.imports.template", Open.SIGNED_IN),
    Route("GET", "console.imports.draft", _A.REGISTRATION_SUBMIT, _PLACE, lambda p: {"draft_id": p.draft}),
    Route(
        "POST", "console.imports.decide", _A.REGISTRATION_SUBMIT, _PLACE, lambda p: {"draft_id": p.draft},
        lambda _: {"act": "drop"},
    ),
    Route("GET", "console.imports.marked", _A.REGISTRATION_SUBMIT, _PLACE, lambda p: {"draft_id": p.draft}),
    Route("GET", "console.batches.index", _A.REGISTRATION_READ),
    Route("GET", "console.batches.show", _A.REGISTRATION_READ, _PLACE, lambda p: {"batch_id": p.batch}),
    Route("GET", "console.batches.marked", _A.REGISTRATION_SUBMIT, _PLACE, lambda p: {"batch_id": p.batch}),
    Route(
        "POST", "console.batches.undo", _A.REGISTRATION_UNDO, _PLACE, lambda p: {"batch_id": p.batch},
        lambda _: {"reason": "x", "seen": "taken"},
    ),
    # The reviewer's queue, conflicts
    Route("GET", "console.review.queue", _A.REGISTRATION_REVIEW),
    Route(
        "POST", "console.review.decide", _A.REGISTRATION_REVIEW, _HERE,
        form=lambda p: {"shown": f"{p.waiting}:{'0' * 64}", "pass": p.waiting},
    ),
    Route("GET", "console.review.conflicts", _A.REGISTRATION_READ),
    Route("GET", "console.review.conflict", _A.REGISTRATION_READ, _PLACE, lambda p: {"case_id": p.conflict}),
    Route(
        "POST", "console.review.settle", _A.REGISTRATION_REVIEW, _ABOVE, lambda p: {"case_id": p.conflict},
        lambda _: {"decision": "keep-both", "reason": "x", "seen_first": "0" * 64, "seen_second": "0" * 64},
    ),
    # The state of the service
    Route("GET", "console.status.index", _A.STATUS_READ),
    Route("GET", "console.status.figures", _A.STATUS_READ),
    # Certificates
    Route("GET", "console.certificates.index", _A.CERTIFICATE_READ),
    Route("GET", "console.certificates.due", _A.CERTIFICATE_READ),
    Route("GET", "console.certificates.show", _A.CERTIFICATE_READ, _PLACE, lambda p: {"serial": p.certificate}),
    Route(
        "POST", "console.certificates.change", _A.CERTIFICATE_FREEZE, _PLACE, lambda p: {"serial": p.certificate},
        lambda _: {"act": "freeze", "reason": "x", "seen": "active"},
    ),
    Route(
        "POST", "console.certificates.change", _A.CERTIFICATE_CHANGE, _PLACE, lambda p: {"serial": p.certificate},
        lambda _: {"act": "revoke", "reason": "x", "crl_reason": "UNSPECIFIED", "seen": "active"},
    ),
    Route("GET", "console.certificates.orders", _A.CERTIFICATE_READ),
    Route("POST", "console.certificates.confirm", _A.ORDER_CONFIRM, _PLACE, lambda p: {"order_id": p.order}),
    # Downloads
    Route("GET", "console.enrolments.index", _A.ENROLMENT_READ),
    Route("POST", "console.enrolments.issue", _A.ENROLMENT_ISSUE_CODE, _PLACE, form=lambda p: {"holder": p.holder}),
    # Changes
    Route("GET", "console.changes.index", _A.CHANGE_READ),
    Route("GET", "console.changes.find", _A.CHANGE_SUBMIT),
    Route("POST", "console.changes.find", _A.CHANGE_SUBMIT, form=lambda _: {"words": "x"}),
    Route("GET", "console.changes.start", _A.CHANGE_SUBMIT, _PLACE, lambda p: {"holder_id": p.holder}),
    Route("GET", "console.changes.show", _A.CHANGE_READ, _PLACE, lambda p: {"change_id": p.change}),
    Route("GET", "console.changes.scan", _A.REGISTRATION_UNMASK, _PLACE, lambda p: {"change_id": p.change}),
    Route(
        "POST", "console.changes.review", _A.CHANGE_REVIEW, _HERE, lambda p: {"change_id": p.submitted},
        lambda _: {"act": "return", "reason": "x", "seen": "0" * 64},
    ),
    Route(
        "POST", "console.changes.submit", _A.CHANGE_SUBMIT, _PLACE,
        form=lambda p: {"kind": "unlock", "holder": p.holder, "explanation": "x", "scan": p.upload("form.png")},
    ),
    Route(
        "POST", "console.changes.decide", _A.CHANGE_DECIDE, _PLACE, lambda p: {"change_id": p.change},
        lambda _: {"decision": "refuse", "reason": "x", "seen": "submitted"},
    ),
    Route(
        "POST", "console.changes.execute", _A.CHANGE_EXECUTE, _PLACE, lambda p: {"change_id": p.change},
        lambda _: {"seen": "submitted"},
    ),
    # Hand-overs
    Route("GET", "console.transfers.index", _A.CHANGE_READ),
    Route("GET", "console.transfers.start", _A.CHANGE_SUBMIT, _PLACE, lambda p: {"holder_id": p.holder}),
    Route(
        "POST", "console.transfers.begin", _A.CHANGE_SUBMIT, _PLACE,
        form=lambda p: {"holder": p.holder, "explanation": "x", "opinion": "x", "scan": p.upload("form.png")},
    ),
    Route("POST", "console.transfers.begin", _A.CHANGE_SUBMIT, _PLACE, form=lambda p: {"change": p.change}),
    Route("GET", "console.transfers.show", _A.CHANGE_READ, _PLACE, lambda p: {"transfer_id": p.transfer}),
    Route(
        "POST", "console.transfers.successor", _A.CHANGE_SUBMIT, _PLACE, lambda p: {"transfer_id": p.transfer},
        lambda p: {"application": p.application},
    ),
    Route("POST", "console.transfers.execute", _A.CHANGE_EXECUTE, _PLACE, lambda p: {"transfer_id": p.transfer}),
    Route(
        "POST", "console.transfers.give_up", _A.CHANGE_SUBMIT, _PLACE, lambda p: {"transfer_id": p.transfer},
        lambda _: {"reason": "x"},
    ),
    # Tokens
    Route("GET", "console.media.index", _A.MEDIA_READ),
    Route("GET", "console.media.find", _A.MEDIA_READ, _PLACE, lambda p: {"serial": p.medium}),
    Route("GET", "console.media.history", _A.MEDIA_READ, _PLACE, lambda p: {"serial": p.medium}),
    *(
        Route(
            "POST", "console.media.act", needs, where, lambda p: {"serial": p.medium},
            lambda p, act=act: {  # type: ignore[misc]
                "act": act, "holder": p.holder, "reason": "x", "witness": "x", "seen": f"initialised/{p.code}",
            },
        )
        for act, needs, where in (
            ("allocate", _A.MEDIA_MOVE, _PLACE),
            ("release", _A.MEDIA_MOVE, _PLACE),
            ("hand-over", _A.MEDIA_MOVE, _PLACE),
            ("lost", _A.MEDIA_REPORT, _PLACE),
            ("damaged", _A.MEDIA_REPORT, _PLACE),
            ("locked", _A.MEDIA_REPORT, _PLACE),
            ("found", _A.MEDIA_MOVE, _PLACE),
            ("destroy", _A.MEDIA_MOVE, _HERE),
        )
    ),
    Route("GET", "console.media.unblocks", _A.MEDIA_READ),
    Route("POST", "console.media.ask_again", _A.CHANGE_SUBMIT, _PLACE, lambda p: {"release_id": p.release}),
    Route("POST", "console.media.release_again", _A.CHANGE_EXECUTE, _PLACE, lambda p: {"release_id": p.release}),
    Route("POST", "console.media.register", _A.MEDIA_REGISTER, form=lambda _: {"serials": "T-NEW", "model": "x"}),
    Route("GET", "console.media.reconcile", _A.MEDIA_READ, _PLACE, lambda p: {"unit": p.code}),
    Route("GET", "console.parcels.index", _A.MEDIA_READ),
    Route("GET", "console.parcels.show", _A.MEDIA_READ, _PLACE, lambda p: {"parcel_id": p.parcel}),
    Route(
        "POST", "console.parcels.dispatch", _A.MEDIA_MOVE, _PLACE,
        form=lambda p: {"serials": p.medium, "to": p.code, "courier": "x", "seal": "x"},
    ),
    Route(
        "POST", "console.parcels.receive", _A.MEDIA_MOVE, _HERE, lambda p: {"parcel_id": p.parcel},
        lambda _: {"seen": "sent"},
    ),
    Route(
        "POST", "console.parcels.settle", _A.MEDIA_MOVE, _HERE, lambda p: {"parcel_id": p.parcel},
        lambda p: {"outcome": "received", "serial": p.medium, "note": "x"},
    ),
    Route("GET", "console.sheets.index", _A.MEDIA_READ),
    Route("POST", "console.sheets.prepare", _A.MEDIA_MOVE),
    Route("POST", "console.sheets.print_", _A.MEDIA_MOVE, _HERE, lambda p: {"sheet_id": p.sheet}),
    Route(
        "POST", "console.sheets.sign", _A.MEDIA_MOVE, _HERE, lambda p: {"sheet_id": p.sheet},
        lambda p: {"scan": p.upload("form.png")},
    ),
    Route("POST", "console.sheets.signed", _A.MEDIA_MOVE, _HERE, lambda p: {"sheet_id": p.sheet}),
    Route("POST", "console.sheets.export", _A.MEDIA_MOVE),
    # Messages, the campaign
    Route("GET", "console.messages.index", _A.MESSAGE_READ),
    Route("POST", "console.messages.resend", _A.MESSAGE_RESEND, _PLACE, lambda p: {"message_id": p.message}),
    Route("GET", "console.campaign.index", _A.CAMPAIGN_READ, _PLACE, lambda p: {"unit": p.code}),
    Route("GET", "console.campaign.late", _A.CAMPAIGN_READ, _PLACE, lambda p: {"unit": p.code}),
    Route("GET", "console.campaign.sheet", _A.CAMPAIGN_READ, _PLACE, lambda p: {"unit": p.code}),
    Route("GET", "console.campaign.settings", _A.CAMPAIGN_READ),
    Route(
        "POST", "console.campaign.settings", _A.CAMPAIGN_SET,
        form=lambda _: {
            "name": "x", "starts_on": "2026-11-01", "forms_due": "2026-11-12", "push_due": "2026-11-13",
            "tokens_due": "2026-11-16",
        },
    ),
    # Units and the roster of responsible persons
    Route("GET", "console.units.index", _A.UNITS_READ, _PLACE, lambda p: {"at": p.code}),
    Route("GET", "console.units.show", _A.UNITS_READ, _PLACE, lambda p: {"code": p.code}),
    Route(
        "POST", "console.units.correct", _A.UNITS_IMPORT, _PLACE, lambda p: {"code": p.code}, lambda _: {"ground": "x"}
    ),
    Route("GET", "console.units.new", _A.UNITS_IMPORT),
    Route("POST", "console.units.new", _A.UNITS_IMPORT, form=lambda p: {"kind": "学校", "parent": p.code}),
    Route("GET", "console.units.import_", _A.UNITS_IMPORT),
    Route("POST", "console.units.import_", _A.UNITS_IMPORT, form=lambda p: {"sheet": p.upload("units.csv")}),
    Route("GET", "console.unit_cases.index", _A.UNITS_READ),
    Route("GET", "console.unit_cases.show", _A.UNITS_READ, _PLACE, lambda p: {"case_id": p.unitcase}),
    Route(
        "POST", "console.unit_cases.decide", _A.UNITS_CONFIRM, _PLACE, lambda p: {"case_id": p.unitcase},
        lambda _: {"act": "confirm", "seen": "x"},
    ),
    Route(
        "POST", "console.unit_cases.decide", _A.UNITS_CONFIRM, _PLACE, lambda p: {"case_id": p.unitcase},
        lambda _: {"act": "refuse", "reason": "x"},
    ),
    Route(
        "POST", "console.unit_cases.decide", _A.UNITS_PROPOSE, _PLACE, lambda p: {"case_id": p.unitcase},
        lambda _: {"act": "withdraw"},
    ),
    Route(
        "GET", "console.unit_cases.preview", _A.UNITS_PROPOSE, _PLACE,
        lambda p: {"code": p.code, "act": "rename", "name": "新名", "look": "1"},
    ),
    Route(
        "POST", "console.unit_cases.propose", _A.UNITS_PROPOSE, _PLACE, lambda p: {"code": p.code, "act": "rename"},
        lambda _: {"name": "新名", "seen": "x", "ground": "x"},
    ),
    # Erasing records past their time
    Route("GET", "console.erasures.index", _A.ERASURE_READ),
    Route("GET", "console.erasures.due", _A.ERASURE_PROPOSE),
    Route("GET", "console.erasures.preview", _A.ERASURE_PROPOSE, path=lambda p: {"holder": p.holder}),
    Route(
        "POST", "console.erasures.propose", _A.ERASURE_PROPOSE, form=lambda p: {"holder": p.holder, "ground": "x"}
    ),
    Route("GET", "console.erasures.show", _A.ERASURE_READ, _CENTRE, lambda _: {"case_id": "erasure-1"}),
    Route("GET", "console.erasures.certificate", _A.ERASURE_READ, _CENTRE, lambda _: {"case_id": "erasure-1"}),
    Route(
        "POST", "console.erasures.decide", _A.ERASURE_CONFIRM, _CENTRE, lambda _: {"case_id": "erasure-1"},
        lambda _: {"act": "confirm", "seen": "x"},
    ),
    Route(
        "POST", "console.erasures.decide", _A.ERASURE_CONFIRM, _CENTRE, lambda _: {"case_id": "erasure-1"},
        lambda _: {"act": "refuse", "reason": "x"},
    ),
    Route(
        "POST", "console.erasures.decide", _A.ERASURE_PROPOSE, _CENTRE, lambda _: {"case_id": "erasure-1"},
        lambda _: {"act": "withdraw"},
    ),
    Route(
        "POST", "console.erasures.hold", _A.RECORDS_HOLD, _CENTRE,
        form=lambda p: {"holder": p.holder, "reason": "x"},
    ),
    Route(
        "POST", "console.erasures.lift", _A.RECORDS_LIFT, _CENTRE, lambda _: {"hold_id": "hold-1"},
        lambda _: {"reason": "x"},
    ),
    Route("GET", "console.roster.index", _A.ROSTER_READ),
    Route("GET", "console.roster.show", _A.ROSTER_READ, _PLACE, lambda p: {"code": p.code}),
    Route("POST", "console.roster.reveal", _A.ROSTER_UNMASK, _PLACE, lambda p: {"code": p.code}),
    Route(
        "POST", "console.roster.enter", _A.ROSTER_EDIT, _PLACE, lambda p: {"code": p.code},
        lambda _: {
            "duty": "leader", "name": "某某", "office": "办公室", "post": "主任", "office_phone": "0471-3000001",
            "mobile": "19900000001", "email": "one@example.com",
        },
    ),
    Route(
        "POST", "console.roster.remove", _A.ROSTER_EDIT, _PLACE, lambda p: {"code": p.code}, lambda _: {"person": "x"}
    ),
    Route("POST", "console.roster.export", _A.ROSTER_EXPORT, form=lambda _: {"reason": "x"}),
    Route("GET", "console.roster.import_", _A.ROSTER_EDIT),
    Route("POST", "console.roster.import_", _A.ROSTER_EDIT, form=lambda p: {"sheet": p.upload("nothing.xlsx")}),
    # Staff
    Route("GET", "console.staff.index", _A.STAFF_READ),
    Route(
        "POST", "console.staff.add", _A.STAFF_MANAGE, _PLACE,
        form=lambda p: {"login": "new-one", "name": "新人", "unit": p.code, "role": "clerk"},
    ),
    Route("GET", "console.staff.show", _A.STAFF_READ, _PLACE, lambda p: {"login": p.clerk}),
    Route(
        "POST", "console.staff.change", _A.STAFF_MANAGE, _PLACE, lambda p: {"login": p.clerk},
        lambda p: {"unit": p.code, "role": "reviewer"},
    ),
    Route("POST", "console.staff.disable", _A.STAFF_MANAGE, _PLACE, lambda p: {"login": p.clerk}),
    Route("POST", "console.staff.enable", _A.STAFF_MANAGE, _PLACE, lambda p: {"login": p.clerk}),
    Route("POST", "console.staff.reset", _A.STAFF_MANAGE, _PLACE, lambda p: {"login": p.clerk}),
    Route("POST", "console.staff.reset", _A.STAFF_RESCUE, _CENTRE, lambda _: {"login": "an-auditor"}),
    # What waits for a second person
    Route("GET", "console.proposals.index", _A.PROPOSAL_READ),
    Route(
        "POST", "console.proposals.release", _A.KEY_PROPOSE,
        form=lambda _: {"kind": "ca-roll-over", "subject": "issuing", "ground": "x"},
    ),
    Route("GET", "console.proposals.show", _A.PROPOSAL_READ, _CENTRE, lambda _: {"proposal_id": "proposal-staff"}),
    *(
        Route(
            "POST", "console.proposals.decide", needs, _CENTRE, lambda _, one=one: {"proposal_id": one},  # type: ignore[misc]
            lambda _, act=act: {"act": act, "reason": "x"},  # type: ignore[misc]
        )
        for one, act, needs in (
            ("proposal-staff", "confirm", _A.STAFF_CONFIRM), ("proposal-key", "confirm", _A.KEY_CONFIRM),
            ("proposal-rescue", "confirm", _A.STAFF_CONFIRM), ("proposal-staff", "refuse", _A.STAFF_CONFIRM),
            ("proposal-key", "refuse", _A.KEY_CONFIRM), ("proposal-staff", "withdraw", _A.STAFF_MANAGE),
            ("proposal-rescue", "withdraw", _A.STAFF_RESCUE), ("proposal-key", "withdraw", _A.KEY_PROPOSE),
        )
    ),
    # Audit
    Route("GET", "console.audit.index", _A.AUDIT_READ),
    Route("POST", "console.audit.verify_all", _A.AUDIT_READ),
    Route("GET", "console.audit.show", _A.AUDIT_READ, path=lambda _: {"seq": "1"}),
    Route("POST", "console.audit.export", _A.AUDIT_READ, form=lambda _: {"act": "ca:ceremony:completed"}),
    # The API: programs show a token; downloads are opened by their codes, whoever asks
    Route(
        "POST", "api.registrations.push", _A.REGISTRATION_PUSH, form=lambda _: {"records": []}, program=Role.DIRECTORY
    ),
    Route(
        "GET", "api.registrations.kept", _A.REGISTRATION_PUSH, path=lambda _: {"receipt_id": "R-1"},
        program=Role.DIRECTORY,
    ),
    Route(
        "POST", "api.sign_ins.sign_ins", _A.SIGN_IN_REPORT, program=Role.RELYING,
        form=lambda p: {"sign_ins": [{"serial": "c1", "at": "2026-11-20T08:00:00+08:00"}]},
    ),
    Route("POST", "api.enrolments.begin", Open.EVERYBODY),
    Route("POST", "api.enrolments.certificate", Open.EVERYBODY),
    Route("POST", "api.enrolments.confirm", Open.EVERYBODY),
    Route("GET", "openapi.openapi", Open.EVERYBODY),
    Route("GET", "api.account_events.account_events", _A.FEED_READ, program=Role.RELYING),
    Route("GET", "health.healthz", Open.EVERYBODY),
    Route("GET", "health.readyz", Open.EVERYBODY),
    # Paper: forms to be printed, scans that come back, pictures beside the data
    Route(
        "GET", "console.applications.form", _A.REGISTRATION_UNMASK, _PLACE, lambda p: {"application_id": p.application}
    ),
    Route("GET", "console.stamped.form", _A.REGISTRATION_SUBMIT),
    Route(
        "POST", "console.stamped.attach", _A.REGISTRATION_SUBMIT, form=lambda p: {"scans": p.upload("form.png")},
    ),
    Route(
        "GET", "console.applications.scan_beside", _A.REGISTRATION_UNMASK, _PLACE,
        lambda p: {"application_id": p.application},
    ),
    Route("GET", "console.changes.scan_beside", _A.REGISTRATION_UNMASK, _PLACE, lambda p: {"change_id": p.change}),
    Route("GET", "console.changes.form", _A.REGISTRATION_UNMASK, _PLACE, lambda p: {"change_id": p.change}),
    # Renewal asks for a client certificate, an unblock for its code
    Route("POST", "api.renewals.begin", Open.EVERYBODY),
    Route("POST", "api.renewals.certificate", Open.EVERYBODY),
    Route("POST", "api.renewals.confirm", Open.EVERYBODY),
    Route("POST", "api.unblocks.begin", Open.EVERYBODY),
    Route("POST", "api.unblocks.release", Open.EVERYBODY),
    Route("POST", "api.unblocks.confirm", Open.EVERYBODY),
)  # fmt: skip

# What is published is for everybody; OCSP beside it is no Flask route (tests/ocsp).
PUBLICATION: Sequence[Route] = (
    Route("GET", "publication.crl", Open.EVERYBODY, path=lambda _: {"name": "issuing"}),
    Route("GET", "publication.delta", Open.EVERYBODY, path=lambda _: {"name": "issuing"}),
    Route("GET", "publication.certificate", Open.EVERYBODY, path=lambda _: {"name": "issuing"}),
    Route("GET", "publication.chain", Open.EVERYBODY),
    Route("GET", "publication.checkpoint", Open.EVERYBODY),
    Route("GET", "publication.audit_signers", Open.EVERYBODY),
    Route("GET", "health.healthz", Open.EVERYBODY),
    Route("GET", "health.readyz", Open.EVERYBODY),
)
