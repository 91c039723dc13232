"""Every endpoint: a new route needs a line here (test_matrix.py fails without it).

A line says: method, endpoint, what it needs (an Action of the policy, several, or one of Open), for which unit it is
asked, and how address and form are made for the things of a unit. The arguments must be good enough to reach the
question of rights: what is wrong with them otherwise does not matter.
"""

from collections.abc import Sequence

from ca_service.domain.roles import Action
from tests.ca_service.authorisation.entry import Open, Route, Where

_A = Action
_HERE, _PLACE, _CENTRE = Where.HERE, Where.PLACE, Where.CENTRE

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
        lambda p: {"act": "return", "reason": "x", "seen": f"submitted/{p.code}"},
    ),
    Route("GET", "console.applications.import_", _A.REGISTRATION_SUBMIT),
    Route(
        "POST", "console.applications.import_", _A.REGISTRATION_SUBMIT, _PLACE,
        form=lambda p: {"unit": p.code, "sheet": p.upload("nothing.xlsx"), "scan": p.upload("form.png")},
    ),
    # Certificates
    Route("GET", "console.certificates.index", _A.CERTIFICATE_READ),
    Route("GET", "console.certificates.show", _A.CERTIFICATE_READ, _PLACE, lambda p: {"serial": p.certificate}),
    Route(
        "POST", "console.certificates.change", _A.CERTIFICATE_CHANGE, _PLACE, lambda p: {"serial": p.certificate},
        lambda _: {"act": "freeze", "reason": "x", "seen": "active"},
    ),
    # Changes
    Route("GET", "console.changes.index", _A.CHANGE_READ),
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
    # Tokens
    Route("GET", "console.media.index", _A.MEDIA_READ),
    Route("GET", "console.media.history", _A.MEDIA_READ, _PLACE, lambda p: {"serial": p.medium}),
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
    # Audit
    Route("GET", "console.audit.index", _A.AUDIT_READ),
    Route("POST", "console.audit.verify_all", _A.AUDIT_READ),
    # The API: the directory shows a token; downloads are opened by their codes, whoever asks
    Route("POST", "api.registrations", _A.REGISTRATION_PUSH, form=lambda _: {"records": []}, token=True),
    Route("POST", "api.begin", Open.EVERYBODY),
    Route("POST", "api.certificate", Open.EVERYBODY),
    Route("POST", "api.confirm", Open.EVERYBODY),
    # The feed takes the relying systems' tokens; the directory's is none of them.
    Route("GET", "api.account_events.account_events", _A.FEED_READ, token=True),
    Route("GET", "health.healthz", Open.EVERYBODY),
    Route("GET", "health.readyz", Open.EVERYBODY),
)  # fmt: skip

# What is published is for everybody; OCSP beside it is no Flask route (tests/ocsp).
PUBLICATION: Sequence[Route] = (
    Route("GET", "publication.crl", Open.EVERYBODY, path=lambda _: {"name": "issuing"}),
    Route("GET", "publication.delta", Open.EVERYBODY, path=lambda _: {"name": "issuing"}),
    Route("GET", "publication.certificate", Open.EVERYBODY, path=lambda _: {"name": "issuing"}),
    Route("GET", "publication.chain", Open.EVERYBODY),
    Route("GET", "health.healthz", Open.EVERYBODY),
    Route("GET", "health.readyz", Open.EVERYBODY),
)
