"""The CA's side: every route of console, API and publication by everybody who may ask, and OCSP."""

import base64
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random
from typing import Any

from flask import Flask

import ocsp
from bench.malformed.judge import HARDENED, Rules
from bench.malformed.request import Draft, Pairs, Sent, pairs_of
from bench.malformed.samples import Samples
from bench.malformed.vocabulary import Asked, names_asked_by
from ca_service.app import responder
from tests.ca_service.authorisation.entry import NOBODY, STAFF, Asker, Open, Route, expected, places
from tests.ca_service.authorisation.table_http import CONSOLE, PUBLICATION
from tests.ca_service.authorisation.world import CSRF, World

_COSTLY = ("scan_beside", ".form", "print_", "verify_all", "template", "marked", ".sheet", "export")
"""Endpoints whose every answer costs a child process, a typesetting or a workbook: asked less often."""
# What a refused request may leave: the entry of the refusal, and the counts of tries.
_LOG = frozenset({"audit_entry", "head"})
_COUNTED = frozenset({"sign_in_try", "enrolment", "unblock_release", "message"})
# What a page keeps for the next try, although this one was refused: the offered secret, the uploaded scan.
_KEPT: Mapping[str, Collection[str]] = {
    "console.second_factor.totp": {"staff_totp"},
    "console.person_form.submit": {"draft", "draft_part"},
    "console.person_form.resubmit": {"draft", "draft_part"},
}


@dataclass
class CaSide:
    """Drafts for the CA, and what holds for its answers."""

    world: World
    samples: Samples

    @cached_property
    def applications(self) -> Mapping[str, Any]:
        """By part: what a server would call."""
        status = ocsp.OcspApplication(responder(self.world.wiring))
        return {"console": self.world.console.wsgi_app, "publication": self.world.publication.wsgi_app, "ocsp": status}

    @cached_property
    def routes(self) -> Sequence[tuple[str, Flask, Route]]:
        """Every line of the tables, and how it is asked."""
        lines = [("console", self.world.console, route) for route in CONSOLE]
        lines += [("publication", self.world.publication, route) for route in PUBLICATION]
        return lines

    def draft(self, rng: Random) -> tuple[str, Draft]:
        """A sound request, at random: the part and the draft."""
        if rng.random() < 0.08:
            return "ocsp", self._status_request(rng)
        part, app, route = rng.choice(self.routes)
        if route.endpoint.endswith(_COSTLY) and rng.random() < 0.9:
            part, app, route = rng.choice(self.routes)
        asker = self._asker(rng, route)
        place = self.world.place(rng.choice(places(asker, route.where)))
        values: dict[str, Any] = dict(route.path(place))
        with app.test_request_context():
            path = app.url_for(route.endpoint, **values)
        path, _, query = path.partition("?")
        headers = self._headers(asker)
        draft = Draft(f"{route.method} {route.endpoint} {asker.login}", route.method, path, _query(query), headers)
        if route.endpoint.startswith("api."):
            return part, self._api(rng, route, dict(route.form(place)), draft)
        return part, self._page(rng, names_asked_by(app, route), route, place, draft)

    def _asker(self, rng: Random, route: Route) -> Asker:
        """Mostly somebody who may: others do not come far."""
        if route.program or (route.needs is Open.EVERYBODY and rng.random() < 0.5) or rng.random() < 0.05:
            return NOBODY
        may = [asker for asker in STAFF if any(expected(asker, route, at) for at in places(asker, route.where))]
        return rng.choice(may if may and rng.random() < 0.85 else STAFF)

    def _headers(self, asker: Asker) -> Pairs:
        return () if asker is NOBODY else (("Cookie", self.world.cookie(asker)),)

    def _page(self, rng: Random, asked: Asked, route: Route, place: Any, draft: Draft) -> Draft:
        """Form and files as the table has them, the names that the handler asks for besides."""
        given = dict(route.form(place))
        fields = [(name, value) for name, value in given.items() if not isinstance(value, tuple)]
        fields += [(name, self.samples.text(rng, name, place.code)) for name in asked.form if name not in given]
        query = [(name, self.samples.text(rng, name, place.code)) for name in asked.query if rng.random() < 0.5]
        if route.method != "POST":
            return replace(draft, query=(*draft.query, *query))
        names = [name for name, value in given.items() if isinstance(value, tuple)]
        uploads = [self.samples.upload(rng, route.endpoint, name) for name in dict.fromkeys((*names, *asked.files))]
        csrf = ("csrf_token", CSRF if rng.random() < 0.97 else "x")
        return replace(draft, fields=(csrf, *pairs_of(fields)), uploads=tuple(uploads), query=(*draft.query, *query))

    def _api(self, rng: Random, route: Route, form: Mapping[str, object], draft: Draft) -> Draft:
        program = route.program
        authorise = None if program is None or rng.random() < 0.05 else lambda body: self.world.token(program, body)
        if route.method == "GET":
            return replace(draft, authorise=authorise, query=(("after", "0"), ("limit", "10")))
        document, finish, environ = self.samples.document(rng, route.endpoint, form)
        return replace(draft, document=document, finish=finish, authorise=authorise, environ=environ)

    def _status_request(self, rng: Random) -> Draft:
        request = rng.choice(self.samples.status_requests)
        if rng.random() < 0.4:
            return Draft("GET ocsp", "GET", "/ocsp/" + base64.b64encode(request).decode().replace("/", "%2F"))
        kind = "application/ocsp-request" + rng.choice(("", "", "; q7=1"))
        ended = {"wsgi.input_terminated": True} if rng.random() < 0.5 else {}
        return Draft("POST ocsp", "POST", "/ocsp", octets=request, content_type=kind, environ=ended)

    def untouched(self) -> AbstractContextManager[None]:
        """Whatever a request does inside is looked at and rolled back."""
        return self.world.store.untouched()

    def wrote(self) -> set[str]:
        """The tables that the request wrote to."""
        return set(self.world.store.written)

    def rules(self, part: str) -> Rules:
        """What holds for the answers of a part."""
        if part != "console":
            return Rules(documented=_documented)
        return Rules(headers=HARDENED, documented=_documented, may_write=_may_write)


def _documented(sent: Sent, status: int) -> bool:
    """`/readyz` says 503 when something is missing: in this world nothing publishes lists in the background."""
    return status == 503 and sent.target.split("?")[0] == "/readyz"


def _may_write(sent: Sent, _status: int) -> Collection[str]:
    return {*_LOG, *_COUNTED, *_KEPT.get(sent.label.split()[1], ())}


def _query(text: str) -> Pairs:
    return tuple((name, value) for name, _, value in (pair.partition("=") for pair in text.split("&") if pair))
